"""Turns events into dense arrays: count frames, voxel grids, time surfaces.

Kernels are compiled by numba at first use and kept on disk where it can write.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.compiled import compiled
from stillage.errors import BadInput
from stillage_events.reading import Events, check_columns, check_inside


@compiled
def _count(x: Any, y: Any, p: Any, out: Any) -> None:
    for i in range(len(x)):
        out[int(p[i]), y[i], x[i]] += 1


BLOCK = 256
"""Events whose cells and weights are worked out before any is added, so that the processor waits
less for memory."""


@compiled
def _voxels(
    x: Any, y: Any, t: Any, p: Any, start: float, scale: float, size: Any, out: Any
) -> bool:
    """Add to ``out`` (bins * height * width); False where an event lies outside the sensor."""
    width, height, bins = size
    plane = np.uint32(width * height)
    inside: Any = True
    cells, end = np.empty(BLOCK, np.uint32), np.uint64(len(out))
    near, far = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    for first in range(0, len(x), BLOCK):
        count = min(BLOCK, len(x) - first)
        for j in range(count):
            i = np.uint64(first + j)
            place = (t[i] - start) * scale
            column, row = np.uint32(x[i]), np.uint32(y[i])  # a negative pixel is a huge one
            good = (column < np.uint32(width)) & (row < np.uint32(height))
            inside &= good
            good &= (place >= 0.0) & (place < bins)
            left = np.int32(place if good else 0.0)
            sign = np.float32(2 * np.int32(p[i]) - 1) if good else np.float32(0.0)
            cell = row * np.uint32(width) + column if good else np.uint32(0)
            cells[j] = np.uint32(left) * plane + cell
            far[j] = sign * np.float32(place - left) if good else np.float32(0.0)
            near[j] = sign - far[j]
        # Unsigned places, since a signed one would be checked for counting from the end.
        for j in range(count):
            at = np.uint64(cells[j])
            out[at] += near[j]
            if at + np.uint64(plane) < end:
                out[at + np.uint64(plane)] += far[j]
    return bool(inside)


@compiled
def _polar(x: Any, y: Any, t: Any, p: Any, scale: float, width: int, bins: int, out: Any) -> None:
    plane = len(out) // (2 * bins)
    one = np.float32(1.0)
    for i in range(len(x)):
        place = min(max(t[i] * scale, 0.0), bins - 1.0)
        left = int(place)
        right = np.float32(place - left)
        cell = (int(p[i]) * bins + left) * plane + y[i] * width + x[i]
        out[np.uint64(cell)] += one - right
        if left < bins - 1:
            out[np.uint64(cell + plane)] += right


@compiled
def _last(x: Any, y: Any, t: Any, p: Any, stop: float, out: Any) -> None:
    for i in range(len(x)):
        if t[i] <= stop:
            out[int(p[i]), y[i], x[i]] = t[i]


def count_frame(events: Events) -> NDArray[np.int32]:
    """Count the events of each pixel, int32 ``(2, height, width)``: darker, then brighter.

    >>> from stillage_events.reading import events_of
    >>> count_frame(events_of([1, 1], [0, 0], [0, 9], [1, -1], 2, 1)).tolist()
    [[[0, 1]], [[0, 1]]]
    """
    check_inside(events)
    out = np.zeros((2, events.height, events.width), np.int32)
    _count(events.x, events.y, events.p, out)
    return out


def voxel_grid(
    events: Events, bins: int, window: tuple[float, float] | None = None
) -> NDArray[np.float32]:
    """Make a bilinear voxel grid, float32 ``(bins, height, width)``.

    ``t* = (bins - 1) (t - t0) / (tN - t0)``, and ``p (1 - |t* - b|)`` is added to the two
    nearest bins b, with p +1 where brighter and -1 where darker (Zhu et al., CVPR 2019).

    Parameters
    ----------
    events : Events
        In order of time.
    bins : int
        At least 1.
    window : (t0, tN), optional
        In us; default: times of the first and the last event. Events before t0 are left out;
        those after tN fade out over one more bin. A window without length puts all into bin 0.

    >>> from stillage_events.reading import events_of
    >>> voxel_grid(events_of([0, 0, 0], [0, 0, 0], [0, 3, 4], [1, 0, 1], 1, 1), 3).ravel().tolist()
    [1.0, -0.5, 0.5]
    """
    check_columns(events)
    if bins < 1 or bins * events.height * events.width >= 2**31:
        found = f"{bins} bins of {events.height} x {events.width}"
        raise BadInput("voxel grid", found, "1 or more bins, fewer than 2^31 cells")
    out = np.zeros((bins, events.height, events.width), np.float32)
    if len(events.t):
        start, stop = window or (float(events.t[0]), float(events.t[-1]))
        scale = (bins - 1) / (stop - start) if stop > start else 0.0
        x, y, t, p = events[:4]
        size = (events.width, events.height, bins)
        if not _voxels(x, y, t, p, float(start), scale, size, out.reshape(-1)):
            check_inside(events)
    return out


def polar_grid(events: Events, bins: int) -> NDArray[np.float32]:
    """Make voxel grids of either polarity, float32 ``(2, bins, height, width)``: darker, brighter.

    Weights are those of :func:`voxel_grid` over the whole reading, without sign: brighter minus
    darker is the signed grid, and the sum over bins counts events.

    >>> from stillage_events.reading import events_of
    >>> events = events_of([0, 0], [0, 0], [0, 4], [1, 0], 1, 1)
    >>> polar_grid(events, 2).reshape(2, 2).round(2).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    check_inside(events)
    out = np.zeros((2, bins, events.height, events.width), np.float32)
    scale = (bins - 1) / max(events.duration - 1, 1)
    columns = (events.x, events.y, events.t, events.p)
    _polar(*columns, scale, events.width, bins, out.reshape(-1))
    return out


def time_surface(events: Events, tau_us: float, at: float | None = None) -> NDArray[np.float32]:
    """Make an exponential time surface, float32 ``(2, height, width)``: darker, then brighter.

    ``exp(-(at - t) / tau)`` of the last event at or before ``at`` (us; default: the last
    event's time) of each pixel and polarity, 0 where there was none (Lagorce et al., PAMI 2017).

    >>> from stillage_events.reading import events_of
    >>> events = events_of([0, 1], [0, 0], [0, 1000], [1, 1], 2, 1)
    >>> time_surface(events, 1000.0)[1].round(3).tolist()
    [[0.36800000071525574, 1.0]]
    """
    check_inside(events)
    if at is None:
        at = float(events.t[-1]) if len(events.t) else 0.0
    last = np.full((2, events.height, events.width), -np.inf)
    _last(events.x, events.y, events.t, events.p, at, last)
    return np.asarray(np.exp((last - at) / tau_us), np.float32)
