"""Reads the series of one unit (a machine, a run) from a CSV or an NPZ."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_sensors.readers.files import arrays_of, numbers, table_of
from stillage_sensors.readers.names import Channel, parse

Array = NDArray[np.float64]

_TIME = "time[s]"
_TARGET = re.compile(r"target:([A-Za-z0-9_-]+)\[([^\[\]]*)\]")
JITTER = 0.01
"""Largest deviation of a time step from the mean one, as a share, of a regular series."""


@dataclass(frozen=True)
class Track:
    """One channel's values (T,) at ``rate`` Hz from second 0; NaN is a gap."""

    channel: Channel
    rate: float
    values: Array


@dataclass(frozen=True)
class Unit:
    """All tracks of one file, and targets that change in time: (times (n,), values (n,))."""

    tracks: list[Track]
    targets: dict[tuple[str, str], tuple[Array, Array]] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """The time that all tracks cover."""
        return min(len(track.values) / track.rate for track in self.tracks)


def load(path: Path) -> Unit:
    """Read the series of a ``.csv``, ``.csv.gz`` or ``.npz`` file.

    Raises
    ------
    BadInput
        One line for another type, a file that does not fit, or an irregular clock.
    """
    if path.suffix == ".npz":
        return _arrays(path)
    if path.name.endswith((".csv", ".csv.gz")):
        return _table(path)
    raise BadInput(path, f"file type {path.suffix!r}", ".csv, .csv.gz or .npz")


def _arrays(path: Path) -> Unit:
    tracks = []
    for name, values in arrays_of(path).items():
        channel = parse(name, f"{path} array")
        if values.ndim != 1 or values.dtype.kind not in "fiu" or not len(values):
            raise BadInput(f"{path} {name}", f"{values.dtype} {values.shape}", "numbers (time,)")
        if channel.rate is None:
            raise BadInput(f"{path} {name}", "no rate", f"{name}@rate in Hz")
        tracks.append(_track(path, channel, channel.rate, values.astype(np.float64)))
    if not tracks:
        raise BadInput(path, "no arrays", "one for each channel")
    return Unit(tracks)


def _track(path: Path, channel: Channel, rate: float, values: Array) -> Track:
    if np.isinf(values).any():
        raise BadInput(f"{path} {channel.name}", "infinity", "numbers, NaN where there is a gap")
    return Track(channel, rate, channel.converted(values))


def _table(path: Path) -> Unit:
    header, rows = table_of(path)
    columns = {
        name: numbers(path, name, [row[k] for row in rows], empty=True)
        for k, name in enumerate(header)
    }
    time = columns.pop(_TIME, None)
    if time is not None:
        _check_clock(path, time)
    tracks: list[Track] = []
    targets: dict[tuple[str, str], tuple[Array, Array]] = {}
    for name, values in columns.items():
        match = _TARGET.fullmatch(name)
        if match:
            targets[match[1], match[2]] = _target(path, name, time, values)
            continue
        channel = parse(name, f"{path} column")
        there = np.flatnonzero(np.isfinite(values))
        if not len(there):
            raise BadInput(f"{path} {name}", "no number", "a column with values")
        rate, kept = _clocked(path, name, channel, time, values, there)
        tracks.append(_track(path, channel, rate, kept))
    if not tracks:
        raise BadInput(path, "no channel", "columns channel[unit]")
    return Unit(tracks, targets)


def _check_clock(path: Path, time: Array) -> None:
    bad = np.flatnonzero(~np.isfinite(time))
    if len(bad):
        raise BadInput(f"{path} line {bad[0] + 2}", "no time", "seconds in every row")
    back = np.flatnonzero(np.diff(time) <= 0)
    if len(back):
        raise BadInput(f"{path} line {back[0] + 3}", "time that does not advance", "rows in order")


def _clocked(
    path: Path,
    name: str,
    channel: Channel,
    time: Array | None,
    values: Array,
    there: NDArray[np.int64],
) -> tuple[float, Array]:
    """Find the rate of a column, and its values at that rate.

    Without a rate of its own a channel has the table's; a slower one fills only some rows (every
    n-th), and its empty cells between are none of its values.
    """
    if time is None:
        if channel.rate is None:
            raise BadInput(f"{path} {name}", "no rate", f"a column {_TIME}, or {name}@rate")
        return channel.rate, values[: there[-1] + 1]
    if len(time) < 2:
        raise BadInput(path, "one row", "two or more, to tell the rate")
    step = (time[-1] - time[0]) / (len(time) - 1)
    if np.abs(np.diff(time) - step).max() > JITTER * step:
        raise BadInput(f"{path} {_TIME}", "steps that differ by over 1 %", "a regular clock")
    table = 1.0 / step
    if channel.rate is None:
        return table, values
    every = round(table / channel.rate)
    if every < 1 or abs(table / every / channel.rate - 1.0) > JITTER:
        found = f"{channel.rate:g} Hz in rows of {table:g} Hz"
        raise BadInput(f"{path} {name}", found, "a whole number of rows a value")
    if (there % every).any():
        raise BadInput(f"{path} {name}", "a value off its rate", f"one in every {every} rows")
    return channel.rate, values[::every]


def _target(path: Path, name: str, time: Array | None, values: Array) -> tuple[Array, Array]:
    if time is None:
        raise BadInput(f"{path} {name}", "a target without times", f"a column {_TIME}")
    known = np.isfinite(values)
    return time[known] - time[0], values[known]
