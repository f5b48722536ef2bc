"""The report's sections on a chain."""

__all__ = ["charts", "flows", "results", "sankey", "section"]
