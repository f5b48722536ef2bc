"""The battery: bounds, refusal, and the birth-death chain of the textbooks."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from stillage_sim.devices.power import (
    BATTERY,
    DEVICE,
    SPILLED,
    clear_sky,
    consume,
    drain,
    shine,
)
from stillage_sim.engine.ledger import residual
from stillage_sim.engine.randomness import draw, fraction, prefix


def charged(joules: float) -> np.ndarray:
    energy = np.zeros((1, 4, 1))
    shine(energy, 0, joules, joules)
    return energy


def test_a_full_battery_spills() -> None:
    energy = charged(10.0)
    shine(energy, 0, 3.0, 12.0)
    assert energy[0, :, 0].tolist() == [-13.0, 12.0, 0.0, 1.0]
    assert residual(energy) == 0.0


def test_a_reading_is_refused_whole_but_idling_takes_what_is_left() -> None:
    energy = charged(5.0)
    assert not consume(energy, 0, 6.0)
    assert energy[0, DEVICE, 0] == 0.0
    assert consume(energy, 0, 4.0)
    assert not drain(energy, 0, 2.0)
    assert energy[0, BATTERY, 0] == 0.0
    assert energy[0, DEVICE, 0] == 5.0


def test_clear_day_is_half_a_sine() -> None:
    day = clear_sky(100.0, 6.0, 18.0)
    assert day.max() == pytest.approx(100.0, rel=1e-6)
    assert day.sum() == pytest.approx(100.0 * 12 * 3600 * 2 / np.pi, rel=1e-6)
    assert day[: 6 * 3600].max() == day[18 * 3600 :].max() == 0.0
    assert clear_sky(100.0, 12.0, 12.0).sum() == 0.0


@numba.njit()
def empty_share(
    start: np.uint64, steps: int, up: float, down: float, capacity: float
) -> tuple[float, float]:
    """Share of steps that a battery of whole joules is empty, and what it spilled."""
    energy = np.zeros((1, 4, 1))
    empty = 0
    for step in range(steps):
        u = fraction(draw(start, 0, step))
        if u < up:
            shine(energy, 0, 1.0, capacity)
        elif u < up + down:
            consume(energy, 0, 1.0)
        empty += energy[0, BATTERY, 0] == 0.0
    return empty / steps, energy[0, SPILLED, 0] / steps


def test_battery_is_the_birth_death_chain() -> None:
    """P(empty) = (1 - rho) / (1 - rho^(K+1)) = .005848 for K = 10, p = .5, q = .4."""
    p, q, capacity = 0.5, 0.4, 10
    up, down = p * (1 - q), q * (1 - p)
    rho = up / down
    share, spilled = empty_share(prefix(1, 2, 3), 20_000_000, up, down, float(capacity))
    full = rho**capacity * (1 - rho) / (1 - rho ** (capacity + 1))
    assert (1 - rho) / (1 - rho ** (capacity + 1)) == pytest.approx(0.005848, abs=1e-6)
    assert share == pytest.approx(0.005848, rel=0.04)
    assert spilled == pytest.approx(up * full, rel=0.01)
