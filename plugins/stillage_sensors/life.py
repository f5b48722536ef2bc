"""Remaining useful life of a unit, and windows that never reach from one unit into the next.

The truth may be *raw* (time to failure) or *capped* (a unit is called new until ``cap`` before
its end: Heimes 2008). The choice moves errors (on the turbofan set FD001 an RMSE by 1.2), so
every figure says which it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput

Array = NDArray[np.float64]

CAP = 125.0
"""The usual cap, in cycles, of the turbofan sets."""


def remaining_life(
    age: Array, life: float, truth: Literal["raw", "capped"], cap: float = CAP
) -> Array:
    """Return the remaining life of a unit that fails at ``life``, at every ``age``.

    All are in one unit of time, of any kind. ``truth`` and ``cap`` are as the module says.

    Raises
    ------
    BadInput
        If an age lies beyond the life, or the cap is not positive.

    >>> remaining_life(np.array([0.0, 100.0, 200.0]), 200.0, "capped")
    array([125., 100.,   0.])
    """
    age = np.asarray(age, np.float64)
    if not (age <= life).all():
        raise BadInput("age", f"{age.max():g}", f"at most the life, {life:g}")
    if not cap > 0:
        raise BadInput("cap", f"{cap}", "a positive number")
    left = life - age
    return np.minimum(left, cap) if truth == "capped" else left


@dataclass(frozen=True)
class Windows:
    """Places of windows in a unit: ``starts`` (W,) and their common ``length``, in steps."""

    starts: NDArray[np.int64]
    length: int

    @property
    def ends(self) -> NDArray[np.int64]:
        """Last step (W,) of each window; the window's truth is that of this step."""
        return self.starts + self.length - 1

    def cut(self, series: NDArray[np.generic]) -> NDArray[np.generic]:
        """Cut windows (W, channels, length) out of one unit's series (channels, time)."""
        view = np.lib.stride_tricks.sliding_window_view(series, self.length, axis=1)
        return np.ascontiguousarray(view[:, self.starts].swapaxes(0, 1))


def windows_of(steps: int, length: int, stride: int = 1) -> Windows:
    """Place windows in one unit of ``steps`` steps, so that the last ends at its last step.

    A unit shorter than a window has none (drop it and say so). Windows are made unit by unit,
    so none straddles two units.

    Raises
    ------
    BadInput
        If length or stride is not positive.

    >>> windows_of(10, 4, 3).starts
    array([0, 3, 6])
    >>> windows_of(11, 4, 3).starts
    array([1, 4, 7])
    """
    if length < 1 or stride < 1:
        raise BadInput("window", f"length {length}, stride {stride}", "positive numbers")
    last = steps - length
    # From the end backwards, since the end is where a failing unit has most to tell.
    return Windows(np.arange(last, -1, -stride, dtype=np.int64)[::-1].copy(), length)
