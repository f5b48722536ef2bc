"""Train networks; one seed decides every number, and an interruption changes none."""

__all__ = ["checkpoint", "convex", "determinism", "loop", "plan", "samples", "supervision"]
