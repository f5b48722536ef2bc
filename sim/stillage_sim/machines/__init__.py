"""Machines age, fail, wait for crews and spare parts, and are repaired or maintained."""

__all__ = [
    "arrays",
    "build",
    "durations",
    "repairs",
    "rules",
    "settings",
    "stages",
    "theory",
    "wear",
]
