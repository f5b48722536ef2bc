"""Emissions by scope, by hand and as properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillage_sim.indicators.emissions import (
    Emissions,
    avoided_co2e_kg,
    electricity_co2e_kg,
    fuel_co2e_kg,
    material_co2e_kg,
    transport_co2e_kg,
)


def test_by_hand() -> None:
    assert fuel_co2e_kg([100.0, 10.0], [0.2, 2.7]) == pytest.approx(47.0)
    assert electricity_co2e_kg([3.6e6, 7.2e6], [0.1, 0.4]) == pytest.approx(0.9)
    assert transport_co2e_kg([5000.0, 1000.0], [200.0, 50.0], [0.103, 0.71]) == pytest.approx(138.5)
    assert material_co2e_kg([10.0, 5.0], [2.0, 0.5]) == pytest.approx(22.5)
    assert avoided_co2e_kg([10.0], [3.0], [1.0], 0.8) == pytest.approx(14.0)


def test_electricity_at_a_clean_hour_counts_less() -> None:
    """The same kilowatt-hours: it matters when they are drawn, not only how many."""
    grid = np.full(24, 0.4)
    grid[12] = 0.1
    noon, night = np.zeros(24), np.zeros(24)
    noon[12] = night[0] = 3.6e6
    assert electricity_co2e_kg([noon, night], grid).tolist() == pytest.approx([0.1, 0.4])


def test_totals_and_net() -> None:
    told = Emissions(*(np.array([x]) for x in (1.0, 2.0, 4.0, 10.0)))
    assert told.total.tolist() == [7.0]
    assert told.net.tolist() == [-3.0]


@given(
    masses=st.lists(st.floats(0, 1e9), min_size=3, max_size=3),
    scale=st.floats(0, 1e3),
    virgin=st.floats(0, 20),
    recycled=st.floats(0, 20),
    quality=st.floats(0, 1),
)
def test_linear_in_mass_and_rising_with_quality(
    masses: list[float], scale: float, virgin: float, recycled: float, quality: float
) -> None:
    mass = np.array(masses)
    one = avoided_co2e_kg(mass, virgin, recycled, quality)
    assert avoided_co2e_kg(mass * scale, virgin, recycled, quality) == pytest.approx(
        float(one) * scale, rel=1e-9, abs=1e-6
    )
    assert one <= avoided_co2e_kg(mass, virgin, recycled, 1.0) + 1e-6
    assert transport_co2e_kg(mass, 0.0, 0.1) == 0.0


def test_replicas_come_first() -> None:
    mass = np.ones((7, 4, 3))
    assert material_co2e_kg(mass, [1.0, 2.0, 3.0]).shape == (7, 4)
