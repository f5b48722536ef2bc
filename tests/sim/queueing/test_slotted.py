"""Slotted queues and lines: their own closed forms, and their convergence to M/M/1."""

from __future__ import annotations

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_sim.queueing import theory
from stillage_sim.queueing.queues import Figures, Station, build_network, simulate
from stillage_sim.queueing.slotted import (
    BernoulliLine,
    simulate_bernoulli_line,
    simulate_slotted_queue,
    slotted_wait,
)
from stillage_sim.queueing.timelaws import exponential
from tests.sim.interpreted import interpreted
from tests.sim.queueing.test_queues import WIDTHS, reproduces


def test_geo_geo_1() -> None:
    slots, warm_up = 80_000, 1_000
    state = simulate_slotted_queue(0.4, 0.5, 1.0, slots, warm_up, replicas=64, seed=1)
    observed = slots - warm_up
    reproduces(state.area / observed, theory.geo_geo_1_number(0.4, 0.5))
    reproduces(state.busy / observed, 0.8)
    assert (np.abs(state.arrived - state.left) < 200).all()


@pytest.mark.parametrize("slot", [0.5, 0.25, 0.125])
def test_waits_of_slots(slot: float) -> None:
    slots, warm_up = int(60_000 / slot), int(1_000 / slot)
    waits = slotted_wait(0.8, 1.0, slot, slots, warm_up, replicas=160, seed=2)
    reproduces(waits, theory.slotted_mm1_wait(0.8, 1.0, slot))


def test_converges_to_mm1_at_first_order() -> None:
    """Half the slot, half the error; extrapolated to no slot, what the event engine gives."""
    slots = np.array([0.8, 0.4, 0.2])
    waits = [
        slotted_wait(0.7, 1.0, d, int(90_000 / d), int(1_000 / d), replicas=90, seed=3)
        for d in slots
    ]
    exact = theory.mm1_wait(0.7, 1.0)
    errors = np.array([exact - wait.mean() for wait in waits])
    order = np.polyfit(np.log(slots), np.log(errors), 1)[0]
    assert order == pytest.approx(1.0, abs=0.1)
    reproduces(2.0 * waits[2] - waits[1], exact)
    network = build_network([Station(exponential(1.0), arrivals=exponential(1.0 / 0.7))])
    events = simulate(network, 90_000.0, 1_000.0, replicas=90, seed=3).wait[:, 0]
    gap = Figures.estimate(2.0 * waits[2] - waits[1] - events)
    assert gap.contains(0.0, WIDTHS)
    assert gap.half * WIDTHS < 0.02 * exact


@pytest.mark.parametrize(
    ("up", "buffer", "value"), [((0.9, 0.9), 5, 0.88235), ((0.8, 0.9), 3, 0.79154)]
)
def test_bernoulli_lines(up: tuple[float, float], buffer: int, value: float) -> None:
    line = BernoulliLine(np.array(up), np.array([buffer]))
    rates = simulate_bernoulli_line(line, 10_000, 500, replicas=64, seed=4)
    assert theory.bernoulli_pair_throughput(*up, buffer) == pytest.approx(value, abs=5e-6)
    reproduces(rates, value)
    assert Figures.estimate(rates).half < 0.001


def test_long_line_of_perfect_machines() -> None:
    line = BernoulliLine(np.ones(4), np.ones(3, np.int64))
    assert (simulate_bernoulli_line(line, 100, 10, replicas=2) == 1.0).all()


@pytest.mark.parametrize(
    ("up", "buffer"),
    [([0.9], []), ([0.9, 0.0], [1]), ([0.9, 1.1], [1]), ([0.9, 0.9], [0]), ([0.9, 0.9], [1, 1])],
)
def test_refuses_lines(up: list[float], buffer: list[int]) -> None:
    with pytest.raises(BadInput, match="line"):
        simulate_bernoulli_line(BernoulliLine(np.array(up), np.array(buffer)), 10)


@pytest.mark.parametrize("slot", [0.0, 1.5, -1.0])
def test_refuses_slots(slot: float) -> None:
    with pytest.raises(BadInput, match="slot"):
        simulate_slotted_queue(0.8, 1.0, slot, 10)


def test_refuses_an_overloaded_queue_and_no_time() -> None:
    with pytest.raises(BadInput, match="arrival < service"):
        simulate_slotted_queue(1.0, 0.8, 0.1, 10)
    with pytest.raises(BadInput, match="slots"):
        simulate_slotted_queue(0.5, 0.8, 0.1, 10, 10)


def sample() -> dict[str, list[float]]:
    state = simulate_slotted_queue(0.4, 0.5, 1.0, 300, 20, replicas=3, seed=7)
    line = BernoulliLine(np.array([0.8, 0.9, 0.7]), np.array([2, 3]))
    return {
        "queue": np.concatenate([state.number, state.area, state.busy, state.left]).tolist(),
        "line": simulate_bernoulli_line(line, 300, 20, replicas=3, seed=7).tolist(),
    }


def test_interpreted_source_is_the_reference() -> None:
    assert interpreted(sample) == sample()
