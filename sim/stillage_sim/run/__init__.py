"""A run leads from a scenario's name to a folder of figures."""

__all__ = [
    "casting",
    "commands",
    "configure",
    "context",
    "deploy",
    "evaluate",
    "figures",
    "naming",
    "pipeline",
    "reopen",
    "replicas",
    "worlds",
]
