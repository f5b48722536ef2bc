"""The closed loop is a whole circular supply chain, from a chain file."""

__all__ = ["scenario", "specs"]
