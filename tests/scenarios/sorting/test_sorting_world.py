"""The belt keeps its books, and its numbers depend on nothing but their coordinates."""

from __future__ import annotations

import hashlib
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillage_scenarios.sorting.example import example_cast
from stillage_scenarios.sorting.plant import BELT, FEED, ITEM
from stillage_scenarios.sorting.simulation import SortingSimulation
from stillage_scenarios.sorting.world import SortingWorld
from stillage_sim.devices.power import BATTERY
from stillage_sim.scenario import Totals
from tests.scenarios.conftest import Make
from tests.sim.interpreted import interpreted

HOUR = 1 / 24


def same(a: Totals, b: Totals) -> bool:
    return all((a[name] == b[name]).all() for name in a) and a.keys() == b.keys()


plants = st.fixed_dictionaries(
    {
        "arrivals_per_min": st.sampled_from([0.0, 20.0, 90.0, 600.0]),
        "slots": st.integers(1, 9),
        "reach_s": st.integers(1, 9),
        "picks_per_min": st.sampled_from([0.0, 7.0, 60.0, 150.0]),
        "battery_wh": st.sampled_from([0.0, 0.001, 0.01, 60.0]),
        "solar_peak_w": st.sampled_from([0.0, 5.0, 100.0]),
        "shift_h": st.sampled_from([0.01, 24.0]),
    }
)


@settings(deadline=None, max_examples=40)
@given(
    plant=plants,
    model=st.sampled_from(["teacher", "distilled"]),
    seed=st.integers(0, 2**64 - 1),
    actions=st.integers(0, 2**32),
)
def test_every_step_conserves_mass_energy_and_money(
    make_world: Make, plant: dict[str, float], model: str, seed: int, actions: int
) -> None:
    world = make_world(**plant)
    belt = SortingSimulation(world, model, 1.0)
    state, replicas = belt.new_state(3), np.arange(3)
    belt.begin(state, np.ones(3, bool), replicas, np.full(3, seed, np.uint64), np.zeros(3, int))
    chosen = np.random.default_rng(actions)
    keys = (3, world.plant.slots)
    for _ in range(80):
        before = state.money[:, 1, 0].copy()
        action = chosen.integers(-1, world.plant.chutes + 3, keys)
        rewards = belt.step(state, action, np.zeros(3, bool))[0]
        assert (state.mass.sum(1) == 0.0).all()
        assert (state.mass[:, FEED] <= 0.0).all()
        assert (state.mass[:, BELT:] >= 0.0).all()
        assert (rewards == state.money[:, 1, 0] - before).all()
        held = np.where(state.slots[..., ITEM] >= 0, world.items.mass[state.slots[..., ITEM]], 0.0)
        assert (held.sum(1) == state.mass[:, BELT].sum(1)).all()
        assert (state.energy[:, BATTERY] >= 0.0).all()
        assert (state.energy[:, BATTERY] <= world.plant.capacity_j * (1 + 1e-12)).all()
    audit = world.audit(world.totals(state))
    assert audit["mass"] == 0.0
    assert audit["energy"] < 1e-12
    assert audit["money"] < 1e-12
    arrived, picked, released, missed = state.counts[:, [0, 2, 3, 4]].T
    on_belt = (state.slots[..., ITEM] >= 0).sum(1)
    assert (arrived == picked + released + missed + on_belt).all()


def test_audit_finds_lost_mass_and_forged_money(make_world: Make) -> None:
    world = make_world()
    totals = world.rollout("distilled", 0, 2, HOUR, 1)
    assert max(world.audit(totals).values()) < 1e-12
    lost = {**totals, "mass": totals["mass"].copy()}
    lost["mass"][0, 3, 0] -= 1e-3
    assert world.audit(lost)["mass"] > 1e-6
    assert world.audit(lost)["money"] > 1e-6
    forged = {**totals, "money": totals["money"].copy()}
    forged["money"][1, :2, 0] += (-1.0, 1.0)
    assert world.audit(forged)["money"] > 1e-4


@pytest.mark.parametrize("policy", ["random", "distilled", "teacher"])
def test_replicas_are_the_same_in_any_batch(make_world: Make, policy: str) -> None:
    world = make_world()
    whole = world.rollout(policy, 0, 64, HOUR, 7)
    for size in (32, 1):
        parts = [world.rollout(policy, first, size, HOUR, 7) for first in range(0, 64, size)]
        joined = {name: np.concatenate([part[name] for part in parts]) for name in whole}
        assert same(whole, joined)
    assert not same(whole, world.rollout(policy, 0, 64, HOUR, 8))
    assert len(np.unique(whole["counts"][:, 0])) > 10


def test_all_policies_face_the_same_arrivals(make_world: Make) -> None:
    world = make_world()
    feeds = [world.rollout(policy, 0, 6, HOUR, 3)["mass"][:, FEED] for policy in world.policies]
    assert all((feed == feeds[0]).all() for feed in feeds)


def test_a_world_survives_pickling_and_read_only_memory(make_world: Make) -> None:
    world = make_world()
    copy: SortingWorld = pickle.loads(pickle.dumps(world, 5))
    assert not copy.items.kind.flags.writeable
    assert copy.policies == world.policies
    assert same(copy.rollout("rule", 0, 3, HOUR, 1), world.rollout("rule", 0, 3, HOUR, 1))


def test_days_add_up_and_weather_changes(make_world: Make) -> None:
    world = make_world(shift_h=1.0)
    one, three = (world.rollout("oracle", 0, 4, days, 5) for days in (1, 3))
    assert (one["counts"][:, -1] == 3600).all()
    assert (three["counts"][:, -1] == 3 * 3600).all()
    sun = np.diff([-t["energy"][:, 0, 0] for t in (one, three)], axis=0)
    assert (np.abs(sun / 2 + one["energy"][:, 0, 0]) > 1.0).all()


def digests() -> dict[str, str]:
    """Hashes of small rollouts and of a few steps of an environment, with all that they hold."""
    from stillage_scenarios.sorting.casting import build_world
    from stillage_scenarios.sorting.env import SortingVectorEnv
    from stillage_scenarios.sorting.settings import SortingSettings

    hungry = SortingSettings(
        arrivals_per_min=100, battery_wh=0.5, battery_wake=0.02, solar_peak_w=20, idle_w=3
    )
    world = build_world(hungry, example_cast(24, seeds=2))
    found = {}
    for policy in world.policies:
        totals = world.rollout(policy, 5, 2, 400 / 86_400, 11)
        found[policy] = hashlib.sha256(b"".join(totals[n].tobytes() for n in totals)).hexdigest()
    env = SortingVectorEnv(2, world=world, days=20 / 86_400)
    state = hashlib.sha256()
    env.reset(seed=4)
    for _ in range(60):
        actions = env.simulation.decide("random", env.replicas.state)
        seen, reward, _, over, info = env.step(actions)
        parts = (*seen.values(), reward, over, info["action_mask"])
        state.update(b"".join(part.tobytes() for part in parts))
    found["env"] = state.hexdigest()
    return found


def test_interpreted_source_is_the_reference() -> None:
    assert interpreted(digests) == digests()
