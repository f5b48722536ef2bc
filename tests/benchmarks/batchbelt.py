"""A belt that carries batches of two materials to a sorter: speed against accuracy.

Each step a batch moves one station on (input, belt, sorter, stores), and an action sets the
belt's speed, one of ten. A fast belt earns more, but a load above the speed's limit is sorted
less accurately. The dynamics are those published as *SortingEnv: An Extendable RL-Environment for
an Industrial Sorting Process* (Maus et al.), its simple environment with random input, written
anew as scalar stages; units of material are integers, so that mass is kept exactly.

>>> belt = BatchBelt()
>>> state, view = new_belts(belt, replicas=2, seed=1)
>>> with wrapping():
...     step_belts(belt, state, np.array([4, 4]), view)
>>> state.stores[0].sum(), int(state.step[0])
(np.int64(100), 1)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage import counter
from stillage_sim.engine import compiled, kernel, wrapping
from stillage_sim.engine.randomness import below, draw, fold, high, low

__all__ = ["BatchBelt", "BeltState", "BeltView", "new_belts", "roll_belts", "step_belts"]
__all__ += ["wrapping"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

STREAM_INPUT, STREAM_NOISE, STREAM_ACTION = 1, 2, 3
UNIT_32 = 2.0**-32
INPUT, BELT, SORTER = 0, 1, 2
RIGHT, WRONG = 0, 1
SPEEDS = 10


class BatchBelt(NamedTuple):
    """Numbers that do not change; loads in units of material, 100 units fill the belt.

    A load up to ``100 - 10 * action`` is sorted at full accuracy, and every unit beyond costs
    ``slope / 100``; ``noise_low`` to ``noise_high`` is lost in any case. Below ``threshold``
    a step costs ``penalty_low``; a change of speed costs ``penalty_change``.
    """

    least: int = 5
    most: int = 95
    slope: float = 3.0
    noise_low: float = 0.1
    noise_high: float = 0.15
    sensor: float = 0.2
    threshold: float = 0.8
    weight_speed: float = 0.5
    weight_accuracy: float = 0.5
    penalty_change: float = 0.3
    penalty_low: float = 0.1
    steps: int = 50


class BeltState(NamedTuple):
    """What changes, replica axis first.

    ``prefix``, ``mirror`` uint64 (R,); ``step`` int64 (R,) since the start, ``clock`` since the
    episode's; ``load`` int64 (R, 3, 2) by station and material; ``stores`` int64 (R, 2, 2) by
    material and RIGHT or WRONG; ``accuracy`` float64 (R, 2) of the batches on belt and sorter;
    ``speed`` int64 (R,), the last action.
    """

    prefix: NDArray[np.uint64]
    mirror: NDArray[np.uint64]
    step: Ints
    clock: Ints
    load: Ints
    stores: Ints
    accuracy: Floats
    speed: Ints


class BeltView(NamedTuple):
    """What a step shows: ``load`` float32 (R, 1) seen, ``reward`` (R,), ``over`` bool (R,)."""

    load: NDArray[np.float32]
    reward: Floats
    over: NDArray[np.bool_]


@compiled
def start_stage(state: BeltState, r: int) -> None:
    """The first batches of an episode, and empty stores."""
    state.clock[r] = 0
    state.stores[r] = 0
    state.speed[r] = 5
    state.accuracy[r] = 0.75
    state.load[r, INPUT, 0], state.load[r, INPUT, 1] = 30, 50
    state.load[r, BELT, 0], state.load[r, BELT, 1] = 40, 20
    state.load[r, SORTER, 0], state.load[r, SORTER, 1] = 75, 25


@compiled
def sort_stage(state: BeltState, r: int) -> None:
    """Sort the batch in the sorter: whole units, the rest goes wrong."""
    for material in range(2):
        amount = state.load[r, SORTER, material]
        right = np.int64(amount * state.accuracy[r, 1])
        state.stores[r, material, RIGHT] += right
        state.stores[r, material, WRONG] += amount - right


@compiled
def move_stage(belt: BatchBelt, state: BeltState, r: int, bits: np.uint64) -> None:
    """Move every batch on, and feed a new one: its size, then its share, uniform."""
    total = belt.least + below(high(bits), belt.most - belt.least + 1)
    first = below(low(bits), int(total) + 1)
    for material in range(2):
        state.load[r, SORTER, material] = state.load[r, BELT, material]
        state.load[r, BELT, material] = state.load[r, INPUT, material]
    state.load[r, INPUT, 0] = first
    state.load[r, INPUT, 1] = total - first
    state.accuracy[r, 1] = state.accuracy[r, 0]


@compiled
def speed_stage(belt: BatchBelt, state: BeltState, r: int, action: int, u: float) -> float:
    """Set the speed, and with it the accuracy of the batch on the belt; the reward."""
    changed = action != state.speed[r]
    state.speed[r] = action
    excess = state.load[r, BELT, 0] + state.load[r, BELT, 1] - (100 - 10 * action)
    accuracy = 1.0 if excess <= 0 else max(1.0 - excess * belt.slope / 100.0, 0.0)
    accuracy -= belt.noise_low + (belt.noise_high - belt.noise_low) * u
    accuracy = max(accuracy, 0.0)
    state.accuracy[r, 0] = accuracy
    if accuracy < belt.threshold:
        return -belt.penalty_low
    reward = belt.weight_accuracy * (accuracy - belt.threshold) / (1.0 - belt.threshold)
    reward += belt.weight_speed * action / (SPEEDS - 1.0)
    return reward - (belt.penalty_change if changed else 0.0)


@compiled
def sense_stage(belt: BatchBelt, state: BeltState, r: int, u: float) -> float:
    """The load of the next batch as the sensor shows it: hundredths of the belt, 0 to 1."""
    load = float(state.load[r, INPUT, 0] + state.load[r, INPUT, 1])
    load *= 1.0 + belt.sensor * (2.0 * u - 1.0)
    return np.int64(min(load, 100.0) + 0.5) / 100.0


@compiled
def belt_stage(
    belt: BatchBelt, state: BeltState, r: int, action: int, now: np.uint64, view: BeltView
) -> None:
    """One step of replica r; an episode that was over starts anew first."""
    if state.clock[r] == belt.steps:
        start_stage(state, r)
    mirror = state.mirror[r]
    sort_stage(state, r)
    move_stage(belt, state, r, draw(now, STREAM_INPUT, 0) ^ mirror)
    action = min(max(action, 0), SPEEDS - 1)
    noise = draw(now, STREAM_NOISE, 0) ^ mirror  # half of the bits for each of two noises
    view.reward[r] = speed_stage(belt, state, r, action, np.float64(high(noise)) * UNIT_32)
    view.load[r, 0] = sense_stage(belt, state, r, np.float64(low(noise)) * UNIT_32)
    state.step[r] += 1
    state.clock[r] += 1
    view.over[r] = state.clock[r] == belt.steps


@kernel
def step_belts(belt: BatchBelt, state: BeltState, actions: np.ndarray, view: BeltView) -> None:
    """One step of every replica; ``actions`` int64 (R,), 0 the slowest speed, 9 the fastest."""
    for r in range(actions.shape[0]):
        now = fold(state.prefix[r], np.uint64(state.step[r]))
        belt_stage(belt, state, r, actions[r], now, view)


@kernel
def roll_belts(
    belt: BatchBelt, state: BeltState, total: np.ndarray, view: BeltView, steps: int
) -> None:
    """``steps`` steps with random actions, fused; adds the rewards to ``total`` (R,)."""
    for r in range(total.shape[0]):
        for _ in range(steps):
            now = fold(state.prefix[r], np.uint64(state.step[r]))
            action = int(below(high(draw(now, STREAM_ACTION, 0)), SPEEDS))
            belt_stage(belt, state, r, action, now, view)
            total[r] += view.reward[r]


@kernel
def start_belts(state: BeltState) -> None:
    """Begin an episode in every replica."""
    for r in range(state.step.shape[0]):
        state.step[r] = 0
        start_stage(state, r)


def new_belts(belt: BatchBelt, replicas: int, seed: int) -> tuple[BeltState, BeltView]:
    """R replicas at the start of an episode, and the arrays that their steps are shown in."""
    state = BeltState(
        prefix=np.asarray(counter.bits(seed, np.arange(replicas), 0)),
        mirror=np.zeros(replicas, np.uint64),
        step=np.zeros(replicas, np.int64),
        clock=np.zeros(replicas, np.int64),
        load=np.zeros((replicas, 3, 2), np.int64),
        stores=np.zeros((replicas, 2, 2), np.int64),
        accuracy=np.zeros((replicas, 2)),
        speed=np.zeros(replicas, np.int64),
    )
    start_belts(state)
    view = BeltView(
        load=np.zeros((replicas, 1), np.float32),
        reward=np.zeros(replicas),
        over=np.zeros(replicas, np.bool_),
    )
    return state, view
