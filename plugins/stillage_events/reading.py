"""The reading of an event camera: its events, and the size and time that they lie in.

In a recording a reading is int32 ``(n + 1, 4)``. Row 0 is its *frame*: width and height of the
sensor in pixels, length of the reading in us, and -1. Each further row is an event: x, y, time
since the reading's start in us, polarity 1 (brighter) or 0 (darker). So a reading without any
event still says what it is a reading of, and readings joined end to end are one longer reading:
a further frame begins when the one before has ended.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput

MAX_EVENTS = 2**24 - 1
"""Most events of one reading: what fits into the 256 MiB that a recording allows a row."""

MAX_SIDE = 8192
"""Largest width or height of a sensor, in pixels."""

MAX_TIME = 2**61
"""Times (us) are nearer to their origin than this: 73,000 years."""

USUAL_SENSORS = (
    (34, 34), (128, 128), (240, 180), (304, 240), (346, 260), (640, 480), (1280, 720),
)  # fmt: skip
"""Width and height of N-MNIST, DVS128, DAVIS240, ATIS, DAVIS346, Gen3/DSEC and Gen4."""


class Events(NamedTuple):
    """The events of one reading, in order of time.

    Attributes
    ----------
    x, y : int32 arrays (n,)
        Pixel, from the upper left.
    t : int64 array (n,)
        Microseconds since the reading's start (of a file: from any origin).
    p : bool array (n,)
        True where it became brighter.
    width, height : int
        Of the sensor, in pixels.
    duration : int
        Microseconds that the reading lasts.
    """

    x: NDArray[np.int32]
    y: NDArray[np.int32]
    t: NDArray[np.int64]
    p: NDArray[np.bool_]
    width: int
    height: int
    duration: int

    def window(self, start: int, stop: int) -> Events:
        """Cut out the events with ``start <= t < stop``, in us from ``start``.

        >>> events_of([1, 2], [0, 0], [5, 9], [1, 0], 4, 4).window(6, 10).t
        array([3])
        """
        first, last = np.searchsorted(self.t, [start, stop])
        part = slice(int(first), int(last))
        return self._replace(
            x=self.x[part],
            y=self.y[part],
            t=self.t[part] - start,
            p=self.p[part],
            duration=int(stop - start),
        )


def polarity(p: Any) -> NDArray[np.bool_]:
    """Mark brighter events, whatever the dtype: bool, 0/1 of any integer type, -1/+1, floats.

    >>> [polarity(np.array(p)).tolist() for p in ([True, False], [1, 0], [1, -1], [1.0, -1.0])]
    [[True, False], [True, False], [True, False], [True, False]]
    """
    return np.asarray(np.asarray(p) > 0)


def events_of(
    x: Any,
    y: Any,
    t: Any,
    p: Any,
    width: int = 0,
    height: int = 0,
    where: object = "events",
) -> Events:
    """Make events from columns of any number type, checked and put in order of time.

    ``t`` is in us. Events with equal times keep their order. Without a width and height the
    smallest of :data:`USUAL_SENSORS` that holds all events is taken.

    Raises
    ------
    BadInput
        If columns differ in length, there are too many events, or one lies outside the sensor.
    """
    columns = [np.asarray(column) for column in (x, y, t, p)]
    lengths = {column.shape for column in columns}
    if len(lengths) != 1 or columns[0].ndim != 1:
        raise BadInput(where, f"columns of shapes {sorted(lengths)}", "one length")
    if len(columns[0]) > MAX_EVENTS:
        raise BadInput(where, f"{len(columns[0])} events", f"at most {MAX_EVENTS}")
    for name, column in zip("xyt", columns, strict=False):
        if column.dtype.kind == "f" and not np.isfinite(column).all():
            raise BadInput(where, f"NaN or infinity in {name}", "finite numbers")
    right, bottom = (
        _side(column, name, where) for name, column in zip("xy", columns, strict=False)
    )
    _check_times(columns[2], where)
    xs, ys = columns[0].astype(np.int32), columns[1].astype(np.int32)
    ts, ps = _whole(columns[2]), polarity(columns[3])
    width, height = (width, height) if width and height else usual_sensor(right, bottom)
    check_side(width, height, where)
    if right > width or bottom > height:
        found = f"an event at pixel ({right - 1}, {bottom - 1})"
        raise BadInput(where, found, f"pixels of a sensor of {width} x {height}")
    if (ts[1:] < ts[:-1]).any():
        order = np.argsort(ts, kind="stable")
        xs, ys, ts, ps = xs[order], ys[order], ts[order], ps[order]
    duration = int(ts[-1] - ts[0]) + 1 if len(ts) else 1
    return Events(xs, ys, ts, ps, width, height, duration)


def _side(column: NDArray[Any], name: str, where: object) -> int:
    """Count the pixels that a column needs, bounded before they become integers."""
    if not len(column):
        return 1
    least, most = float(column.min()), float(column.max())
    if least < 0:
        raise BadInput(where, "a negative pixel", "x and y from 0")
    if most >= MAX_SIDE:
        raise BadInput(where, f"{name} {most:g}", f"pixels below {MAX_SIDE}")
    return int(most) + 1


def _check_times(t: NDArray[Any], where: object) -> None:
    """Refuse times that differences of 64-bit integers could not hold."""
    if len(t) and not -MAX_TIME < float(t.min()) <= float(t.max()) < MAX_TIME:
        found = f"times from {float(t.min()):g} to {float(t.max()):g} us"
        raise BadInput(where, found, f"within {MAX_TIME:.3g} us of the origin")


def _whole(t: NDArray[Any]) -> NDArray[np.int64]:
    return (np.rint(t) if t.dtype.kind == "f" else t).astype(np.int64)


def usual_sensor(width: int, height: int) -> tuple[int, int]:
    """Choose the smallest usual sensor of at least this size; this very size where none is.

    >>> usual_sensor(200, 100), usual_sensor(2000, 100)
    ((240, 180), (2000, 100))
    """
    fits = (size for size in USUAL_SENSORS if size[0] >= width and size[1] >= height)
    return next(fits, (width, height))


def check_side(width: int, height: int, where: object) -> None:
    """Refuse a sensor without pixels, or with more of them than any has."""
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise BadInput(where, f"a sensor of {width} x {height}", f"sides of 1 to {MAX_SIDE} pixels")


def check_columns(events: Events) -> None:
    """Refuse columns of other types or of different lengths: kernels trust them."""
    x, y, t, p = events.x, events.y, events.t, events.p
    lengths = {len(x), len(y), len(t), len(p)}
    if x.dtype != np.int32 or y.dtype != np.int32 or len(lengths) > 1:
        found = f"{x.dtype} x, {y.dtype} y, lengths {sorted(lengths)}"
        raise BadInput("events", found, "columns of one length, made by events_of()")
    check_side(events.width, events.height, "events")


def check_inside(events: Events) -> None:
    """Refuse what :func:`check_columns` refuses, and events outside the sensor."""
    check_columns(events)
    sides = (events.x, events.width), (events.y, events.height)
    if any(len(c) and (int(c.max()) >= side or int(c.min()) < 0) for c, side in sides):
        raise BadInput("events", "an event outside the sensor", f"{events.width} x {events.height}")


def pack(events: Events) -> NDArray[np.int32]:
    """Pack events into a raw sample ``(n + 1, 4)`` int32: the frame, then x, y, t, p of each.

    Raises
    ------
    BadInput
        If the reading lasts longer than 35 minutes (2^31 us), or an event lies outside of it.

    >>> pack(events_of([3], [4], [0], [-1], 34, 34)).tolist()
    [[34, 34, 1, -1], [3, 4, 0, 0]]
    """
    outside = len(events.t) and (events.t[0] < 0 or events.t[-1] >= max(events.duration, 1))
    if not 0 < events.duration < 2**31 or outside:
        found = f"{events.duration} us" + (" and events outside" if outside else "")
        raise BadInput("a reading of events", found, "events within 1 to 2^31 us from its start")
    row = np.empty((len(events.t) + 1, 4), np.int32)
    row[0] = (events.width, events.height, events.duration, -1)
    row[1:, 0], row[1:, 1], row[1:, 2], row[1:, 3] = events.x, events.y, events.t, events.p
    return row


def unpack(row: NDArray[Any], where: object = "a reading of events") -> Events:
    """Unpack the events of a raw sample; see the module's text.

    Raises
    ------
    BadInput
        If it does not begin with a frame, or an event lies outside of it.

    >>> unpack(pack(events_of([3], [4], [0], [1], 34, 34))).p
    array([ True])
    """
    width, height, duration = frame_of(row, where)
    later = np.flatnonzero(row[1:, 3] == -1) + 1
    if len(later):
        return _joined([unpack(part, where) for part in np.split(row, later)], where)
    x, y, t, p = (np.ascontiguousarray(column) for column in row[1:].T)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height) & (t >= 0) & (t < duration)
    inside &= (p == 0) | (p == 1)
    if not inside.all():
        bad = int(np.argmin(inside))
        found = f"event {bad} with x, y, t, p = {row[bad + 1].tolist()}"
        raise BadInput(where, found, f"{width} x {height} pixels, {duration} us, polarity 0 or 1")
    return Events(x, y, t.astype(np.int64), p == 1, width, height, duration)


def _joined(parts: list[Events], where: object) -> Events:
    """Join readings, one after the other in time."""
    sizes = sorted({part[4:6] for part in parts})
    if len(sizes) > 1:
        raise BadInput(where, f"frames of {sizes[0]} and {sizes[1]} pixels", "one size")
    starts = np.cumsum([0, *(part.duration for part in parts)])
    times = [part.t + start for part, start in zip(parts, starts, strict=False)]
    x, y, p = (np.concatenate([part[k] for part in parts]) for k in (0, 1, 3))
    return Events(x, y, np.concatenate(times), p, *sizes[0], int(starts[-1]))


def frame_of(row: NDArray[Any], where: object = "a reading of events") -> tuple[int, int, int]:
    """Return width, height and duration of a raw sample."""
    if row.ndim != 2 or row.shape[1:] != (4,) or not len(row) or row[0, 3] != -1:
        found = f"{row.dtype} {row.shape}" + ("" if not row.size else f" from {row[0].tolist()}")
        raise BadInput(where, found, "int32 (n + 1, 4), first: width, height, duration in us, -1")
    width, height, duration = (int(value) for value in row[0, :3])
    check_side(width, height, where)
    if duration < 1:
        raise BadInput(where, f"a duration of {duration} us", "at least 1")
    return width, height, duration


def from_start(events: Events) -> Events:
    """Count times from the first event; the reading lasts until just after the last."""
    start = int(events.t[0]) if len(events.t) else 0
    return events._replace(t=events.t - start)
