"""The report: one self-contained page about a run, for narrow and wide screens."""

__all__ = [
    "comparison",
    "figures",
    "html",
    "labels",
    "page",
    "plots",
    "render",
    "sections",
    "specs",
    "words",
]
