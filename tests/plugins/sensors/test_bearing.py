"""Bearing kinematics against published multiples, and the modelled signal against both."""

from __future__ import annotations

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_sensors.physics.bearing import (
    SKF_6205,
    Geometry,
    envelope_spectrum,
    fault_signal,
    strikes,
)

PUBLISHED_6205 = {"outer": 3.5848, "inner": 5.4152, "ball": 2.3567, "cage": 0.3983}
"""CWRU bearing data centre, drive-end bearing 6205-2RS (its ball figure halved)."""


def test_multiples_of_6205_are_the_published_ones() -> None:
    found = SKF_6205.multiples()
    assert {name: round(value, 4) for name, value in found.items()} == PUBLISHED_6205


def test_multiples_of_6203_are_the_published_ones() -> None:
    """CWRU's fan-end bearing 6203: 3.053, 4.947, 1.994 (half of 3.987), .3816."""
    found = Geometry(elements=8, ball_mm=6.746, pitch_mm=28.5).multiples()
    for name, published in {"outer": 3.053, "inner": 4.947, "ball": 1.994, "cage": 0.3816}.items():
        assert found[name] == pytest.approx(published, abs=6e-4)


def test_races_share_all_elements() -> None:
    found = Geometry(elements=12, ball_mm=3.0, pitch_mm=40.0, contact_deg=15.0).multiples()
    assert found["outer"] + found["inner"] == pytest.approx(12)
    assert found["outer"] == pytest.approx(12 * found["cage"])


def test_refuses_balls_larger_than_their_circle() -> None:
    with pytest.raises(BadInput, match="smaller than their pitch circle"):
        Geometry(elements=8, ball_mm=50.0, pitch_mm=40.0)


def test_slip_is_that_of_the_intervals() -> None:
    times = strikes(np.full(200, 100.0), 1.0, 0.015, 3, np.arange(200))
    gaps = np.diff(times, axis=1)
    assert np.nanmean(gaps) == pytest.approx(0.01, rel=1e-3)
    assert np.nanstd(gaps) / np.nanmean(gaps) == pytest.approx(0.015, rel=0.05)


@pytest.mark.parametrize(
    ("fault", "multiple"), [("outer", 3.5848), ("inner", 5.4152), ("ball", 2 * 2.3567)]
)
def test_envelope_peaks_at_the_fault_frequency(fault: str, multiple: float) -> None:
    """A second of signal: its envelope spectrum has its highest peak at the published multiple
    (an inner race's may stand beside it by one turn of the shaft)."""
    shaft = 29.95
    signal = fault_signal(
        np.array([shaft]), np.array([fault]), 1, np.array([0]), length=25_600, slip=0.01
    )
    frequency, amplitude = envelope_spectrum(signal, 25_600.0)
    around = (frequency > 50) & (frequency < 250)
    peak = frequency[around][amplitude[0, around].argmax()]
    assert peak == pytest.approx(multiple * shaft, rel=0.01)


def test_slip_broadens_the_line() -> None:
    sharp, broad = (
        envelope_spectrum(
            fault_signal(
                np.array([30.0]), np.array(["outer"]), 1, np.array([0]), length=25_600, slip=slip
            ),
            25_600.0,
        )[1].max()
        for slip in (0.0, 0.03)
    )
    assert broad < 0.9 * sharp


def test_a_sound_bearing_is_silent_and_an_unknown_fault_refused() -> None:
    quiet = fault_signal(np.array([30.0]), np.array(["none"]), 1, np.array([0]))
    assert not quiet.any()
    with pytest.raises(BadInput, match="rattle"):
        fault_signal(np.array([30.0]), np.array(["rattle"]), 1, np.array([0]))
