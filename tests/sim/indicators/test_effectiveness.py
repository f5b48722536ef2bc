"""Purity, recovery, availability, OEE and fill rate by hand, with their bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillage_sim.indicators.effectiveness import (
    availability,
    equipment_effectiveness,
    fill_rate,
    performance,
    purity,
    quality,
    recovery,
)


def test_by_hand() -> None:
    """A textbook shift: 420 of 480 min up, 19,271 of 60 a minute made, 18,848 good."""
    assert availability(373.0, 47.0) == pytest.approx(0.8881, abs=5e-5)
    assert performance(19_271, 373.0, 60.0) == pytest.approx(0.8611, abs=5e-5)
    assert quality(18_848, 19_271) == pytest.approx(0.9780, abs=5e-5)
    whole = equipment_effectiveness(373.0, 47.0, 19_271, 60.0, 18_848)
    assert whole == pytest.approx(0.7479, abs=5e-5)
    assert purity(9.0, 12.0) == 0.75
    assert recovery(9.0, 18.0) == 0.5
    assert availability(200.0, 10.0) == pytest.approx(0.95238, abs=5e-6)


def test_nothing_gives_no_warning() -> None:
    zero = np.zeros(3)
    for found in (purity(zero, zero), recovery(zero, zero), availability(zero, zero),
                  performance(zero, zero, 5.0), quality(zero, zero)):  # fmt: skip
        assert found.tolist() == [0.0] * 3
    assert fill_rate(zero, zero).tolist() == [1.0] * 3


@given(
    up=st.floats(1e-3, 1e4), down=st.floats(0, 1e4), rate=st.floats(1e-3, 1e6),
    speed=st.floats(1e-3, 1), yielded=st.floats(0, 1),
)  # fmt: skip
def test_oee_is_good_output_over_what_planned_time_could_make(
    up: float, down: float, rate: float, speed: float, yielded: float
) -> None:
    processed = up * rate * speed
    found = equipment_effectiveness(up, down, processed, rate, processed * yielded)
    assert 0.0 <= found <= 1.0 + 1e-12
    assert found == pytest.approx(processed * yielded / (rate * (up + down)), rel=1e-9)
    assert equipment_effectiveness(up, down + 1.0, processed, rate, processed * yielded) <= found


@given(part=st.floats(0, 1), whole=st.floats(1e-6, 1e9), more=st.floats(0, 1e9))
def test_shares_are_bounded_and_monotone(part: float, whole: float, more: float) -> None:
    accepted = part * whole
    assert 0.0 <= purity(accepted, whole) <= 1.0
    assert purity(accepted, whole + more) <= purity(accepted, whole)
