"""Compute: idempotent tasks, in this process or on Ray, with the same numbers."""

from stillage.compute.base import Executor, one_thread
from stillage.compute.opening import check_workers, open_executor

__all__ = ["Executor", "check_workers", "one_thread", "open_executor"]
