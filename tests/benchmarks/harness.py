"""What a benchmark is, and how it is measured: interleaved pairs, median of their ratios.

>>> import itertools
>>> ours, peer = itertools.cycle([2.0]), itertools.cycle([3.0])
>>> quick = Benchmark("sum", "ms", lambda: next(ours), lambda: next(peer), "peer 1.0", target=1.2)
>>> row = measure(quick, pairs=3)
>>> row["ours"], row["peer"], row["ratio"]
(2.0, 3.0, 1.5)
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PAIRS = 11
_PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6}

Run = Callable[[], float | None]


@dataclass(frozen=True)
class Benchmark:
    """One measurement of ours, beside a peer's where there is one.

    Parameters
    ----------
    name : str
        What is measured, unique over all benchmarks.
    unit : str
        Unit of the values: ``s``, ``ms`` or ``us`` for a duration, else e.g. ``steps/s``.
    ours, peer : callable
        Does the work once. It returns its own measurement in ``unit``, or None: then its
        wall-clock time is taken, as ``amount / seconds`` where ``unit`` is no duration.
    peer_version : str
        Name and version of what the peer is; empty without one.
    target : float or None
        The ratio to reach; without a peer, the value to reach.
    higher_is_better : bool
        False for durations and sizes.
    amount : float
        Work done by one call, in the numerator of ``unit``.
    """

    name: str
    unit: str
    ours: Run
    peer: Run | None = None
    peer_version: str = ""
    target: float | None = None
    higher_is_better: bool = False
    amount: float = 1.0


def once(benchmark: Benchmark, run: Run) -> float:
    """Run once and give its value in the benchmark's unit."""
    start = time.perf_counter()
    value = run()
    seconds = time.perf_counter() - start
    if value is not None:
        return float(value)
    if benchmark.unit in _PER_SECOND:
        return seconds * _PER_SECOND[benchmark.unit]
    return benchmark.amount / seconds


def measure(benchmark: Benchmark, pairs: int = PAIRS) -> dict[str, Any]:
    """Warm both up once, then run ``pairs`` pairs, changing who goes first; a table row.

    ``ratio`` is the median of the pairs' ratios, above 1 where ours is ahead; None without
    a peer. ``ours`` and ``peer`` are medians in ``unit``.
    """
    runs = [benchmark.ours] + ([benchmark.peer] if benchmark.peer else [])
    for run in runs:
        run()
    values: list[list[float]] = [[] for _ in runs]
    for pair in range(pairs):
        for which in range(len(runs))[:: -1 if pair % 2 else 1]:
            values[which].append(once(benchmark, runs[which]))
    ratio = None
    if benchmark.peer:
        sign = 1 if benchmark.higher_is_better else -1
        ratio = statistics.median((a / b) ** sign for a, b in zip(*values, strict=True))
    return {
        "name": benchmark.name,
        "ours": statistics.median(values[0]),
        "peer": statistics.median(values[1]) if benchmark.peer else None,
        "peer_version": benchmark.peer_version,
        "unit": benchmark.unit,
        "ratio": ratio,
        "target": benchmark.target,
        "higher_is_better": benchmark.higher_is_better,
    }


def reached(row: dict[str, Any]) -> bool | None:
    """Whether a row of :func:`measure` meets its target; None where it has none.

    >>> reached({"ratio": None, "ours": 3.0, "target": 4.0, "higher_is_better": True})
    False
    """
    if row["target"] is None:
        return None
    if row["ratio"] is not None:
        return bool(row["ratio"] >= row["target"])
    ahead = row["ours"] >= row["target"]
    return bool(ahead if row["higher_is_better"] else row["ours"] <= row["target"])
