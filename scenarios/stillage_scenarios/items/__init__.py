"""Items are what is sorted, tested and routed: their scenes and their materials."""

__all__ = ["masses", "materials", "scenario", "scene"]
