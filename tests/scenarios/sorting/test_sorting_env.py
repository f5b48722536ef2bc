"""The belt as environments: Gymnasium's checks, and one equals many step by step."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from stillage.errors import BadInput
from stillage_scenarios.sorting.env import SortingEnv, SortingVectorEnv
from tests.scenarios.conftest import Make

SECOND = 1 / 86_400
ID = "stillage/Sorting-v0"


def test_single_env_passes_check_env() -> None:
    importlib.import_module("stillage_scenarios.environments")  # registers the ids
    env = gymnasium.make(ID, render_mode="rgb_array", days=0.01)
    check_env(env.unwrapped)
    env.close()


def test_module_and_id_in_one_string_work_anywhere() -> None:
    env = gymnasium.make("stillage_scenarios.environments:stillage/Sorting-v0")
    assert isinstance(env.unwrapped, SortingEnv)


def test_make_vec_gives_the_native_one() -> None:
    envs = gymnasium.make_vec(ID, num_envs=3, days=0.01)
    assert isinstance(envs.unwrapped, SortingVectorEnv)
    assert envs.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    seen, _ = envs.reset(seed=1)
    assert seen in envs.observation_space
    assert envs.action_space.sample().shape == (3, 12)


def test_native_equals_sync_of_singles_through_autoresets(make_world: Make) -> None:
    world, count = make_world(arrivals_per_min=100.0, battery_wh=0.01), 5
    options: dict[str, Any] = {"world": world, "days": 23 * SECOND}
    native = SortingVectorEnv(count, **options)
    singles = SyncVectorEnv(
        [partial(SortingEnv, replica=i, **options) for i in range(count)],
        autoreset_mode=AutoresetMode.NEXT_STEP,
    )
    assert native.single_observation_space == singles.single_observation_space
    assert native.action_space == singles.action_space
    seen = [native.reset(seed=9), singles.reset(seed=[9] * count)]
    native.action_space.seed(1)
    ended = 0
    for step in range(120):
        compare(*seen)
        action = native.action_space.sample()
        a, b = native.step(action), singles.step(action)
        for x, y in zip(a[1:4], b[1:4], strict=True):
            np.testing.assert_array_equal(x, y, err_msg=f"step {step}")
        ended += int(a[3].sum())
        seen = [(a[0], a[4]), (b[0], b[4])]
    assert ended == 5 * count
    singles.close()


def compare(a: tuple[Any, Any], b: tuple[Any, Any]) -> None:
    for x, y in zip(a, b, strict=True):
        assert x.keys() == y.keys()
        for key in x:
            np.testing.assert_array_equal(x[key], y[key], err_msg=key)
            assert x[key].dtype == y[key].dtype


def test_episodes_differ_and_a_seed_begins_them_again(make_world: Make) -> None:
    envs = SortingVectorEnv(2, world=make_world(), days=60 * SECOND)

    def episode(seed: int | None) -> np.ndarray:
        envs.reset(seed=seed)
        still = np.zeros((2, 8), int)
        return np.array([envs.step(still)[0]["queue"].sum((1, 2)) for _ in range(60)])

    first, second, again = episode(3), episode(None), episode(3)
    assert (first == again).all()
    assert (first != second).any()
    assert (first[:, 0] != first[:, 1]).any()


def test_reset_mask_leaves_the_others_alone(make_world: Make) -> None:
    envs = SortingVectorEnv(3, world=make_world(), days=1.0)
    envs.reset(seed=1)
    for _ in range(5):
        envs.step(np.zeros((3, 8), int))
    envs.reset(options={"reset_mask": np.array([False, True, False])})
    assert envs.replicas.state.step.tolist() == [5, 0, 5]


@pytest.mark.parametrize("policy", ["teacher", "rule", "distilled"])
def test_rollout_is_the_environment_stepped(make_world: Make, policy: str) -> None:
    world, steps = make_world(arrivals_per_min=90.0, battery_wh=0.2, solar_peak_w=3.0), 900
    needs = {"rule": "labels_only"}.get(policy, policy)
    envs = SortingVectorEnv(3, world=world, perception=needs, days=1.0, first_replica=4)
    envs.reset(seed=6)
    earned = np.zeros(3)
    for _ in range(steps):
        earned += envs.step(envs.simulation.decide(policy, envs.replicas.state))[1]
    stepped = world.totals(envs.replicas.state)
    rolled = world.rollout(policy, 4, 3, steps * SECOND, 6)
    for name in rolled:
        np.testing.assert_array_equal(stepped[name], rolled[name])
    np.testing.assert_allclose(earned, rolled["money"][:, 1, 0], rtol=1e-9)
    assert rolled["counts"][:, 2].min() > 0


def test_masks_tell_what_is_legal(make_world: Make) -> None:
    world = make_world(arrivals_per_min=120.0, picks_per_min=20.0, shift_h=0.05)
    env = SortingEnv(world=world, days=0.01)
    _, info = env.reset(seed=2)
    chosen = np.random.default_rng(0)
    for _ in range(300):
        before = env.replicas.state.counts[0].copy()
        mask = info["action_mask"]
        slot, action = chosen.integers(8), chosen.integers(mask.shape[1])
        wanted = np.zeros(8, int)
        wanted[slot] = action
        seen, _, _, _, info = env.step(wanted)
        assert seen in env.observation_space
        illegal = env.replicas.state.counts[0, 5] - before[5]
        assert illegal == 1 - mask[slot, action]
    assert env.replicas.state.counts[0, 5] > 10
    assert env.replicas.state.counts[0, 2] > 0
    assert info["action_mask"][:, 1:].sum() == 0


def test_nonsense_actions_are_counted_and_ignored(make_world: Make) -> None:
    env = SortingEnv(world=make_world(), days=0.01)
    env.reset(seed=1)
    env.step(np.full(8, 10**9))
    env.step(np.full(8, -5))
    assert env.replicas.state.counts[0, 5] == 16


def test_frames(make_world: Make) -> None:
    envs = SortingVectorEnv(2, world=make_world(), render_mode="rgb_array", days=0.01)
    envs.reset(seed=1)
    empty = envs.render()
    for _ in range(200):
        envs.step(envs.simulation.decide("distilled", envs.replicas.state))
    frames = envs.render()
    assert empty is not None
    assert frames is not None
    assert frames[0].shape == (240, 400, 3)
    assert frames[0].dtype == np.uint8
    assert (frames[0] != empty[0]).mean() > 0.01
    env = SortingEnv(world=make_world(), render_mode="ansi")
    env.reset(seed=1)
    assert env.render().splitlines()[1].startswith("kg: PET 0.00, HDPE 0.00")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"perception": "telepathy"}, "one of teacher, labels_only, distilled"),
        ({"days": 0.0}, "days: found 0.0, expected a positive number"),
        ({"render_mode": "human"}, "render_mode: found 'human'"),
        ({"replica": -1}, "replica: found -1"),
    ],
)
def test_bad_arguments_get_one_line(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=r"\A[^\n]+\Z") as error:
        SortingEnv(**wrong)
    assert message in str(error.value)


def test_actions_of_another_shape_are_refused(make_world: Make) -> None:
    env = SortingEnv(world=make_world(), days=0.01)
    env.reset(seed=1)
    with pytest.raises(BadInput, match=r"actions: found shape \(1, 7\)"):
        env.step(np.zeros(7, int))
