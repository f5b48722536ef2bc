"""Declared distributions and recorded series, and the sampling that makes replicas of them."""

__all__ = [
    "arrays",
    "build",
    "declared",
    "laws",
    "sampling",
    "series",
    "stages",
    "truncation",
    "units",
]
