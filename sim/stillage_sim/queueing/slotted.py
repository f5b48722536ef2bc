"""Simulate queues and lines in equal slots of time, by chances instead of times.

Only + - x /, comparisons and the integer hash occur here, as everywhere in the stepped engine,
so that compiled and interpreted runs agree to the last bit. ``Geo/Geo/1`` with slots of length d
converges to M/M/1 as d goes to 0; the Bernoulli line is the slotted tandem line.

>>> line = BernoulliLine(up=np.array([0.9, 0.9]), buffer=np.array([5]))
>>> bool(abs(simulate_bernoulli_line(line, 2000, warm_up=50, replicas=4).mean() - 0.88235) < 0.05)
True
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage import counter
from stillage.errors import BadInput
from stillage_sim.engine import compiled, kernel, wrapping
from stillage_sim.engine.randomness import draw, fold, fraction

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

STREAM_ARRIVAL, STREAM_SERVICE, STREAM_UP = 1, 2, 3


class SlottedQueue(NamedTuple):
    """A Geo/Geo/1 queue: chances of an arrival and of an end of service in a slot."""

    arrival: float
    service: float


class QueueSlots(NamedTuple):
    """The state and the sums of R queues: ``prefix``, ``mirror`` uint64, the rest int64 (R,).

    ``number`` in the system; sums over slots ``area`` of the number at their ends, ``busy`` slots
    that began with somebody in service, ``arrived`` and ``left``.
    """

    prefix: NDArray[np.uint64]
    mirror: NDArray[np.uint64]
    number: Ints
    area: Ints
    busy: Ints
    arrived: Ints
    left: Ints


class BernoulliLine(NamedTuple):
    """A line of M machines: ``up`` float64 (M,) chances, ``buffer`` int64 (M - 1,) places.

    A chance is that of being up in a slot.
    """

    up: Floats
    buffer: Ints


@compiled
def _queue_stage(
    queue: SlottedQueue, state: QueueSlots, r: int, now: np.uint64, mirror: np.uint64
) -> None:
    """Play one slot: the item in service may leave, then one may arrive."""
    served = fraction(draw(now, STREAM_SERVICE, 0) ^ mirror) < queue.service
    came = fraction(draw(now, STREAM_ARRIVAL, 0) ^ mirror) < queue.arrival
    if state.number[r] > 0:
        state.busy[r] += 1
        if served:
            state.number[r] -= 1
            state.left[r] += 1
    if came:
        state.number[r] += 1
        state.arrived[r] += 1
    state.area[r] += state.number[r]


@compiled
def _line_stage(
    line: BernoulliLine, stock: np.ndarray, r: int, now: np.uint64, mirror: np.uint64
) -> int:
    """Play one slot of a Bernoulli line; return 1 if an item left it.

    ``stock`` is int64 (R, M - 1).

    Machines act from the last to the first, so that a place which is freed in a slot is used in
    the same slot, and an item that enters a buffer leaves it in the next slot at the earliest.
    """
    last = line.up.shape[0] - 1
    left = 0
    for reverse in range(last + 1):
        m = last - reverse
        if fraction(draw(now, STREAM_UP, m) ^ mirror) >= line.up[m]:
            continue
        starved = m > 0 and stock[r, max(m - 1, 0)] == 0
        blocked = m < last and stock[r, min(m, last - 1)] >= line.buffer[min(m, last - 1)]
        if starved or blocked:
            continue
        if m > 0:
            stock[r, m - 1] -= 1
        if m < last:
            stock[r, m] += 1
        else:
            left = 1
    return left


@kernel
def _run_queues(queue: SlottedQueue, state: QueueSlots, first: int, last: int) -> None:
    """Run every replica through the slots ``first`` to ``last`` - 1."""
    for r in range(state.number.shape[0]):
        for step in range(first, last):
            now = fold(state.prefix[r], np.uint64(step))
            _queue_stage(queue, state, r, now, state.mirror[r])


@kernel
def _run_lines(
    line: BernoulliLine, stock: np.ndarray, prefix: np.ndarray, left: np.ndarray, slots: np.ndarray
) -> None:
    """Run every replica through the slots ``slots[0]`` to ``slots[1]`` - 1; add up ``left``."""
    for r in range(stock.shape[0]):
        for step in range(slots[0], slots[1]):
            now = fold(prefix[r], np.uint64(step))
            left[r] += _line_stage(line, stock, r, now, np.uint64(0))


def _check(slots: int, warm_up: int, replicas: int) -> None:
    """Raise BadInput for spans that cannot be."""
    if not 0 <= warm_up < slots or replicas < 1:
        raise BadInput(
            "slots", f"{warm_up} to {slots}, {replicas} replicas", "0 <= warm-up < slots"
        )


def simulate_slotted_queue(
    rate: float,
    service_rate: float,
    slot: float,
    slots: int,
    warm_up: int = 0,
    replicas: int = 32,
    seed: int = 0,
) -> QueueSlots:
    """Simulate Geo/Geo/1 with chances ``rate * slot`` and ``service_rate * slot``.

    Sums are taken after the warm-up.

    Raises
    ------
    BadInput
        If a chance is not in (0, 1], or the queue would grow for ever.
    """
    _check(slots, warm_up, replicas)
    arrival, service = rate * slot, service_rate * slot
    if not 0.0 < arrival < service <= 1.0:
        raise BadInput("slot", f"chances {arrival:g}, {service:g}", "0 < arrival < service <= 1")
    zeros = [np.zeros(replicas, np.int64) for _ in range(5)]
    prefix = np.asarray(counter.bits(seed, np.arange(replicas), 0))
    state = QueueSlots(prefix, np.zeros(replicas, np.uint64), *zeros)
    queue = SlottedQueue(arrival, service)
    with wrapping():
        _run_queues(queue, state, 0, warm_up)
        for sums in (state.area, state.busy, state.arrived, state.left):
            sums[:] = 0
        _run_queues(queue, state, warm_up, slots)
    return state


def slotted_wait(
    rate: float, service_rate: float, slot: float, slots: int, warm_up: int = 0, **how: int
) -> Floats:
    """Compute the mean time in the queue, (R,): Little's law on :func:`simulate_slotted_queue`."""
    state = simulate_slotted_queue(rate, service_rate, slot, slots, warm_up, **how)
    number = state.area / (slots - warm_up)
    return np.asarray(number / rate - 1.0 / service_rate)


