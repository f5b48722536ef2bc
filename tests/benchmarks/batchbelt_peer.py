"""SortingEnv's simple environment, re-implemented in plain Python and NumPy.

The original (T. Maus, 2024, github.com/Storm-131/2024_Sorting_Env, MIT) is research code that is
no package, so it cannot be installed as a peer. This does what the original's step does, in the
same order and with draws of the same kind, but is written anew and leaves out its plotting data:
it runs somewhat faster, so it is the harder peer; and a second opinion on our stages.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

SPEEDS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
LIMITS = dict(zip(SPEEDS, [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1], strict=True))


class Luck(Protocol):
    """What is drawn in a step, in order: a batch, then the noises of accuracy and sensor."""

    def batch(self) -> tuple[int, int]: ...

    def uniform(self, low: float, high: float) -> float: ...


class NumpyLuck:
    """Draws of NumPy: a size of 5 to 95, and a share of it."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def batch(self) -> tuple[int, int]:
        total = int(self.rng.integers(5, 96))
        first = int(self.rng.integers(0, total + 1))
        return first, total - first

    def uniform(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))


class BatchBeltEnv:
    """One belt: ``reset()`` and ``step(action)`` as in Gymnasium."""

    def __init__(self, luck: Luck) -> None:
        self.luck = luck
        self.reset()

    def reset(self) -> tuple[np.ndarray, dict[str, Any]]:
        self.waiting, self.carried, self.sorted = (30, 50), (40, 20), (75, 25)
        self.accuracy_belt = self.accuracy_sorter = 0.75
        self.speed = 0.6
        self.stores = [[0, 0], [0, 0]]
        self.clock = 0
        return self.observe(), {}

    def observe(self) -> np.ndarray:
        load = sum(self.waiting) / 100
        load += load * self.luck.uniform(-0.2, 0.2)
        return np.array([round(max(0.0, min(load, 1.0)), 2)], np.float32)

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        for store, amount in zip(self.stores, self.sorted, strict=True):
            right = int(amount * self.accuracy_sorter)
            store[0] += right
            store[1] += amount - right
        self.sorted, self.carried = self.carried, self.waiting
        self.waiting = self.luck.batch()
        self.accuracy_sorter = self.accuracy_belt
        before, self.speed = self.speed, SPEEDS[action]
        excess = sum(self.carried) / 100 - LIMITS[self.speed]
        accuracy = 1.0 if excess <= 0 else max(0.0, 1.0 - 3.0 * excess)
        self.accuracy_belt = max(0.0, accuracy - self.luck.uniform(0.1, 0.15))
        reward = self.reward(changed=self.speed != before)
        seen = self.observe()
        self.clock += 1
        return seen, reward, self.clock >= 50, False, {}

    def reward(self, changed: bool) -> float:
        if self.accuracy_belt < 0.8:
            return -0.1
        accurate = (self.accuracy_belt - 0.8) / (1.0 - 0.8)
        quick = (self.speed - 0.1) / 0.9
        return 0.5 * accurate + 0.5 * quick - (0.3 if changed else 0.0)
