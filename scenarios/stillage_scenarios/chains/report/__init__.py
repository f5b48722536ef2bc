"""Write the report's sections on a chain world."""

__all__ = ["charts", "flows", "results", "sankey", "section"]
