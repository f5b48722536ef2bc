"""Keep a calendar of future events: a binary heap in arrays, one for each replica.

Events leave by (time, order of entry), so events at the same time leave first in, first out,
as with ``heapq`` on tuples ``(time, count, what)``. A heap has a fixed capacity: a model that
bounds its pending events (an arrival for each source, one event for each server) never fills it.
Insertion and removal are those of Williams (1964), *Algorithm 232: Heapsort*.

>>> heap = new_heap(replicas=1, capacity=4)
>>> [push(heap, 0, time, what) for time, what in ((2.0, 7), (1.0, 8), (2.0, 9))]
[True, True, True]
>>> [(next_time(heap, 0), int(pop(heap, 0))) for _ in range(3)]
[(1.0, 8), (2.0, 7), (2.0, 9)]
>>> next_time(heap, 0), pop(heap, 0)
(inf, -1)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage_sim.engine import compiled

NEVER = np.inf


class Heap(NamedTuple):
    """The pending events of R replicas; the replica axis of each array comes first.

    ``time`` float64 (R, C) in the model's unit; ``order`` int64 (R, C), the number of entry;
    ``what`` int64 (R, C), the model's own code (>= 0); ``size`` and ``entered`` int64 (R,).
    """

    time: NDArray[np.float64]
    order: NDArray[np.int64]
    what: NDArray[np.int64]
    size: NDArray[np.int64]
    entered: NDArray[np.int64]


def new_heap(replicas: int, capacity: int) -> Heap:
    """Make empty calendars for R replicas, each with room for ``capacity`` pending events."""
    return Heap(
        time=np.zeros((replicas, capacity)),
        order=np.zeros((replicas, capacity), np.int64),
        what=np.zeros((replicas, capacity), np.int64),
        size=np.zeros(replicas, np.int64),
        entered=np.zeros(replicas, np.int64),
    )


@compiled
def clear(heap: Heap, r: int) -> None:
    """Forget all pending events of replica r, and the count of entries."""
    heap.size[r] = 0
    heap.entered[r] = 0


@compiled
def next_time(heap: Heap, r: int) -> float:
    """Return when the next event of replica r is due; infinity if there is none."""
    due: float = heap.time[r, 0] if heap.size[r] > 0 else NEVER
    return due


@compiled
def put(heap: Heap, r: int, spot: int, time: float, order: int, what: int) -> None:
    """Write one entry."""
    heap.time[r, spot] = time
    heap.order[r, spot] = order
    heap.what[r, spot] = what


@compiled
def copy(heap: Heap, r: int, source: int, spot: int) -> None:
    """Copy one entry over another."""
    heap.time[r, spot] = heap.time[r, source]
    heap.order[r, spot] = heap.order[r, source]
    heap.what[r, spot] = heap.what[r, source]


@compiled
def before(heap: Heap, r: int, spot: int, time: float, order: int) -> bool:
    """Tell whether the entry at ``spot`` leaves before an event of that time and order."""
    at = heap.time[r, spot]
    earlier: bool = at < time or (at == time and heap.order[r, spot] < order)
    return earlier


@compiled
def push(heap: Heap, r: int, time: float, what: int) -> bool:
    """Enter an event; False, and nothing entered, if the calendar is full."""
    spot = heap.size[r]
    if spot >= heap.time.shape[1]:
        return False
    order = heap.entered[r]
    heap.entered[r] = order + 1
    heap.size[r] = spot + 1
    # A new event has the highest order: it passes only those that are strictly later.
    while spot > 0 and heap.time[r, (spot - 1) >> 1] > time:
        copy(heap, r, (spot - 1) >> 1, spot)
        spot = (spot - 1) >> 1
    put(heap, r, spot, time, order, what)
    return True


@compiled
def pop(heap: Heap, r: int) -> int:
    """Remove the next event and give its code; -1 if there is none."""
    if heap.size[r] == 0:
        return -1
    found: int = heap.what[r, 0]
    last = heap.size[r] - 1
    heap.size[r] = last
    time, order, what = heap.time[r, last], heap.order[r, last], heap.what[r, last]
    spot = 0
    child = 1
    while child < last:
        if child + 1 < last and before(
            heap, r, child + 1, heap.time[r, child], heap.order[r, child]
        ):
            child += 1
        if not before(heap, r, child, time, order):
            break
        copy(heap, r, child, spot)
        spot = child
        child = 2 * spot + 1
    put(heap, r, spot, time, order, what)
    return found
