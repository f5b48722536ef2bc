"""The closed loop: a whole circular supply chain, from a chain file."""

__all__ = ["scenario", "specs"]
