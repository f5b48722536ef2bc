"""Run directories: a complete configuration, resumable stages and what came of them."""

from stillage.rundir.config import RunConfig, RunOptions, checked, parse_overrides
from stillage.rundir.folder import RunDir
from stillage.rundir.stage import Stage, content_key

__all__ = [
    "RunConfig",
    "RunDir",
    "RunOptions",
    "Stage",
    "checked",
    "content_key",
    "parse_overrides",
]
