"""Dense arrays of events: count frames, voxel grids, time surfaces. NumPy in and out.

Kernels are compiled by numba at first use and kept on disk where it can write.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage_events.compiled import compiled
from stillage_events.reading import Events


@compiled
def _count(x: Any, y: Any, p: Any, out: Any) -> None:
    for i in range(len(x)):
        out[int(p[i]), y[i], x[i]] += 1


@compiled
def _voxels(x: Any, y: Any, t: Any, p: Any, start: float, scale: float, out: Any) -> None:
    bins = out.shape[0]
    for i in range(len(x)):
        place = (t[i] - start) * scale
        left = int(np.floor(place))
        right = place - left
        sign = 1.0 if p[i] else -1.0
        if 0 <= left < bins:
            out[left, y[i], x[i]] += sign * (1.0 - right)
        if -1 <= left < bins - 1 and right > 0.0:
            out[left + 1, y[i], x[i]] += sign * right


@compiled
def _polar(x: Any, y: Any, t: Any, p: Any, scale: float, out: Any) -> None:
    bins = out.shape[1]
    for i in range(len(x)):
        place = t[i] * scale
        left = min(int(place), bins - 1)
        right = place - left
        half = int(p[i])
        out[half, left, y[i], x[i]] += 1.0 - right
        if right > 0.0 and left + 1 < bins:
            out[half, left + 1, y[i], x[i]] += right


@compiled
def _last(x: Any, y: Any, t: Any, p: Any, stop: float, out: Any) -> None:
    for i in range(len(x)):
        if t[i] <= stop:
            out[int(p[i]), y[i], x[i]] = t[i]


def count_frame(events: Events) -> NDArray[np.int32]:
    """Events of each pixel, int32 ``(2, height, width)``: darker ones, then brighter ones.

    >>> from stillage_events.reading import events_of
    >>> count_frame(events_of([1, 1], [0, 0], [0, 9], [1, -1], 2, 1)).tolist()
    [[[0, 1]], [[0, 1]]]
    """
    out = np.zeros((2, events.height, events.width), np.int32)
    _count(events.x, events.y, events.p, out)
    return out


def voxel_grid(
    events: Events, bins: int, window: tuple[float, float] | None = None
) -> NDArray[np.float32]:
    """Bilinear voxel grid, float32 ``(bins, height, width)``.

    ``t* = (bins - 1) (t - t0) / (tN - t0)``, and ``p (1 - |t* - b|)`` is added to the two
    nearest bins b, with p +1 where brighter and -1 where darker (Zhu et al., CVPR 2019).

    Parameters
    ----------
    events : Events
        In order of time.
    bins : int
        At least 1.
    window : (t0, tN), optional
        In us; default: times of the first and the last event. What falls outside the grid
        is left out. A window without length puts everything into bin 0.

    >>> from stillage_events.reading import events_of
    >>> voxel_grid(events_of([0, 0, 0], [0, 0, 0], [0, 3, 4], [1, 0, 1], 1, 1), 3).ravel().tolist()
    [1.0, -0.5, 0.5]
    """
    out = np.zeros((bins, events.height, events.width), np.float32)
    if len(events.t):
        start, stop = window or (float(events.t[0]), float(events.t[-1]))
        scale = (bins - 1) / (stop - start) if stop > start else 0.0
        _voxels(events.x, events.y, events.t, events.p, float(start), scale, out)
    return out


def polar_grid(events: Events, bins: int) -> NDArray[np.float32]:
    """Voxel grids of either polarity, float32 ``(2, bins, height, width)``: darker, brighter.

    Weights are those of :func:`voxel_grid` over the whole reading, without sign: brighter minus
    darker is the signed grid, and the sum over bins counts events.

    >>> from stillage_events.reading import events_of
    >>> events = events_of([0, 0], [0, 0], [0, 4], [1, 0], 1, 1)
    >>> polar_grid(events, 2).reshape(2, 2).round(2).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    out = np.zeros((2, bins, events.height, events.width), np.float32)
    scale = (bins - 1) / max(events.duration - 1, 1)
    _polar(events.x, events.y, events.t, events.p, scale, out)
    return out


def time_surface(events: Events, tau_us: float, at: float | None = None) -> NDArray[np.float32]:
    """Exponential time surface, float32 ``(2, height, width)``: darker, then brighter.

    ``exp(-(at - t) / tau)`` of the last event at or before ``at`` (us; default: the last
    event's time) of each pixel and polarity, 0 where there was none (Lagorce et al., PAMI 2017).

    >>> from stillage_events.reading import events_of
    >>> events = events_of([0, 1], [0, 0], [0, 1000], [1, 1], 2, 1)
    >>> time_surface(events, 1000.0)[1].round(3).tolist()
    [[0.36800000071525574, 1.0]]
    """
    if at is None:
        at = float(events.t[-1]) if len(events.t) else 0.0
    last = np.full((2, events.height, events.width), -np.inf)
    _last(events.x, events.y, events.t, events.p, at, last)
    return np.asarray(np.exp((last - at) / tau_us), np.float32)
