"""One belt with four failing machines: our event engine against SimPy and plain ``heapq``."""

from __future__ import annotations

import importlib.util
import platform
import time
from collections.abc import Callable

from stillage_sim.queueing.belt import belt, simulate
from tests.benchmarks.failing_belt_peers import Luck, Tally, default_luck, in_heapq, in_simpy
from tests.benchmarks.harness import Benchmark

UNIT = "events/s"
FLOOR = 50.0


def ours(horizon: float, replicas: int) -> Callable[[], float]:
    """Arrivals, ends of work, failures and repairs per second, set-up and figures included."""
    network = belt()

    def run() -> float:
        start = time.perf_counter()
        figures = simulate(network, horizon, replicas=replicas, seed=1)
        events = figures.arrived[:, 0].sum() + figures.completed.sum() + 2 * figures.failed.sum()
        return float(events) / (time.perf_counter() - start)

    return run


def theirs(model: Callable[[Luck, float], Tally], horizon: float) -> Callable[[], float]:
    """The same events of the same model per second."""

    def run() -> float:
        start = time.perf_counter()
        tally = model(default_luck(1), horizon)
        return tally.events / (time.perf_counter() - start)

    return run


def benchmarks() -> list[Benchmark]:
    """One replica against SimPy, where it is installed, and against heapq for information."""
    found = []
    if importlib.util.find_spec("simpy") is not None:
        import simpy

        found.append(
            Benchmark(
                name="failing belt, event engine, R = 1",
                unit=UNIT,
                ours=ours(100_000.0, 1),
                peer=theirs(in_simpy, 5_000.0),
                peer_version=f"simpy {simpy.__version__}, same model",
                target=FLOOR,
                higher_is_better=True,
            )
        )
    found.append(
        Benchmark(
            name="failing belt, event engine, R = 64",
            unit=UNIT,
            ours=ours(2_000.0, 64),
            peer=theirs(in_heapq, 10_000.0),
            peer_version=f"heapq of Python {platform.python_version()}, same model",
            higher_is_better=True,
        )
    )
    return found
