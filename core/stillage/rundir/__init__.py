"""Run directories: a complete configuration, resumable stages and their results."""

from stillage.rundir.config import RunConfig, RunOptions
from stillage.rundir.folder import RunDir
from stillage.rundir.stage import Stage, content_key

__all__ = [
    "RunConfig",
    "RunDir",
    "RunOptions",
    "Stage",
    "content_key",
]
