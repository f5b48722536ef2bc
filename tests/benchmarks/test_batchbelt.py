"""The belt of batches: equal to an independent implementation, exact in mass, reproducible."""

from __future__ import annotations

import numpy as np
import pytest

from stillage import counter
from tests.benchmarks.batchbelt import (
    STREAM_INPUT,
    STREAM_NOISE,
    BatchBelt,
    new_belts,
    roll_belts,
    step_belts,
    wrapping,
)
from tests.benchmarks.batchbelt_peer import BatchBeltEnv, NumpyLuck
from tests.sim.interpreted import interpreted

SEED, STEPS = 5, 230


class CountedLuck:
    """The same draws as the stages make, from their coordinates."""

    def __init__(self, replica: int) -> None:
        self.replica, self.number = replica, -1

    def batch(self) -> tuple[int, int]:
        self.number += 1
        bits = int(counter.bits(SEED, self.replica, 0, self.number, STREAM_INPUT, 0))
        total = 5 + ((bits >> 32) * 91 >> 32)
        first = (bits & 0xFFFFFFFF) * (total + 1) >> 32
        return first, total - first

    def uniform(self, low: float, high: float) -> float:
        number = max(self.number, 0)  # an observation at a reset is not compared
        bits = int(counter.bits(SEED, self.replica, 0, number, STREAM_NOISE, 0))
        part = bits >> 32 if low > 0 else bits & 0xFFFFFFFF  # accuracy, sensor
        return low + (high - low) * part * 2.0**-32


def actions_of(replicas: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 10, (STEPS, replicas))


def test_equals_an_independent_implementation() -> None:
    """Over several episodes: rewards, observations, stores, ends."""
    replicas = 3
    actions, belt = actions_of(replicas), BatchBelt()
    state, view = new_belts(belt, replicas, SEED)
    peers = [BatchBeltEnv(CountedLuck(r)) for r in range(replicas)]
    for step in range(STEPS):
        with wrapping():
            step_belts(belt, state, actions[step], view)
        for r, peer in enumerate(peers):
            seen, reward, over, _, _ = peer.step(int(actions[step, r]))
            assert view.reward[r] == pytest.approx(reward, abs=1e-12)
            assert view.load[r, 0] == pytest.approx(seen[0], abs=0.0101)  # rounding at a half
            assert bool(view.over[r]) is over
            assert np.abs(state.stores[r] - peer.stores).max() <= 1  # a product next to a whole
            if over:
                peer.reset()
    assert state.step.tolist() == [STEPS] * replicas


def test_same_mean_reward_as_with_numpys_luck() -> None:
    belt, steps = BatchBelt(), 2_000
    state, view = new_belts(belt, 64, 1)
    total = np.zeros(64)
    with wrapping():
        roll_belts(belt, state, total, view, steps)
    peer = BatchBeltEnv(NumpyLuck(3))
    rewards = []
    for action in np.random.default_rng(3).integers(0, 10, 20_000).tolist():
        _, reward, over, _, _ = peer.step(action)
        rewards.append(reward)
        if over:
            peer.reset()
    error = np.std(rewards) / np.sqrt(len(rewards))
    assert abs((total / steps).mean() - np.mean(rewards)) < 4 * error


def test_mass_is_exact() -> None:
    belt = BatchBelt(steps=1_000)
    state, view = new_belts(belt, 8, 3)
    fed = state.load.sum((1, 2))
    for step in range(200):
        with wrapping():
            step_belts(belt, state, np.full(8, step % 10), view)
        fed += state.load[:, 0].sum(1)
        assert (state.load.sum((1, 2)) + state.stores.sum((1, 2)) == fed).all()
    assert state.stores.min() >= 0


def test_actions_beyond_the_speeds_are_the_nearest() -> None:
    belt = BatchBelt()
    rewards = []
    for actions in ([-5, 99], [0, 9]):
        state, view = new_belts(belt, 2, 3)
        with wrapping():
            step_belts(belt, state, np.array(actions), view)
        rewards.append(view.reward.tolist())
    assert rewards[0] == rewards[1]


def test_mirrored_luck() -> None:
    belt = BatchBelt()
    state, view = new_belts(belt, 2, 3)
    state.prefix[1] = state.prefix[0]
    state.mirror[1] = np.uint64(2**64 - 1)
    with wrapping():
        step_belts(belt, state, np.zeros(2, np.int64), view)
    assert abs(state.load[:, 0].sum() - 100) <= 1  # sizes of 5 to 95


def sample() -> list[float]:
    belt = BatchBelt()
    state, view = new_belts(belt, 3, 3)
    total = np.zeros(3)
    with wrapping():
        roll_belts(belt, state, total, view, 120)
    return [*total, *view.load[:, 0].tolist(), *state.stores.ravel().tolist()]


def test_interpreted_source_is_the_reference() -> None:
    assert interpreted(sample) == sample()
