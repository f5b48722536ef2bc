"""Run tasks one after another in this process, without Ray."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stillage.compute.base import (
    Executor,
    OnDone,
    Result,
    check_keys,
    one_thread,
    set_up_plugins,
)


class InProcess(Executor):
    """An executor that runs one task after another in this process, without Ray."""

    workers = 0

    def map(
        self,
        function: Callable[..., Result],
        tasks: Sequence[Any],
        keys: Sequence[str],
        on_done: OnDone | None = None,
        constants: Sequence[Any] = (),
    ) -> list[Result]:
        check_keys(tasks, keys)
        set_up_plugins("in process")
        results = []
        with one_thread():
            for key, task in zip(keys, tasks, strict=True):
                results.append(function(*constants, task))
                if on_done:
                    on_done(key, results[-1])
        return results
