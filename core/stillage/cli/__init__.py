"""The command line: ``stillage``."""

__all__ = [
    "console",
    "distill",
    "export",
    "failures",
    "main",
    "plugins",
    "quiet",
    "record",
    "report",
    "scenarios",
    "skeleton",
]
