"""The belt of failing machines: the very trajectory of SimPy, of plain heapq, and of theory."""

from __future__ import annotations

import importlib.util
import math
from collections import Counter

import numpy as np
import pytest

from stillage import counter
from stillage_sim.queueing.arrays import LIFE, PURPOSES, REPAIR, SERVICE
from stillage_sim.queueing.belt import belt
from stillage_sim.queueing.queues import Figures, simulate
from stillage_sim.queueing.theory import failing_share
from stillage_sim.queueing.timelaws import constant, exponential
from tests.benchmarks.failing_belt_peers import Tally, default_luck, in_heapq, in_simpy
from tests.sim.queueing.test_queues import reproduces

SEED, HORIZON = 3, 6_000.0
MODELS = {"heapq": in_heapq, "simpy": in_simpy}


class CountedLuck:
    """The engine's draws for replica 0 of the default belt, from their coordinates."""

    def __init__(self) -> None:
        self.drawn: Counter[tuple[int, int]] = Counter()

    def __call__(self, machine: int, purpose: int) -> float:
        number = self.drawn[machine, purpose]
        self.drawn[machine, purpose] += 1
        u = float(counter.uniform(SEED, 0, 0, machine * PURPOSES + purpose, number))
        if purpose == SERVICE:
            return 0.5 + u
        mean = {LIFE: 100.0, REPAIR: 5.0}.get(purpose, 1.25)
        return mean * -math.log(1.0 - u)


def compare(figures: Figures, tally: Tally) -> None:
    assert figures.arrived[0, 0] == tally.arrived
    assert figures.lost[0, 0] == tally.lost > 0
    assert figures.failed.sum() == tally.failed > 50
    assert figures.completed.sum() == tally.done
    assert figures.left[0] == tally.left > 1_000
    assert figures.sojourn[0] * figures.left[0] == pytest.approx(tally.sojourn, rel=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_same_trajectory_as_peers(name: str) -> None:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    figures = simulate(belt(), HORIZON, replicas=1, seed=SEED)
    assert figures.share[0, :-1, 4].min() > 0  # somebody was blocked
    compare(figures, MODELS[name](CountedLuck(), HORIZON))


def test_same_throughput_with_other_luck() -> None:
    tallies = [in_heapq(default_luck(seed), 2_000.0) for seed in range(20)]
    peer = np.array([tally.left / 2_000.0 for tally in tallies])
    rates = simulate(belt(), 2_000.0, replicas=256, seed=1).throughput
    error = math.hypot(peer.std() / math.sqrt(peer.size), rates.std() / math.sqrt(rates.size))
    assert abs(rates.mean() - peer.mean()) < 3 * error


def test_one_machine_that_is_always_fed() -> None:
    """A full buffer: works life / (life + repair) of the time, so many items go through."""
    network = belt(machines=1, arrivals=constant(0.5), cycle=exponential(1.0))
    figures = simulate(network, 50_000.0, 100.0, replicas=64, seed=2)
    reproduces(figures.throughput, failing_share(100.0, 5.0))
    reproduces(figures.working[:, 0], failing_share(100.0, 5.0))
    reproduces(figures.lost[:, 0] / figures.arrived[:, 0], 1.0 - failing_share(100.0, 5.0) / 2.0)
