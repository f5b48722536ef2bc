"""Measure latency, for manifests and benchmarks and never for the simulator."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold torch to one thread, and restore the caller's setting."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def median_ms(
    call: Callable[[], Any], runs: int = 200, warm: int = 20, limit_s: float = 1.0
) -> float:
    """Measure the median milliseconds of a call, after ``warm`` unmeasured ones.

    Stops at ``runs`` calls, or after ``limit_s`` seconds and at least 5 calls.

    >>> 1.0 < median_ms(lambda: time.sleep(0.002), runs=5, warm=0) < 50.0
    True
    """
    end = time.perf_counter() + limit_s
    for _ in range(warm):
        call()
        if time.perf_counter() > end:
            break
    times: list[int] = []
    end = time.perf_counter() + limit_s
    while len(times) < runs and (len(times) < 5 or time.perf_counter() < end):
        start = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times) / 1e6
