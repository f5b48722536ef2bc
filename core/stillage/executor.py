"""Run idempotent tasks in this process or on Ray, with the same numbers either way.

A task is one plain value; ``function(*constants, task)`` computes its result. Tasks must be
idempotent: a worker that dies has its tasks run again elsewhere, at most three times. Every
numeric library runs on one thread in workers and in process alike, so that results do not
depend on where they were computed. Large ``constants`` travel to the object store once.

>>> with open_executor(workers=0) as executor:
...     executor.map(pow, [3, 4], ["cube", "fourth"], constants=(2,))
[8, 16]
"""

from __future__ import annotations

import functools
import os
import socket
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from stillage.errors import BadInput, Incomplete, PluginBroken

Result = TypeVar("Result")
OnDone = Callable[[str, Any], None]

MAX_RETRIES = 3
STORE_BYTES = 200 * 2**20
KNOCK_S = 10.0
"""Seconds that a cluster has to answer."""

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)


class Executor(ABC):
    """Where tasks run. Use it as a context; :func:`open_executor` makes one."""

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
        """Results of ``function(*constants, task)`` in the order of ``tasks``.

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
    """Hold BLAS, OpenMP and torch to one thread; what was set before comes back.

    Libraries that are first imported inside find it in their environment variables.
    """
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch else len(os.sched_getaffinity(0))
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


def _check_keys(tasks: Sequence[Any], keys: Sequence[str]) -> None:
    if len(tasks) != len(keys) or len(set(keys)) != len(keys):
        raise ValueError(f"{len(tasks)} tasks need as many unique keys, found {len(keys)} keys")


class InProcess(Executor):
    """One task after another in this process, without Ray."""

    workers = 0

    def map(
        self,
        function: Callable[..., Result],
        tasks: Sequence[Any],
        keys: Sequence[str],
        on_done: OnDone | None = None,
        constants: Sequence[Any] = (),
    ) -> list[Result]:
        _check_keys(tasks, keys)
        _set_up_plugins("in process")
        results = []
        with one_thread():
            for key, task in zip(keys, tasks, strict=True):
                results.append(function(*constants, task))
                if on_done:
                    on_done(key, results[-1])
        return results


@functools.cache
def _set_up_plugins(where: str) -> None:
    """Once in each process that runs tasks: let plugins set up what they need there."""
    from stillage.plugin.host import get_host

    get_host().setup_worker({"workers": where})


@functools.cache
def _check_plugins(expected: tuple[tuple[str, str], ...]) -> None:
    from stillage.plugin.host import get_host

    check_manifest(dict(expected), get_host().manifest())


def check_manifest(driver: Mapping[str, str], worker: Mapping[str, str]) -> None:
    """Refuse a worker whose plugins differ from the driver's, naming every difference.

    >>> check_manifest({"a": "a 1.0"}, {"a": "a 1.1"})
    Traceback (most recent call last):
        ...
    stillage.errors.PluginBroken: plugins differ in a worker: a: driver 'a 1.0', worker 'a 1.1'
    """
    differences = [
        f"{name}: driver {driver.get(name, 'none')!r}, worker {worker.get(name, 'none')!r}"
        for name in sorted(driver.keys() | worker.keys())
        if driver.get(name) != worker.get(name)
    ]
    if differences:
        raise PluginBroken("plugins differ in a worker: " + "; ".join(differences))


def _call(
    manifest: tuple[tuple[str, str], ...],
    function: Callable[..., Any],
    task: Any,
    *constants: Any,
) -> Any:
    _check_plugins(manifest)
    _set_up_plugins("ray")
    with one_thread():
        return function(*constants, task)


def _start(workers: int, address: str | None) -> None:
    """Connect Ray quietly: a private local one, or the cluster at ``address``."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if address is None:
        os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    elif "RAY_AUTH_TOKEN" in os.environ:
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    import ray

    quiet: dict[str, Any] = {
        "logging_level": "ERROR",
        "log_to_driver": False,
        "runtime_env": {"env_vars": dict.fromkeys(THREAD_VARIABLES, "1")},
    }
    if address is None:
        ray.init(
            address="local",
            num_cpus=workers,
            object_store_memory=STORE_BYTES,
            include_dashboard=False,
            **quiet,
        )
        return
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise BadInput("--address", f"{address} ({error})", "a reachable Ray cluster") from error


