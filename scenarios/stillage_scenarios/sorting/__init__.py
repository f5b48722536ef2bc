"""The sorting scenario: mixed waste on a belt."""

__all__ = [
    "casting",
    "drawing",
    "env",
    "example",
    "kpis",
    "plant",
    "policies",
    "prices",
    "scenario",
    "scored",
    "section",
    "settings",
    "simulation",
    "specs",
    "stages",
    "world",
]
