"""Chains hold what every world that is described by a chain file shares."""

__all__ = [
    "casting",
    "env",
    "files",
    "kpi_index",
    "kpis",
    "observing",
    "picture",
    "policies",
    "recognising",
    "report",
    "settings",
    "simulation",
    "world",
]
