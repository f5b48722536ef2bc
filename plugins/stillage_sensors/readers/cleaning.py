"""Finds dead readings (open thermocouples, stuck sensors, gaps) and masks them as absent.

A value counts as lost where it is NaN, outside what the quantity can be, or part of a run of
equal values that is too long for a living sensor. Short losses are bridged by straight lines
between good neighbours; a reading that lost more is absent, never fed to a model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import Stream, rows_of

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Limits:
    """The limits of what a working sensor can report.

    Parameters
    ----------
    low, high : float
        Physical range, in the reading's unit.
    stuck : int
        Equal values in a row that only a dead sensor gives; 0 asks for no such check.
    guard : int
        Values on either side of a lost one that are not believed either (an open contact
        rises and falls through plausible values).
    share : float
        Largest share of lost values that is bridged; beyond it the reading is absent.
    """

    low: float = -np.inf
    high: float = np.inf
    stuck: int = 0
    guard: int = 0
    share: float = 0.1

    def __post_init__(self) -> None:
        if not self.low < self.high or self.stuck < 0 or self.guard < 0 or not 0 <= self.share < 1:
            raise BadInput("limits", repr(self), "low < high, counts >= 0, a share in 0..1")

    def __str__(self) -> str:
        """Say why values are lost, for a note."""
        why = []
        if np.isfinite([self.low, self.high]).any():
            why.append(f"outside of {self.low:g} to {self.high:g}")
        if self.stuck:
            why.append(f"stuck for {self.stuck} or more")
        beside = f", or within {self.guard} values of such" if self.guard else ""
        return " or ".join(why) + beside


THERMOMETER = Limits(low=-40.0, high=200.0, guard=10)
"""A platinum thermometer in a machine: an open one reads 300 to 1,300 degC."""


@dataclass(frozen=True)
class Cleaned:
    """Cleaned readings ``values`` (R, C, T), finite; which are ``present`` (R,); and counts.

    ``lost`` values were not believed in all, ``missing`` of them because there was no number;
    ``bridged`` were filled in present readings.
    """

    values: NDArray[np.float32]
    present: Bools
    lost: int
    bridged: int
    missing: int
    limits: Limits

    def stream(self, name: str, unit: str, times: Array, rate_hz: float) -> Stream:
        """Make a recording's stream of the present readings, taken at ``times`` (R,) s."""
        return Stream(
            name,
            self.values[self.present],
            unit,
            rows_of(self.present),
            timestamps=times[self.present],
            rate_hz=rate_hz,
            axes=("channel", "time"),
        )

    def note(self, what: str) -> str:
        """Say in one line of a recording's notes what was lost of ``what``."""
        absent = int((~self.present).sum())
        why = [f"{self.missing} without a number"] if self.missing else []
        if self.lost > self.missing:
            why.append(f"{self.lost - self.missing} {self.limits}")
        return (
            f"{what}: {self.lost} of {self.values.size} values lost ({', '.join(why)}); "
            f"{absent} of {len(self.present)} readings masked as absent, {self.bridged} values "
            "bridged by straight lines in the others"
        )


def stuck_runs(values: Array, length: int) -> Bools:
    """Mark where ``values`` (..., T) are part of a run of at least ``length`` equal values.

    >>> stuck_runs(np.array([1.0, 2.0, 2.0, 2.0, 3.0]), 3)
    array([False,  True,  True,  True, False])
    """
    if length < 2 or values.shape[-1] < length:
        return np.zeros(values.shape, bool)
    equal = values[..., 1:] == values[..., :-1]
    spans = np.lib.stride_tricks.sliding_window_view(equal, length - 1, axis=-1).all(-1)
    out = np.zeros(values.shape, bool)
    for offset in range(length):
        out[..., offset : offset + spans.shape[-1]] |= spans
    return out


def lost_values(values: Array, limits: Limits) -> Bools:
    """Mark where values (..., T) are not to be believed.

    >>> lost_values(np.array([20.0, 21.0, 900.0, np.nan]), Limits(high=200.0))
    array([False, False,  True,  True])
    """
    with np.errstate(invalid="ignore"):
        lost = ~((values >= limits.low) & (values <= limits.high))
    if limits.stuck:
        lost |= stuck_runs(values, limits.stuck)
    wild = lost & np.isfinite(values)
    for shift in range(1, limits.guard + 1):
        lost[..., shift:] |= wild[..., :-shift]
        lost[..., :-shift] |= wild[..., shift:]
    return np.asarray(lost)


def _bridge(row: Array, lost: Bools) -> Array:
    """Fill lost values of a series (T,) by straight lines between good ones, ends held."""
    good = np.flatnonzero(~lost)
    return np.interp(np.arange(len(row)), good, row[good])


def clean(values: NDArray[np.generic], limits: Limits) -> Cleaned:
    """Clean readings (R, C, T): bridge short losses, mark the rest absent.

    Absent readings hold zeros in ``values``: leave them out of the recording.

    >>> readings = np.array([[[1.0, 2.0, 3.0, 4.0]], [[1.0, 900.0, 900.0, 4.0]]])
    >>> found = clean(readings, Limits(high=200.0, share=0.3))
    >>> found.present, found.lost
    (array([ True, False]), 2)
    """
    if values.ndim != 3:
        raise BadInput("readings", f"shape {values.shape}", "(readings, channels, time)")
    numbers = np.asarray(values, np.float64)
    lost = lost_values(numbers, limits)
    share = lost.mean(2).max(1) if lost.size else np.zeros(len(lost))
    present = share <= limits.share
    out = np.where(present[:, None, None], np.where(lost, 0.0, numbers), 0.0)
    bridged = 0
    for row, channel in np.argwhere(lost.any(2) & present[:, None]):
        out[row, channel] = _bridge(numbers[row, channel], lost[row, channel])
        bridged += int(lost[row, channel].sum())
    missing = int(np.isnan(numbers).sum())
    return Cleaned(out.astype(np.float32), present, int(lost.sum()), bridged, missing, limits)
