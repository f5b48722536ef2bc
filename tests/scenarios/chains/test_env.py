"""The closed loop as environments: Gymnasium's checks, one equals many, and what is shown."""

from __future__ import annotations

import copy
import hashlib
import pickle
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import stillage_scenarios.environments  # noqa: F401
from stillage.errors import BadInput
from stillage_scenarios.chains.env import (
    ChainEnv,
    ChainVectorEnv,
    chain_model,
    perceiving,
    split_mask,
)
from stillage_scenarios.chains.files import chain_path
from stillage_scenarios.chains.simulation import ChainSimulation
from stillage_sim.chain import running
from stillage_sim.chain.arrays import AVOIDED, OPERATOR, Perception
from stillage_sim.chain.building.model import build
from stillage_sim.chain.file.load import load_chain
from stillage_sim.chain.model import ChainModel
from stillage_sim.uncertainty.sampling import Sampling
from tests.sim.chain.examples import BIN
from tests.sim.interpreted import interpreted

ID = "stillage/ClosedLoop-v0"
HOUR = 1 / 24


@pytest.fixture(scope="module")
def model() -> ChainModel:
    return chain_model("plastics")


def test_single_env_passes_check_env() -> None:
    env = gymnasium.make(ID, render_mode="rgb_array", days=2.0)
    check_env(env.unwrapped)
    env.close()


def test_make_gives_the_native_ones() -> None:
    envs = gymnasium.make_vec(ID, num_envs=2, days=1.0, autoreset_mode="SameStep")
    assert isinstance(envs.unwrapped, ChainVectorEnv)
    assert envs.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP
    seen, info = envs.reset(seed=1)
    assert seen in envs.observation_space
    assert info["action_mask"].shape == (2, 10, 3)
    single = gymnasium.make("stillage_scenarios.environments:stillage/ClosedLoop-v0")
    assert isinstance(single.unwrapped, ChainEnv)


def same(a: Any, b: Any) -> None:
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, np.ndarray) and a.dtype == object:
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif a is None:
        assert b is None
    else:
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_native_equals_sync_of_singles_through_autoresets(
    model: ChainModel, mode: AutoresetMode
) -> None:
    count = 3
    options: dict[str, Any] = {"chain": model, "days": 31 * HOUR, "carbon_eur_per_t": 80.0}
    native = ChainVectorEnv(count, autoreset_mode=mode, **options)
    singles = SyncVectorEnv(
        [partial(ChainEnv, replica=i, **options) for i in range(count)],
        autoreset_mode=mode,
    )
    assert native.single_observation_space == singles.single_observation_space
    assert native.action_space == singles.action_space
    for a, b in zip(native.reset(seed=9), singles.reset(seed=[9] * count), strict=True):
        same(a, b)
    native.action_space.seed(1)
    ended = 0
    for _ in range(100):
        action = native.action_space.sample()
        told, wanted = native.step(action), singles.step(action)
        for x, y in zip(told, wanted, strict=True):
            same(x, y)
        over = told[3]
        ended += int(over.sum())
        if mode is AutoresetMode.DISABLED and over.any():
            both = [each.reset(options={"reset_mask": over.copy()}) for each in (native, singles)]
            for x, y in zip(*both, strict=True):
                same(x, y)
    assert ended == 3 * count
    singles.close()


def test_a_seed_begins_the_same_episode_whatever_was_before(model: ChainModel) -> None:
    env = ChainEnv(chain=model, days=30.0)

    def episode(seed: int | None) -> list[bytes]:
        seen, info = env.reset(seed=seed)
        told = [b"".join(v.tobytes() for v in (*seen.values(), info["action_mask"]))]
        for _ in range(60):
            seen, reward, *_ = env.step(env.simulation.decide(env.replicas.state)[0])
            told.append(b"".join(v.tobytes() for v in seen.values()) + str(reward).encode())
        return told

    first, second, again = episode(3), episode(None), episode(3)
    assert first == again
    assert first != second


def test_observations_stay_in_their_bounds_whatever_is_done(model: ChainModel) -> None:
    envs = ChainVectorEnv(4, chain=model, days=20.0)
    envs.reset(seed=2)
    envs.action_space.seed(3)
    shown = []
    for _ in range(480):
        seen, rewards, *_ = envs.step(envs.action_space.sample())
        assert seen in envs.observation_space
        assert np.isfinite(rewards).all()
        shown.append(np.concatenate([v.reshape(4, -1) for v in seen.values()], 1))
    moved = np.ptp(np.array(shown), axis=(0, 1))
    ends = np.cumsum([np.prod(field.shape) for field in envs.simulation.fields])
    parts = zip(envs.simulation.fields, np.split(moved, ends[:-1]), strict=True)
    still = {field.name for field, part in parts if not part.any()}
    assert still <= {"backlog"}  # shops that lose what they cannot serve


