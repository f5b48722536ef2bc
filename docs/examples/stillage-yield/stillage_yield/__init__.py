"""A key figure of sorting: what a tonne of waste brings."""

__all__ = ["kpis"]
