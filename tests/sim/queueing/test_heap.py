"""The calendar behaves as heapq does on (time, order) tuples."""

from __future__ import annotations

import heapq

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stillage_sim.engine import kernel
from stillage_sim.queueing.heap import Heap, clear, new_heap, next_time, pop, push

PUSHES = st.one_of(st.none(), st.integers(0, 4).map(float), st.floats(0, 1e9))


@kernel
def replay(heap: Heap, times: np.ndarray, popped: np.ndarray) -> None:
    """Push where a time is given, pop where it is NaN."""
    for r in range(times.shape[0]):
        for k in range(times.shape[1]):
            if times[r, k] != times[r, k]:
                popped[r, k] = pop(heap, r)
            else:
                push(heap, r, times[r, k], k)


def expected(times: np.ndarray, capacity: int) -> list[int]:
    pending: list[tuple[float, int]] = []
    out = []
    for k, time in enumerate(times):
        out.append(-2)
        if np.isnan(time):
            out[-1] = heapq.heappop(pending)[1] if pending else -1
        elif len(pending) < capacity:
            heapq.heappush(pending, (time, k))
    return out


@given(st.lists(PUSHES, min_size=1, max_size=60), st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_as_heapq(steps: list[float | None], capacity: int) -> None:
    one = np.array([np.nan if step is None else step for step in steps])
    both = np.stack([one, one[::-1]])
    popped = np.full(both.shape, -2)
    replay(new_heap(2, capacity), both, popped)
    assert popped[0].tolist() == expected(one, capacity)
    assert popped[1].tolist() == expected(one[::-1], capacity)


def test_same_time_leaves_in_order_of_entry() -> None:
    times = np.array([[1.0] * 50 + [np.nan] * 50])
    popped = np.full(times.shape, -2)
    replay(new_heap(1, 50), times, popped)
    assert popped[0, 50:].tolist() == list(range(50))


def test_full_and_empty() -> None:
    heap = new_heap(1, 2)
    assert [push(heap, 0, 1.0, k) for k in range(3)] == [True, True, False]
    clear(heap, 0)
    assert pop(heap, 0) == -1
    assert next_time(heap, 0) == np.inf
