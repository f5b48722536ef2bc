"""Run idempotent tasks in this process or on Ray, with the same numbers either way.

A task is one plain value; ``function(*constants, task)`` computes its result. Tasks must be
idempotent: a worker that dies has its tasks run again elsewhere, as often as
:mod:`stillage.compute.ray` allows. Every numeric library runs on one thread in workers and in
process alike, so that results do not depend on where they were computed. Large ``constants``
travel to the object store once.
"""

from __future__ import annotations

import functools
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

Result = TypeVar("Result")
OnDone = Callable[[str, Any], None]

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)


class Executor(ABC):
    """An executor runs tasks. Use it as a context; :func:`open_executor` makes one.

    >>> from stillage.compute import open_executor
    >>> with open_executor(workers=0) as executor:
    ...     executor.map(len, ["one", "three"], keys=["first", "second"])
    [3, 5]
    """

    workers: int

    @abstractmethod
    def map(
        self,
        function: Callable[..., Result],
        tasks: Sequence[Any],
        keys: Sequence[str],
        on_done: OnDone | None = None,
        constants: Sequence[Any] = (),
    ) -> list[Result]:
        """Compute ``function(*constants, task)`` of every task; results in the order of ``tasks``.

        Parameters
        ----------
        function : callable
            Importable by name in a worker.
        tasks : sequence
            One picklable value for each task.
        keys : sequence of str
            A unique name for each task, for messages and progress.
        on_done : callable of (key, result), optional
            Called in the driver as tasks finish, in any order; write results here.
        constants : sequence
            Leading arguments common to all tasks, shipped once. Workers see NumPy arrays
            in them read-only.

        Raises
        ------
        Incomplete
            If workers died too often for some tasks; all others were finished first.
        """

    def close(self) -> None:  # noqa: B027
        """Release what this executor started; what it found running stays."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold BLAS, OpenMP and torch to one thread, and restore what was set before.

    Libraries that are first imported inside find it in their environment variables.

    >>> with one_thread():
    ...     os.environ["OMP_NUM_THREADS"]
    '1'
    """
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch else len(os.sched_getaffinity(0))
    # not numba's: it refuses a change of its variable once its threads run
    os.environ.update(dict.fromkeys(THREAD_VARIABLES[:-1], "1"))
    if torch:
        torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(threads)


def check_keys(tasks: Sequence[Any], keys: Sequence[str]) -> None:
    """Refuse keys that do not name each task once."""
    if len(tasks) != len(keys) or len(set(keys)) != len(keys):
        raise ValueError(f"{len(tasks)} tasks need as many unique keys, found {len(keys)} keys")


@functools.cache
def set_up_plugins(where: str) -> None:
    """Let plugins set up this process, once, before it runs tasks."""
    from stillage.plugin.host import get_host

    get_host().setup_worker({"workers": where})
