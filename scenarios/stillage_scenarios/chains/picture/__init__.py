"""Draw pictures of a chain: its nodes, its stocks and its flows."""

__all__ = ["drawing", "layout", "paths"]
