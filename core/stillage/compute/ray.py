"""Run tasks on Ray: a private local one, a cluster, or the one this process already uses.

A worker whose plugins differ from the driver's refuses to compute. Tasks of a worker that died
are run again elsewhere, :data:`MAX_RETRIES` times.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stillage.compute.base import (
    THREAD_VARIABLES,
    Executor,
    OnDone,
    Result,
    check_keys,
    one_thread,
    set_up_plugins,
)
from stillage.errors import BadInput, Incomplete, PluginBroken

MAX_RETRIES = 3
_STORE_BYTES = 200 * 2**20
"""Object store of a private Ray, which would else take 30 % of the machine's memory."""


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
    set_up_plugins("ray")
    with one_thread():
        return function(*constants, task)


def _start(workers: int, address: str | None) -> None:
    """Connect Ray quietly: a private local one, or the cluster at ``address``."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # tasks that ask for no GPU keep sight of it, as Ray's next versions have it; and no warning
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
            object_store_memory=_STORE_BYTES,
            include_dashboard=False,
            **quiet,
        )
        return
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise BadInput("--address", f"{address} ({error})", "a reachable Ray cluster") from error


class OnRay(Executor):
    """An executor that runs tasks on Ray."""

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

        check_keys(tasks, keys)
        shared = [ray.put(constant) for constant in constants]
        waiting = list(range(len(tasks)))[::-1]  # reversed, since pop takes the last one
        running: dict[Any, int] = {}
        results: dict[int, Any] = {}
        lost: list[str] = []
        try:
            while waiting or running:
                # twice as many as workers, so that none waits for this loop to hand it the next
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
    """Give the task's own exception where Ray could carry it, else Ray's description of it."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, BaseException) else error
