"""Declare distributions and recorded series, and sample replicas of them."""

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
