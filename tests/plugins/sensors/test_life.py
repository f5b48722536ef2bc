"""Remaining life: both truths, and windows that stay in their unit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from stillage.errors import BadInput
from stillage_sensors.life import remaining_life, windows_of


def test_both_truths() -> None:
    age = np.array([0.0, 50.0, 150.0, 200.0])
    np.testing.assert_array_equal(remaining_life(age, 200.0, "raw"), [200, 150, 50, 0])
    np.testing.assert_array_equal(remaining_life(age, 200.0, "capped"), [125, 125, 50, 0])
    with pytest.raises(BadInput, match="at most the life"):
        remaining_life(np.array([201.0]), 200.0, "raw")


@settings(deadline=None, derandomize=True)
@given(some.integers(0, 80), some.integers(1, 30), some.integers(1, 10))
def test_windows_lie_inside_and_end_at_the_end(steps: int, length: int, stride: int) -> None:
    found = windows_of(steps, length, stride)
    if steps < length:
        assert not len(found.starts)
        return
    assert found.starts.min() >= 0
    assert found.ends[-1] == steps - 1
    assert (np.diff(found.starts) == stride).all()
    series = np.arange(2.0 * steps).reshape(2, steps)
    cut = found.cut(series)
    assert cut.shape == (len(found.starts), 2, length)
    np.testing.assert_array_equal(cut[:, 0, 0], found.starts)
