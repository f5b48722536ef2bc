"""Core's report sections: each a function from a run directory to HTML."""

__all__ = [
    "answer",
    "caveats",
    "confusion",
    "cost",
    "curves",
    "kpis",
    "paired",
    "provenance",
    "recognition",
]
