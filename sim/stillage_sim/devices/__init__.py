"""Small computers that perceive: the sun they live on, their battery, and what readings cost."""

__all__ = ["arrays", "build", "power", "settings", "stages", "sun", "theory"]
