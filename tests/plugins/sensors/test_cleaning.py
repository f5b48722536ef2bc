"""Dead sensors: found, masked, and never fed."""

from __future__ import annotations

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_sensors.readers.cleaning import THERMOMETER, Limits, clean, lost_values, stuck_runs


def test_an_open_thermometer_is_absent_and_a_glitch_bridged() -> None:
    good = np.linspace(60.0, 80.0, 600)
    opened, glitch = good.copy(), good.copy()
    opened[100:400] = 1254.0
    glitch[300] = 1254.0
    found = clean(np.stack([good, opened, glitch])[:, None], THERMOMETER)
    assert found.present.tolist() == [True, False, True]
    np.testing.assert_allclose(found.values[2, 0], good, atol=1e-4)  # a line bridges a line
    assert found.bridged == 1 + 2 * THERMOMETER.guard
    assert found.values.max() < 200.0
    assert "1 of 3 readings masked as absent" in found.note("oven")
    assert "(341 outside of -40 to 200, or within 10 values of such)" in found.note("oven")


def test_values_beside_an_open_contact_are_not_believed() -> None:
    row = np.array([20.0, 20.5, 150.0, 900.0, 140.0, 21.0])
    lost = lost_values(row, Limits(high=200.0, guard=1))
    assert lost.tolist() == [False, False, True, True, True, False]


def test_gaps_at_the_ends_hold_the_last_good_value() -> None:
    found = clean(np.array([[[np.nan, 2.0, 3.0, np.nan]]]), Limits(share=0.5))
    np.testing.assert_array_equal(found.values, [[[2, 2, 3, 3]]])
    assert "2 of 4 values lost (2 without a number);" in found.note("oven")


def test_stuck_runs_are_found_whole_and_short_ones_left() -> None:
    row = np.array([[1.0, 5.0, 5.0, 5.0, 5.0, 2.0, 2.0, 3.0]])
    assert stuck_runs(row, 4).tolist() == [[False, True, True, True, True, False, False, False]]
    assert not stuck_runs(row, 5).any()
    assert clean(row[None], Limits(stuck=4)).present.tolist() == [False]


def test_one_dead_channel_makes_the_reading_absent() -> None:
    readings = np.stack([np.arange(10.0), np.full(10, np.nan)])[None]
    assert not clean(readings, Limits()).present[0]


def test_refuses_limits_that_nothing_meets() -> None:
    with pytest.raises(BadInput, match="low < high"):
        Limits(low=3.0, high=3.0)
