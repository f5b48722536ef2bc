"""The supply chain: replica-steps a second, what a replica weighs, and how the cost grows.

``python -m tests.benchmarks chain`` measures. Rollouts are timed by the fastest of several runs:
a virtual core shares its hardware with others that we do not see, which slows a run down by as
much as half, and never speeds it up. The fits are least squares over such times.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import tomli_w

from stillage_scenarios.chains.files import chain_path
from stillage_sim.chain.building.model import build
from stillage_sim.chain.file.load import load_chain
from stillage_sim.chain.model import ChainModel
from stillage_sim.chain.running import advance, begun, bind, usual_policy
from tests.benchmarks.harness import Benchmark

UNIT = "replica-steps/s"
STEPS = {1: 30_000, 64: 1_000, 1024: 100}
TARGETS = {1: 300_000.0, 64: None, 1024: 3e6}
MONTH_H, REPLICAS = 720, 1000
REPLICA_COUNTS = (128, 256, 512, 1024)
STATIONS, MACHINES = (5, 10, 20, 40), (5, 10, 20, 40)
LINES, RUNS = 64, 30
REPEATS = 25


def plastics() -> ChainModel:
    """The plastics loop that comes with Stillage: 6 materials, 8 machines, a camera."""
    return build(load_chain(chain_path("plastics")))


def line(stations: int, machines: int) -> ChainModel:
    """A line of stations that are all at work; its machines are dealt out among them."""
    lanes = [f"lane {n}" for n in range(stations + 1)]
    work = [
        {
            "name": f"station {n}",
            "from": lanes[n],
            "capacity_t_per_h": 1.0,
            "outputs": [{"to": lanes[n + 1]}],
            "machines": [f"machine {k}" for k in range(n, machines, stations)],
        }
        for n in range(stations)
    ]
    values = {
        "chain": {"name": "line"},
        "materials": {f"material {m}": {} for m in range(6)},
        "nodes": {
            "works": {"kind": "recycling", "lanes": lanes, "stations": work},
            "pit": {"kind": "disposal"},
        },
        "edges": [{"from": f"works.{lanes[-1]}", "to": "pit"}],
        "machines": {f"machine {n}": {"scale_h": 1e9} for n in range(machines)},
        "start": {f"works.{lanes[0]}": {f"material {m}": 1e9 for m in range(6)}},
    }
    return build(load_chain(tomli_w.dumps(values) + "\n"))


def stepping(model: ChainModel, replicas: int, steps: int) -> Callable[[], float]:
    """A rollout by the usual policy; it returns the seconds of processor time that it took."""
    run = bind(model, usual_policy(model), begun(model, replicas), steps)

    def timed() -> float:
        start = time.process_time()
        run()
        return time.process_time() - start

    return timed


def least(cases: Iterable[tuple[ChainModel, int]], steps: int) -> list[float]:
    """Seconds a step of the fastest of several runs of each (model, replicas), taken in turns."""
    runs = [stepping(model, replicas, steps) for model, replicas in cases]
    rounds = [[run() / steps for run in runs] for _ in range(RUNS)]
    return [min(found) for found in zip(*rounds, strict=True)]


def fit(sizes: Iterable[float], seconds: Iterable[float]) -> tuple[float, float]:
    """Slope and R2 of a straight line.

    >>> fit([1.0, 2.0, 3.0], [3.0, 5.0, 7.0])
    (2.0, 1.0)
    """
    x, y = np.asarray(list(sizes)), np.asarray(list(seconds))
    slope, start = np.polyfit(x, y, 1)
    left = ((y - slope * x - start) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    return round(float(slope), 12), round(1.0 - float(left), 6)


def of_replicas() -> tuple[float, float]:
    """Seconds a replica-step more, and how straight the line is."""
    model = plastics()
    return fit(REPLICA_COUNTS, least([(model, r) for r in REPLICA_COUNTS], 12))


def of_stations() -> tuple[float, float]:
    """Seconds a process and replica-step more, and how straight the line is."""
    found = least([(line(n, 0), LINES) for n in STATIONS], 100)
    return fit(STATIONS, np.array(found) / LINES)


def of_machines() -> tuple[float, float]:
    """Seconds a machine and replica-step more, and how straight the line is."""
    found = least([(line(STATIONS[0], k), LINES) for k in MACHINES], 100)
    return fit(MACHINES, np.array(found) / LINES)


def replica_bytes(model: ChainModel) -> float:
    """Bytes of a replica's state."""
    count = 64
    return sum(a.nbytes for part in begun(model, count) for a in part) / count


def _fastest(run: Callable[[], float], work: float) -> float:
    return work / min(run() for _ in range(REPEATS))


def _slope_ns(measured: Callable[[], tuple[float, float]]) -> float:
    return measured()[0] * 1e9


def _straightness(measured: Callable[[], tuple[float, float]]) -> float:
    return measured()[1]


def benchmarks() -> list[Benchmark]:
    """Fused rollouts, single calls, a month of a thousand replicas, memory, and the fits."""
    model = plastics()
    policy = usual_policy(model)
    found = []
    for replicas, steps in STEPS.items():
        run, work = stepping(model, replicas, steps), float(replicas * steps)
        found.append(
            Benchmark(
                name=f"chain, fused rollout, R = {replicas:,}",
                unit=UNIT,
                ours=partial(_fastest, run, work),
                target=TARGETS[replicas],
                higher_is_better=True,
            )
        )
    one = bind(model, policy, begun(model, 1))

    def calls() -> float:
        start = time.process_time()
        for _ in range(2_000):
            one()
        return 2_000 / (time.process_time() - start)

    def month() -> None:
        advance(model, policy, begun(model, REPLICAS), MONTH_H)

    found += [
        Benchmark("chain, bound call of one step", "calls/s", calls, target=200_000.0,
                  higher_is_better=True),
        Benchmark("chain, a month of 1,000 replicas", "s", month, target=10.0),
        Benchmark("chain, memory of a replica", "bytes", lambda: replica_bytes(model)),
    ]  # fmt: skip
    for name, measured in (
        ("replica", of_replicas),
        ("process", of_stations),
        ("machine", of_machines),
    ):
        found += [
            Benchmark(f"chain, one {name} more", "ns a step", partial(_slope_ns, measured)),
            Benchmark(f"chain, straightness by {name}", "R2", partial(_straightness, measured),
                      target=0.99, higher_is_better=True),
        ]  # fmt: skip
    return found
