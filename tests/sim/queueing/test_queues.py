"""The event engine against closed forms: each inside its 99 % interval, which excludes 2 %."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stillage.errors import BadInput, StillageError
from stillage_sim.queueing import theory
from stillage_sim.queueing.arrays import Network
from stillage_sim.queueing.queues import Figures, Station, build_network, pairs, simulate
from stillage_sim.queueing.timelaws import (
    TimeLaw,
    constant,
    erlang,
    exponential,
    hyperexponential,
    lognormal,
    tabled,
    uniform,
)
from tests.sim.interpreted import interpreted

WIDTHS = 1.315
"""Half widths of a 99 % interval in those of a 95 % interval, 2.576 / 1.960, rounded up."""
LONG: dict[str, Any] = {"horizon": 90_000.0, "warm_up": 1_000.0, "replicas": 64}


def reproduces(values: np.ndarray, exact: float) -> None:
    """The 99 % interval has the exact value in it, and neither 2 % more nor 2 % less."""
    found = Figures.estimate(values)
    assert found.contains(exact, WIDTHS), (found, exact)
    assert not found.contains(1.02 * exact, WIDTHS), (found, exact)
    assert not found.contains(0.98 * exact, WIDTHS), (found, exact)


def single(service: TimeLaw, rate: float = 0.8, **station: Any) -> Figures:
    network = build_network([Station(service, arrivals=exponential(1 / rate), **station)])
    return simulate(network, seed=2, **LONG)


def test_mm1() -> None:
    figures = single(exponential(1.0))
    reproduces(figures.wait[:, 0], 4.0)
    reproduces(figures.queue[:, 0], 0.8 * 4.0)
    reproduces(figures.sojourn, 5.0)
    reproduces(figures.working[:, 0], 0.8)
    reproduces(figures.waited.sum(1) / figures.started.sum(1), 0.8)


def test_mm4() -> None:
    figures = simulate(
        build_network([Station(exponential(1.0), servers=4, arrivals=exponential(1 / 3.2))]),
        horizon=60_000.0,
        warm_up=500.0,
        replicas=64,
        seed=1,
    )
    assert theory.erlang_c(4, 3.2) == pytest.approx(0.59643, abs=5e-6)
    reproduces(figures.waited[:, 0] / figures.started[:, 0], theory.erlang_c(4, 3.2))
    reproduces(figures.wait[:, 0], theory.mmc_wait(3.2, 1.0, 4))


def test_md1() -> None:
    reproduces(single(constant(1.0)).wait[:, 0], 2.0)


LAWS = {
    "erlang": (erlang(1.0, 4), 1.25),
    "hyperexponential": (hyperexponential(1.0, 2.0), 3.0),
    "lognormal": (lognormal(1.0, 0.5), 1.5),
    "uniform": (uniform(0.5, 1.5), 1.0 + 1.0 / 12.0),
    "tabled": (tabled(np.array([0.25, 0.75, 2.0])), (0.25**2 + 0.75**2 + 4.0) / 3.0),
}


@pytest.mark.parametrize("name", LAWS)
def test_mg1(name: str) -> None:
    law, second = LAWS[name]
    rate = 0.7
    reproduces(single(law, rate).wait[:, 0], theory.mg1_wait(rate, law.mean, second))


def test_mm1_with_failures_while_working() -> None:
    figures = single(exponential(1.0), 0.5, life=exponential(20.0), repair=exponential(2.0))
    reproduces(figures.wait[:, 0], 1.0 + 0.5 + 1.0 / 15.0)
    assert theory.mm1_failing_wait(0.5, 1.0, 0.05, 0.5) == pytest.approx(1.56667, abs=5e-6)
    reproduces(figures.working[:, 0], 0.5)
    reproduces(figures.failed[:, 0] / figures.span, 0.5 * 0.05)
    reproduces(figures.share[:, 0, 3], 0.5 * 0.05 * 2.0)


def test_constant_lives_and_repairs() -> None:
    """Never starved, 10 of work and then 2.5 of repair: exactly 4 of 5, whatever the service."""
    line = [Station(constant(3.0), saturated=True, life=constant(10.0), repair=constant(2.5))]
    figures = simulate(build_network(line), horizon=12_500.0, replicas=2)
    assert figures.working[:, 0] == pytest.approx(0.8, rel=1e-12)
    assert figures.failed[:, 0].tolist() == [1000, 1000]
    assert figures.left.tolist() == [3333, 3333]


def test_mm1k_loses() -> None:
    figures = single(exponential(1.0), 0.9, buffer=2)
    reproduces(figures.lost[:, 0] / figures.arrived[:, 0], theory.mm1k_lost(0.9, 1.0, 3))


def line(rates: tuple[float, ...], buffer: int) -> np.ndarray:
    stations = [
        Station(exponential(1 / rate), buffer=None if k == 0 else buffer, saturated=k == 0)
        for k, rate in enumerate(rates)
    ]
    figures = simulate(build_network(stations), 20_000.0, 200.0, replicas=32, seed=4)
    return figures.throughput


@pytest.mark.parametrize(
    ("rates", "buffer"), [((1.0, 1.0), 0), ((1.0, 1.0), 2), ((1.0, 1.3), 1), ((1.2, 1.0), 4)]
)
def test_pair_with_blocking(rates: tuple[float, float], buffer: int) -> None:
    reproduces(line(rates, buffer), theory.exponential_pair_throughput(*rates, buffer))


def test_hunts_lines_without_buffers() -> None:
    reproduces(line((1.0, 1.0), 0), 2.0 / 3.0)
    reproduces(line((1.0, 1.0, 1.0), 0), theory.HUNT_THREE_STATIONS)
    assert pytest.approx(0.5641, abs=5e-5) == theory.HUNT_THREE_STATIONS


def test_two_servers_blocked_by_one() -> None:
    """A station of two servers before one of one: released in turn, none is forgotten."""
    stations = [
        Station(exponential(1.0), servers=2, saturated=True),
        Station(exponential(0.2), buffer=0),
    ]
    figures = simulate(build_network(stations), 20_000.0, 100.0, replicas=32, seed=3)
    # Blocked or done items, 0 to 3 (one in service, two blocked): birth-death by hand.
    birth, chain = (2.0, 2.0, 1.0), [1.0]
    for rate in birth:
        chain.append(chain[-1] * rate / 5.0)
    reproduces(figures.throughput, 5.0 * (1.0 - chain[0] / sum(chain)))
    blocked = (1.0 * chain[2] + 2.0 * chain[3]) / sum(chain) / 2.0
    reproduces(figures.share[:, 0, 4], blocked)


def test_loop_is_a_jackson_network() -> None:
    """A share k of what is sold comes back: rates l / (1 - k), each station as M/M/1."""
    gain = 0.5355
    stations = [
        Station(exponential(0.5), arrivals=exponential(2.0)),
        Station(exponential(0.7)),
    ]
    network = build_network(stations, routes={1: {0: gain}})
    figures = simulate(network, 120_000.0, 1_000.0, replicas=64, seed=6)
    rate = 0.5 / (1.0 - gain)
    number = sum(rate * mean / (1.0 - rate * mean) for mean in (0.5, 0.7))
    reproduces(figures.sojourn, number / 0.5)
    reproduces(figures.completed[:, 0] / figures.left, 2.15285)


@pytest.fixture(scope="module")
def failing_line() -> Figures:
    return simulate(failing(), 4_000.0, replicas=6, seed=9)


def failing() -> Network:
    stations = [
        Station(
            lognormal(1.0, 0.3),
            servers=1 + k % 2,
            buffer=3 if k else None,
            arrivals=exponential(1.3) if k == 0 else None,
            life=exponential(30.0),
            repair=erlang(3.0, 2),
        )
        for k in range(4)
    ]
    return build_network(stations)


def test_items_and_time_are_kept(failing_line: Figures) -> None:
    figures = failing_line
    assert figures.share.sum(2) == pytest.approx(1.0, rel=1e-9)
    inside = figures.arrived - figures.lost - figures.completed
    assert (inside >= 0).all()
    assert (inside[:, 1:] <= 3 + np.array([2, 1, 2])).all()
    # A served item that is still blocked has been completed, but has not arrived.
    assert (figures.completed[:, :-1] - figures.arrived[:, 1:] >= 0).all()
    assert (figures.left == figures.completed[:, -1]).all()


def test_littles_law() -> None:
    figures = simulate(failing(), 200_000.0, 2_000.0, replicas=4, seed=1)
    rate = figures.started / figures.span
    assert figures.queue == pytest.approx(rate * figures.wait, rel=2e-3)


def test_batches_do_not_matter(failing_line: Figures) -> None:
    for first in (0, 3):
        part = simulate(failing(), 4_000.0, replicas=3, seed=9, first=first)
        assert (part.wait == failing_line.wait[first : first + 3]).all()
        assert (part.sojourn == failing_line.sojourn[first : first + 3]).all()


def test_stopping_on_the_way_changes_nothing() -> None:
    whole = simulate(failing(), 300.0, 100.0, replicas=2)
    part = simulate(failing(), 300.0, 0.0, replicas=2)
    early = simulate(failing(), 100.0, 0.0, replicas=2)
    assert (part.completed == early.completed + whole.completed).all()
    assert part.share * 300.0 == pytest.approx(early.share * 100.0 + whole.share * 200.0)


def test_common_luck() -> None:
    """A faster last machine: the first one meets the same arrivals and service times."""
    slow, fast = (
        simulate(
            build_network([Station(exponential(1.0), arrivals=exponential(1.5)), Station(last)]),
            1_000.0,
            replicas=2,
        )
        for last in (exponential(1.0), exponential(0.5))
    )
    assert (slow.wait[:, 0] == fast.wait[:, 0]).all()
    assert (slow.wait[:, 1] > fast.wait[:, 1]).all()


def test_antithetic_pairs_are_unbiased_and_worth_more_than_two() -> None:
    network = build_network([Station(exponential(1.0), arrivals=exponential(2.0))])
    waits = simulate(network, 20_000.0, 200.0, replicas=128, seed=2, antithetic=True).wait[:, 0]
    reproduces(pairs(waits), 1.0)
    plain = simulate(network, 20_000.0, 200.0, replicas=128, seed=2).wait[:, 0]
    assert (waits[::2] == plain[:64]).all()
    assert pairs(waits).var() < 0.7 * plain.var() / 2.0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: theory.mm1_wait(1.0, 1.0),
        lambda: theory.mm1_wait(-1.0, 1.0),
        lambda: theory.mm1_wait(float("nan"), 1.0),
        lambda: theory.mmc_wait(3.0, 1.0, 2),
        lambda: theory.erlang_c(0, 0.5),
        lambda: theory.mg1_wait(2.0, 1.0, 1.0),
        lambda: theory.mm1k_lost(0.5, 1.0, -1),
        lambda: theory.geo_geo_1_number(0.5, 0.4),
        lambda: theory.slotted_mm1_wait(2.0, 1.0, 0.1),
    ],
)
def test_what_has_no_steady_state_has_no_mean(wrong: Callable[[], float]) -> None:
    with pytest.raises(BadInput, match="expected"):
        wrong()


def test_antithetic_replicas_come_in_pairs() -> None:
    with pytest.raises(BadInput, match="whole pairs"):
        simulate(build_network([Station(constant(1.0))]), 1.0, replicas=3, antithetic=True)


def test_an_overloaded_queue_is_an_error() -> None:
    network = build_network([Station(exponential(1.0), arrivals=exponential(0.5))])
    with pytest.raises(StillageError, match="queue of station 0: more than 64 items wait"):
        simulate(network, 1_000.0, replicas=2, room=64)


@pytest.mark.parametrize(
    ("stations", "routes", "says"),
    [
        ([], None, "stations: found none"),
        ([Station(constant(1.0), servers=0)], None, "servers"),
        ([Station(constant(1.0), buffer=-1)], None, "buffer"),
        ([Station(constant(1.0), life=constant(1.0))], None, "repair"),
        ([Station(constant(1.0), arrivals=constant(0.0))], None, "arrivals"),
        ([Station(constant(0.0), saturated=True)], None, "service"),
        ([Station(constant(1.0))], {0: {2: 1.0}}, "routes of station 0"),
        ([Station(constant(1.0))], {0: {0: 0.8, 1: 0.4}}, "at most 1"),
        ([Station(constant(1.0))], {3: {0: 1.0}}, "routes: found station 3"),
        ([Station(constant(1.0), buffer=2)], {0: {0: 0.5}}, "lead back"),
    ],
)
def test_refuses(stations: list[Station], routes: dict[int, dict[int, float]], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        build_network(stations, routes)


@pytest.mark.parametrize(("horizon", "warm_up"), [(1.0, 2.0), (np.inf, 0.0), (1.0, -1.0)])
def test_refuses_times(horizon: float, warm_up: float) -> None:
    with pytest.raises(BadInput, match="horizon"):
        simulate(build_network([Station(constant(1.0))]), horizon, warm_up)


def sample() -> dict[str, list[float]]:
    """Figures of small networks that use every law, loops, blocking and failures."""
    found = {}
    for name, law in (("exponential", exponential(1.0)), *((k, v[0]) for k, v in LAWS.items())):
        looped = [Station(law, servers=2, arrivals=exponential(1.5)), Station(uniform(0.0, 0.5))]
        networks = {"line": failing(), "loop": build_network(looped, {1: {0: 0.25}})}
        for kind, network in networks.items():
            figures = simulate(network, 150.0, 20.0, replicas=2, seed=5)
            parts = (figures.wait, figures.queue, figures.share, figures.sojourn, figures.left)
            found[f"{kind}, {name}"] = np.concatenate([p.ravel() for p in parts]).tolist()
    return found


def test_interpreted_source_agrees() -> None:
    compiled = sample()
    for name, values in interpreted(sample).items():
        assert values == pytest.approx(compiled[name], rel=1e-12, abs=1e-12)
