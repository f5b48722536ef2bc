"""Training networks: one seed decides everything, and an interruption changes nothing."""

__all__ = ["checkpoint", "convex", "determinism", "loop", "plan", "samples", "supervision"]