def test_numbers_mean_what_their_names_say(model: ChainModel) -> None:
    simulation = ChainSimulation(model, running.usual_policy(model), 30.0)
    playing = simulation.new_state(1)
    one, first = np.ones(1, np.bool_), np.zeros(1, np.int64)
    simulation.begin(playing, one, first, first.astype(np.uint64), first)
    still, state = np.zeros((1, model.actions), np.int64), playing.states
    state.chain.mass[0, model.account("shops")] = 5000.0  # 6 materials: 30 t, a day's sales
    state.chain.mass[0, model.account("sorter.feed")] = [1.6e3 * 24, 0.0, 0.0, 0.0, 0.0, 0.0]
    state.machines.mode[0] = [0, 1, 2, 3, 4, 0, 0, 0]
    state.machines.age[0, 0] = simulation.sight.age[0]
    state.devices.energy[0, 1, 0] = 0.25 * 150 * 3600
    state.chain.step[0] = 30
    _, seen, mask = simulation.step(playing, still, one)
    names = {f.name: f.names for f in simulation.fields}
    stocks = dict(zip(names["stocks"], seen["stocks"][0], strict=True))
    usual = model.parts.chain.markets.usual[0]
    base = max(75_000.0, usual)
    assert stocks["shops"] == np.float32(30e3 / (30e3 + base))
    assert stocks["sorter.feed"] == 0.5
    assert "landfill.gone" not in stocks
    assert "refinery" not in stocks
    assert seen["machines"][0, :5, 1].tolist() == [0.0, 1.0, 1.0, 0.0, 0.0]
    assert seen["machines"][0, :5, 2].tolist() == [0.0, 0.0, 0.0, 1.0, 1.0]
    assert seen["machines"][0, 0, 4] == 0.5
    assert seen["power"][0, 0, 0] == 0.25
    assert seen["clock"][0] == pytest.approx([6 / 24, 1.25 / 7, 91.25 / 365], abs=1e-6)
    assert mask[0, :, 1].tolist() == [1, 1, 1, 0, 0, 0, 0, 1, 1, 1]


def test_masks_tell_what_is_legal(model: ChainModel) -> None:
    env = ChainEnv(chain=model, days=60.0)
    _, info = env.reset(seed=2)
    state = env.replicas.state.states
    chosen = np.random.default_rng(0)

    def illegal() -> int:
        return int(state.chain.illegal[0] + state.machines.counts[0, :, 2].sum())

    refused = 0
    for _ in range(600):
        before, mask = illegal(), info["action_mask"]
        wanted = chosen.integers(env.simulation.action_space.nvec)
        _, _, _, _, info = env.step(wanted)
        expected = sum(int(mask[n, action] == 0) for n, action in enumerate(wanted))
        assert illegal() - before == expected
        refused += expected
    assert refused > 10
    env.step(np.full(model.actions, 10**9))
    env.step(np.full(model.actions, -5))


def test_actions_of_another_shape_are_refused(model: ChainModel) -> None:
    env = ChainEnv(chain=model)
    env.reset(seed=1)
    with pytest.raises(BadInput, match=r"action: found shape \(9,\), expected \(10,\)"):
        env.step(np.zeros(9, np.int64))
    envs = ChainVectorEnv(2, chain=model)
    envs.reset(seed=1)
    with pytest.raises(BadInput, match=r"actions: found shape \(2, 9\)"):
        envs.step(np.zeros((2, 9), np.int64))


def test_a_mask_becomes_what_gymnasium_samples_from(model: ChainModel) -> None:
    env = ChainEnv(chain=model)
    _, info = env.reset(seed=1)
    info["action_mask"][3:, 1] = 0
    parts = split_mask(info["action_mask"], env.simulation.choices)
    assert [len(part) for part in parts] == env.simulation.action_space.nvec.tolist()
    env.action_space.seed(1)
    drawn = np.array([env.action_space.sample(mask=parts) for _ in range(50)])
    assert drawn[:, 3:].max() == 0
    assert drawn[:, 0].max() == 2
    flat = env.simulation.flat_masks(info["action_mask"])
    assert flat.tolist() == np.concatenate(parts).astype(bool).tolist()
    assert env.action_masks().shape == flat.shape


def test_rollout_is_the_environment_stepped(model: ChainModel) -> None:
    sampling = Sampling(antithetic=True)
    envs = ChainVectorEnv(4, chain=model, days=90.0, first_replica=6, sampling=sampling)
    envs.reset(seed=4)
    state, earned = envs.replicas.state, np.zeros(4)
    for _ in range(240):
        earned += envs.step(envs.simulation.decide(state))[1]
    rolled = running.begun(model, 4, 4, 6, sampling=sampling)
    running.advance(model, envs.simulation.policy, rolled, 240)
    totals = running.totals(rolled)
    for name, values in running.totals(state.states).items():
        np.testing.assert_array_equal(values, totals[name], err_msg=name)
    np.testing.assert_allclose(earned, totals["money"][:, OPERATOR, 0], rtol=1e-9)


