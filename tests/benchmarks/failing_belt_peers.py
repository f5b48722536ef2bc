"""The belt of failing machines outside our engine: in SimPy, and with plain ``heapq``.

Both are the model of :func:`stillage_sim.queueing.belt.belt`, written as well as each tool allows:
no interrupts, since a machine that fails only while it works knows when. ``luck(machine,
purpose)`` gives a time, so that a test can hand all of them the same.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from stillage_sim.queueing.arrays import ARRIVAL, LIFE, REPAIR, SERVICE

Luck = Callable[[int, int], float]


@dataclass
class Tally:
    """Items that came, fell off and left, their total time on the belt, failures, and events."""

    arrived: int = 0
    lost: int = 0
    left: int = 0
    sojourn: float = 0.0
    failed: int = 0
    done: int = 0

    @property
    def events(self) -> int:
        """Arrivals, ends of work, failures and repairs: the same for every implementation."""
        return self.arrived + self.done + 2 * self.failed


def default_luck(seed: int) -> Luck:
    """The laws of the default belt, from Python's own generator."""
    rng = random.Random(seed)
    draws = {
        ARRIVAL: lambda: rng.expovariate(1 / 1.25),
        SERVICE: lambda: 0.5 + rng.random(),
        LIFE: lambda: rng.expovariate(1 / 100.0),
        REPAIR: lambda: rng.expovariate(1 / 5.0),
    }
    return lambda machine, purpose: draws[purpose]()


def in_simpy(luck: Luck, horizon: float, machines: int = 4, buffer: int = 10) -> Tally:
    """One process for the source and one for each machine, stores between them."""
    import simpy

    env, tally = simpy.Environment(), Tally()
    boxes = [simpy.Store(env, buffer) for _ in range(machines)]

    def source() -> Generator[Any, Any, None]:
        while True:
            yield env.timeout(luck(0, ARRIVAL))
            tally.arrived += 1
            if len(boxes[0].items) < buffer:
                boxes[0].put(env.now)
            else:
                tally.lost += 1

    def machine(j: int) -> Generator[Any, Any, None]:
        life = luck(j, LIFE)
        while True:
            entered = yield boxes[j].get()
            work = luck(j, SERVICE)
            while life < work:
                yield env.timeout(life)
                tally.failed += 1
                work -= life
                yield env.timeout(luck(j, REPAIR))
                life = luck(j, LIFE)
            yield env.timeout(work)
            life -= work
            tally.done += 1
            if j + 1 < machines:
                yield boxes[j + 1].put(entered)
            else:
                tally.left += 1
                tally.sojourn += float(env.now - entered)

    env.process(source())
    for j in range(machines):
        env.process(machine(j))
    env.run(until=horizon)
    return tally


class HeapqBelt:
    """The same with a list of tuples and ``heapq``; machine -1 is the source."""

    def __init__(self, luck: Luck, machines: int = 4, buffer: int = 10) -> None:
        self.luck, self.last, self.buffer = luck, machines - 1, buffer
        self.queues: list[deque[float]] = [deque() for _ in range(machines)]
        self.item: list[float | None] = [None] * machines
        self.work, self.life = [0.0] * machines, [luck(j, LIFE) for j in range(machines)]
        self.blocked, self.repaired = [False] * machines, [False] * machines
        self.calendar: list[tuple[float, int, int]] = [(luck(0, ARRIVAL), 0, -1)]
        self.number, self.tally = 1, Tally()

    def plan(self, time: float, j: int) -> None:
        heapq.heappush(self.calendar, (time, self.number, j))
        self.number += 1

    def proceed(self, now: float, j: int) -> None:
        """Work until the item is done or the machine fails."""
        self.plan(now + min(self.work[j], self.life[j]), j)

    def begin(self, now: float, j: int, entered: float) -> None:
        self.item[j] = entered
        self.work[j] = self.luck(j, SERVICE)
        self.proceed(now, j)

    def offer(self, now: float, j: int, entered: float) -> bool:
        """Whether machine j or its buffer takes the item."""
        if self.item[j] is None:
            self.begin(now, j, entered)
        elif len(self.queues[j]) < self.buffer:
            self.queues[j].append(entered)
        else:
            return False
        return True

    def free(self, now: float, j: int) -> None:
        """Machine j has given its item away: its next, and the place for one before it."""
        while True:
            self.item[j], self.blocked[j] = None, False
            if not self.queues[j]:
                return
            self.begin(now, j, self.queues[j].popleft())
            if j == 0 or not self.blocked[j - 1]:
                return
            self.queues[j].append(self.item[j - 1] or 0.0)
            j -= 1

    def happen(self, now: float, j: int) -> None:
        """One event."""
        if j < 0:
            self.tally.arrived += 1
            self.tally.lost += not self.offer(now, 0, now)
            self.plan(now + self.luck(0, ARRIVAL), -1)
        elif self.repaired[j]:
            self.repaired[j] = False
            self.life[j] = self.luck(j, LIFE)
            self.proceed(now, j)
        elif self.life[j] < self.work[j]:
            self.tally.failed += 1
            self.work[j] -= self.life[j]
            self.repaired[j] = True
            self.plan(now + self.luck(j, REPAIR), j)
        else:
            self.life[j] -= self.work[j]
            self.tally.done += 1
            entered = self.item[j] or 0.0
            if j == self.last:
                self.tally.left += 1
                self.tally.sojourn += now - entered
                self.free(now, j)
            elif self.offer(now, j + 1, entered):
                self.free(now, j)
            else:
                self.blocked[j] = True


def in_heapq(luck: Luck, horizon: float, machines: int = 4, buffer: int = 10) -> Tally:
    """Run a :class:`HeapqBelt` to its horizon."""
    belt = HeapqBelt(luck, machines, buffer)
    while belt.calendar[0][0] <= horizon:
        now, _, j = heapq.heappop(belt.calendar)
        belt.happen(now, j)
    return belt.tally
