"""Devices are small computers that perceive: their sun, their battery, what readings cost."""

__all__ = ["arrays", "build", "power", "settings", "stages", "sun", "theory"]