def test_carbon_has_its_price(model: ChainModel) -> None:
    rewards = {}
    for price in (0.0, 100.0):
        env = ChainEnv(chain=model, carbon_eur_per_t=price)
        env.reset(seed=1)
        step = np.array(env.simulation.decide(env.replicas.state)[0])
        rewards[price] = sum(float(env.step(step)[1]) for _ in range(48))
    emitted = env.replicas.state.states.chain.emissions[0, :AVOIDED].sum()
    assert emitted > 0.0
    assert rewards[0.0] - rewards[100.0] == pytest.approx(0.1 * emitted, rel=1e-9)


def test_perception_pays(model: ChainModel) -> None:
    purity = {}
    for perception in ("blind", "declared", "ideal"):
        envs = ChainVectorEnv(2, chain=model, perception=perception)
        envs.reset(seed=1)
        for _ in range(240):
            envs.step(envs.simulation.decide(envs.replicas.state))
        flow = envs.replicas.state.states.chain.flow
        bales = [n for n, w in enumerate(model.ways) if w.name.endswith("first pass")][:4]
        assert bales
        right = sum(flow[:, way, n].sum() for way, n in zip(bales, (0, 1, 2, 4), strict=True))
        purity[perception] = right / max(flow[:, bales].sum(), 1e-9)
    assert purity["blind"] == 0.0
    assert purity["declared"] < purity["ideal"]


def test_a_chain_may_be_a_name_a_file_or_a_model(model: ChainModel) -> None:
    assert chain_model(model) is model
    assert chain_model(chain_path("plastics")).name == model.name


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"chain": "plastic"}, "'plastics'"),
        ({"chain": "no/such.toml"}, "no/such.toml"),
        ({"perception": "telepathy"}, "perception: found 'telepathy'"),
        ({"days": float("nan")}, "days: found nan, expected a positive number"),
        ({"carbon_eur_per_t": float("inf")}, "carbon_eur_per_t: found inf"),
        ({"render_mode": "human"}, "render_mode: found 'human'"),
        ({"replica": -1}, "replica: found -1"),
        ({"replica": 2**70}, "replica: found"),
        ({"perception": None}, "perception: found None"),
        ({"run": "here", "world": object()}, "both world and run"),
    ],
)
def test_bad_arguments_get_one_line(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=r"\A[^\n]+\Z") as error:
        ChainEnv(**wrong)
    assert message in str(error.value)


def test_an_episode_may_be_longer_than_any_count() -> None:
    assert ChainEnv(days=1e308).simulation.horizon == 2**62


def test_what_was_never_reset_is_not_stepped(model: ChainModel) -> None:
    with pytest.raises(BadInput, match="step: found replicas that were never reset"):
        ChainEnv(chain=model).step(np.zeros(model.actions, np.int64))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_copy_goes_on_by_itself(model: ChainModel, copied: Any) -> None:
    env = ChainEnv(chain=model)
    env.reset(seed=5)
    action = np.ones(model.actions, np.int64)
    env.step(action)
    other = copied(env)
    earned = [env.step(action)[1] for _ in range(30)]
    assert [other.step(action)[1] for _ in range(30)] == earned
    other.reset(seed=6)
    assert env.replicas.state.states.chain.step[0] == 31


def test_shares_of_more_than_there_is_are_refused(model: ChainModel) -> None:
    policy = perceiving(model, "ideal")
    wrong = policy._replace(perception=Perception(policy.perception.share * 3.0))
    with pytest.raises(BadInput, match="shares below 0, or more than 1 in all"):
        ChainEnv(chain=model, perception=wrong)


def test_nothing_to_decide_is_refused(model: ChainModel) -> None:
    with pytest.raises(BadInput, match="nothing to decide"):
        ChainEnv(chain=build(load_chain(BIN)))


def digest() -> str:
    """Of all that a replica shows in a day and the next episode's beginning under chance."""
    told = hashlib.sha256()
    envs = ChainVectorEnv(1, days=25 * HOUR)
    envs.action_space.seed(3)
    seen, info = envs.reset(seed=3)
    for _ in range(28):
        for value in (*seen.values(), info["action_mask"]):
            told.update(np.ascontiguousarray(value).tobytes())
        seen, rewards, _, _, info = envs.step(envs.action_space.sample())
        told.update(rewards.tobytes())
    return told.hexdigest()


def test_interpreted_shows_the_same_to_the_last_bit() -> None:
    assert interpreted(digest) == digest()
