"""The report: one self-contained page of a run, for a phone as for a desk."""

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
