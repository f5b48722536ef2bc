"""Define the losses that a student learns by, each with declared ports."""

__all__ = [
    "base",
    "config",
    "feature_hint",
    "label_loss",
    "relational_distance",
    "soft_target",
    "specs",
]
