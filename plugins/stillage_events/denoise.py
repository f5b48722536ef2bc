"""Leaves out events that are likely noise: alone in space and time, or too soon after another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.compiled import compiled
from stillage_events.reading import Events, check_inside


@compiled
def _supported(x: Any, y: Any, t: Any, last: Any, within: int, keep: Any) -> None:
    for i in range(len(x)):
        row, column = y[i] + 1, x[i] + 1  # `last` has a margin of one pixel
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                if (dy != 0 or dx != 0) and t[i] - last[row + dy, column + dx] <= within:
                    keep[i] = True
        last[row, column] = t[i]


@compiled
def _rested(x: Any, y: Any, t: Any, last: Any, dead: int, keep: Any) -> None:
    for i in range(len(x)):
        if t[i] - last[y[i], x[i]] >= dead:
            keep[i] = True
            last[y[i], x[i]] = t[i]


_NEVER = -(2**62)
"""Time before all others, whose differences still fit 64 bits (:data:`reading.MAX_TIME`)."""


def neighbours(events: Events, within_us: int = 10_000) -> NDArray[np.bool_]:
    """Mark events (n,) that one of the 8 neighbouring pixels supports.

    The nearest-neighbour filter: an event stays if a neighbour (either polarity; also one that
    is itself dropped) had an event at most ``within_us`` before it (Delbruck, "Frame-free
    dynamic digital vision", 2008).

    >>> from stillage_events.reading import events_of
    >>> neighbours(events_of([1, 2, 9], [1, 1, 9], [0, 5, 6], [1, 0, 1], 16, 16)).tolist()
    [False, True, False]
    """
    check_inside(events)
    keep = np.zeros(len(events.t), np.bool_)
    last = np.full((events.height + 2, events.width + 2), _NEVER, np.int64)
    _supported(events.x, events.y, events.t, last, int(within_us), keep)
    return keep


def rested(events: Events, dead_us: int = 1_000) -> NDArray[np.bool_]:
    """Mark events (n,) at least ``dead_us`` after the pixel's last kept one (refractory period).

    >>> from stillage_events.reading import events_of
    >>> rested(events_of([1, 1, 1], [1, 1, 1], [0, 5, 12], [1, 0, 1], 4, 4), 10).tolist()
    [True, False, True]
    """
    check_inside(events)
    keep = np.zeros(len(events.t), np.bool_)
    last = np.full((events.height, events.width), _NEVER, np.int64)
    _rested(events.x, events.y, events.t, last, int(dead_us), keep)
    return keep


def kept(events: Events, keep: NDArray[np.bool_]) -> Events:
    """Take the events where ``keep`` (n,) is true, in the same frame."""
    return events._replace(x=events.x[keep], y=events.y[keep], t=events.t[keep], p=events.p[keep])


def denoised(events: Events, within_us: int = 10_000, dead_us: int = 1_000) -> Events:
    """Keep events that are rested, and of these those that a neighbour supports.

    A time of 0 leaves its filter out.
    """
    if dead_us:
        events = kept(events, rested(events, dead_us))
    return kept(events, neighbours(events, within_us)) if within_us else events