class OnRay(Executor):
    """Tasks on Ray: a private local one, a cluster, or whatever this process already has."""

    def __init__(self, workers: int, address: str | None = None) -> None:
        from stillage.plugin.host import get_host

        self._manifest = tuple(sorted(get_host().manifest().items()))
        self._ours = "ray" not in sys.modules or not sys.modules["ray"].is_initialized()
        if self._ours:
            _start(workers, address)
        import ray

        size: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        self.workers = max(workers if address is None else int(size.get("CPU", 1)), 1)
        self._remote = ray.remote(num_cpus=1, max_retries=MAX_RETRIES)(_call)

    def map(
        self,
        function: Callable[..., Result],
        tasks: Sequence[Any],
        keys: Sequence[str],
        on_done: OnDone | None = None,
        constants: Sequence[Any] = (),
    ) -> list[Result]:
        import ray

        _check_keys(tasks, keys)
        shared = [ray.put(constant) for constant in constants]
        waiting = list(range(len(tasks)))[::-1]
        running: dict[Any, int] = {}
        results: dict[int, Any] = {}
        lost: list[str] = []
        try:
            while waiting or running:
                while waiting and len(running) < 2 * self.workers:
                    index = waiting.pop()
                    reference = self._remote.remote(self._manifest, function, tasks[index], *shared)
                    running[reference] = index
                for reference in ray.wait(list(running))[0]:
                    index = running.pop(reference)
                    try:
                        results[index] = ray.get(reference)
                    except ray.exceptions.RayTaskError as error:
                        raise _cause(error) from error
                    except ray.exceptions.RayError as error:
                        lost.append(f"{keys[index]} ({type(error).__name__})")
                        continue
                    if on_done:
                        on_done(keys[index], results[index])
        finally:
            for reference in running:
                ray.cancel(reference, force=True)
        if lost:
            raise Incomplete(f"workers died {MAX_RETRIES + 1} times on: {', '.join(sorted(lost))}")
        return [results[index] for index in range(len(tasks))]

    def close(self) -> None:
        import ray

        if self._ours and ray.is_initialized():
            ray.shutdown()


def _cause(error: Any) -> BaseException:
    """The task's own exception where Ray could carry it, else Ray's description of it."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, BaseException) else error


def check_workers(workers: int | None, address: str | None) -> None:
    """Refuse a negative number of workers, no workers with a cluster, a cluster that is silent.

    Raises
    ------
    BadInput
        One line on what was found.
    """
    if workers is not None and workers < 0:
        raise BadInput("--workers", workers, "0 (in process) or a positive number")
    if workers == 0 and address is not None:
        raise BadInput("--workers", "0 with --address", "one or the other")
    if address not in (None, "auto"):
        _knock(address)


def _knock(address: str) -> None:
    """Refuse an address where nobody answers: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_S).close()
    except (OSError, ValueError, OverflowError) as error:
        wanted = "host:port of a Ray cluster that runs, or auto"
        raise BadInput("--address", f"{address} ({error})", wanted) from None


def open_executor(workers: int | None = None, address: str | None = None) -> Executor:
    """An executor: ``workers=0`` in process; else Ray, local unless ``address`` is given.

    Parameters
    ----------
    workers : int, optional
        Local worker processes; default: one for each core that this process may use.
    address : str, optional
        ``host:port`` of a running Ray cluster (or ``auto``), whose size then counts.

    Raises
    ------
    BadInput
        If ``workers`` is negative, 0 with an address, or the cluster cannot be reached.
    """
    check_workers(workers, address)
    if workers == 0:
        return InProcess()
    return OnRay(workers or len(os.sched_getaffinity(0)), address)
