"""Environments over a counter: every autoreset mode equals Gymnasium's own, in all that is told."""

from __future__ import annotations

from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from stillage.errors import BadInput
from stillage_sim.envs import Bools, ReplicaEnv, ReplicaVectorEnv, Step

MODES = list(AutoresetMode)


class Counting:
    """Counts steps and what was done; an episode's length differs by replica and episode."""

    action_space = gymnasium.spaces.MultiDiscrete([3, 2])
    observation_space: gymnasium.Space[Any] = gymnasium.spaces.Dict(
        {"told": gymnasium.spaces.Box(-1e9, 1e9, (3,), np.float32)}
    )
    horizon = 6

    @property
    def shown(self) -> dict[str, tuple[int, ...]]:
        return {"told": (3,)}

    def new_state(self, replicas: int) -> dict[str, Any]:
        return {name: np.zeros(replicas, np.int64) for name in ("step", "done", "luck")}

    def begin(self, state: Any, which: Bools, replicas: Any, seeds: Any, episodes: Any) -> None:
        state["luck"][which] = (seeds.astype(np.int64) + 7 * replicas + 3 * episodes)[which] % 5
        state["step"][which] = state["luck"][which]  # so many steps fewer
        state["done"][which] = 0

    def step(self, state: Any, actions: Any, skip: Bools) -> Step:
        rewards = np.where(skip, 0.0, actions.sum(1) + state["luck"] / 8.0)
        state["done"] += np.where(skip, 0, actions.sum(1))
        state["step"] += ~skip
        told = np.stack([state[name] for name in ("step", "done", "luck")], 1).astype(np.float32)
        mask = np.stack([state["step"] % 2, state["luck"] % 2], 1).astype(np.int8)
        return rewards, {"told": told}, mask

    def steps(self, state: Any) -> Any:
        return state["step"]

    def picture(self, state: Any, replica: int) -> Any:
        return np.full((2, 2, 3), state["step"][replica], np.uint8)

    def text(self, state: Any, replica: int) -> str:
        return str(state["step"][replica])


def same(a: Any, b: Any) -> None:
    """Equal in keys, values and types, however nested."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, tuple) or (isinstance(a, np.ndarray) and a.dtype == object):
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    else:
        assert a == b


@pytest.mark.parametrize("mode", MODES)
def test_native_tells_what_sync_of_singles_tells(mode: AutoresetMode) -> None:
    count = 4
    native = ReplicaVectorEnv(Counting(), count, autoreset_mode=mode)
    singles = SyncVectorEnv(
        [partial(ReplicaEnv, Counting(), i) for i in range(count)], autoreset_mode=mode
    )
    assert native.metadata["autoreset_mode"] is singles.metadata["autoreset_mode"]
    same(native.reset(seed=9), singles.reset(seed=[9] * count))
    native.action_space.seed(1)
    ended = 0
    for _ in range(60):
        action = native.action_space.sample()
        a, b = native.step(action), singles.step(action)
        for x, y in zip(a, b, strict=True):
            same(x, y)
        over = a[3]
        ended += int(over.sum())
        if mode is AutoresetMode.DISABLED and over.any():
            masks = [{"reset_mask": over.copy()} for _ in range(2)]
            same(native.reset(options=masks[0]), singles.reset(options=masks[1]))
    assert ended > 4 * count
    singles.close()


def test_the_last_of_an_episode_is_told_beside_the_first_of_the_next() -> None:
    envs = ReplicaVectorEnv(Counting(), 3, autoreset_mode="SameStep")
    envs.reset(seed=[0, 3, 1])
    for _ in range(20):
        seen, _, _, over, info = envs.step(np.ones((3, 2), np.int64))
        assert ("final_obs" in info) == over.any()
        for i in np.flatnonzero(over):
            assert info["final_obs"][i]["told"][0] == Counting.horizon
            assert seen["told"][i, 1] == 0.0
            assert info["_final_info"][i]


def test_disabled_refuses_to_step_what_has_ended() -> None:
    envs = ReplicaVectorEnv(Counting(), 2, autoreset_mode="Disabled")
    envs.reset(seed=[0, 4])
    still = np.zeros((2, 2), np.int64)
    while not envs.step(still)[3].any():
        pass
    with pytest.raises(BadInput, match=r"step: found replicas \[1\] whose episode is over"):
        envs.step(still)


def test_the_class_keeps_its_metadata() -> None:
    ReplicaVectorEnv(Counting(), 1, autoreset_mode="Disabled")
    assert ReplicaVectorEnv.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"autoreset_mode": "Sometimes"}, "autoreset_mode: found 'Sometimes'"),
        ({"num_envs": 0}, "num_envs: found 0 from 0"),
        ({"first_replica": -1}, "num_envs: found 2 from -1"),
        ({"first_replica": 2**70}, "num_envs: found 2 from"),
    ],
)
def test_bad_arguments_get_one_line(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=r"\A[^\n]+\Z") as error:
        ReplicaVectorEnv(Counting(), **{"num_envs": 2, **wrong})
    assert message in str(error.value)


def test_what_was_never_reset_is_not_stepped() -> None:
    with pytest.raises(BadInput, match="step: found replicas that were never reset"):
        ReplicaEnv(Counting()).step(np.zeros(2, np.int64))
    envs = ReplicaVectorEnv(Counting(), 2)
    envs.reset(options={"reset_mask": np.array([True, False])})
    with pytest.raises(BadInput, match="step: found replicas that were never reset"):
        envs.step(np.zeros((2, 2), np.int64))
    envs.reset(options={"reset_mask": np.array([False, True])})
    envs.step(np.zeros((2, 2), np.int64))


def test_seeds_are_whole_numbers() -> None:
    with pytest.raises(BadInput, match=r"seed\[1\]: found 'a', expected a whole number or None"):
        ReplicaVectorEnv(Counting(), 2).reset(seed=[np.int64(1), "a"])  # type: ignore[list-item]


def test_a_reset_mask_of_another_shape_is_refused() -> None:
    with pytest.raises(BadInput, match=r"reset_mask: found shape \(3,\)"):
        ReplicaVectorEnv(Counting(), 2).reset(options={"reset_mask": np.ones(3, bool)})