def simulate_bernoulli_line(
    line: BernoulliLine, slots: int, warm_up: int = 0, replicas: int = 32, seed: int = 0
) -> Floats:
    """Simulate a Bernoulli line: items per slot of each replica, (R,), after the warm-up.

    Raises
    ------
    BadInput
        For shapes, chances or places that cannot be.
    """
    _check(slots, warm_up, replicas)
    up, buffer = np.asarray(line.up, np.float64), np.asarray(line.buffer, np.int64)
    if up.ndim != 1 or up.size < 2 or buffer.shape != (up.size - 1,):
        raise BadInput("line", f"{up.shape}, {buffer.shape}", "machines (M,), buffers (M - 1,)")
    if not ((up > 0.0) & (up <= 1.0)).all() or buffer.min() < 1:
        raise BadInput("line", "a chance or a buffer", "0 < chance <= 1, at least 1 place")
    line = BernoulliLine(up, buffer)
    stock = np.zeros((replicas, buffer.size), np.int64)
    left = np.zeros(replicas, np.int64)
    prefix = np.asarray(counter.bits(seed, np.arange(replicas), 0))
    with wrapping():
        _run_lines(line, stock, prefix, left, np.array([0, warm_up]))
        left[:] = 0
        _run_lines(line, stock, prefix, left, np.array([warm_up, slots]))
    return np.asarray(left / (slots - warm_up))
