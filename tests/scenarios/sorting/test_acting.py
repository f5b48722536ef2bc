"""Policies act on what the belt shows: rules as their look-ups, learned ones as their kernels."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stillage.errors import BadInput, PluginBroken
from stillage_scenarios.sorting.casting import build_world
from stillage_scenarios.sorting.example import example_cast
from stillage_scenarios.sorting.policies import ItemRule
from stillage_scenarios.sorting.settings import SortingSettings
from stillage_scenarios.sorting.simulation import SortingSimulation
from stillage_scenarios.sorting.world import SortingWorld
from stillage_sim.policy import BLIND, IDEAL, LearnedPolicy, fields_of
from stillage_sim.policy.protocol import Observation, Seeing
from tests.scenarios.conftest import QUICK, STATION

MINUTES, SEED = 20 / 1440, 3


class Acting:
    """A policy that hides the compiled form of another."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.sees = inner, inner.sees

    def begin(self, simulation: Any, replicas: int) -> Any:
        return self.inner.begin(simulation, replicas)

    def act(self, observation: Observation, mask: NDArray[np.int8], memory: Any) -> Any:
        return self.inner.act(observation, mask, memory)


def world_of(policies: dict[str, Seeing], **settings: Any) -> SortingWorld:
    cast = example_cast(120, seeds=2, models=QUICK)
    return build_world(SortingSettings(**{**STATION, **settings}), cast, policies)


@pytest.mark.parametrize("sees", ["distilled", "labels_only", "teacher"])
@pytest.mark.parametrize(
    "settings",
    [{}, {"picks_per_min": 150.0, "arrivals_per_min": 240.0}, {"shift_start_h": 23.9}],
    ids=str,
)
@pytest.mark.parametrize("reject", [False, True])
def test_rules_act_as_their_look_ups(sees: str, settings: dict[str, Any], reject: bool) -> None:
    rule = ItemRule(sees, reject)
    world = world_of({"ruled": rule, "acting": Acting(rule)}, **settings)
    ruled, acting = (world.rollout(name, 2, 3, MINUTES, SEED) for name in ("ruled", "acting"))
    assert ruled["counts"].sum() > 0
    for name, values in ruled.items():
        np.testing.assert_array_equal(values, acting[name], name)


def network(world: SortingWorld, sees: str, seed: int = 0) -> LearnedPolicy:
    """A network of random weights."""
    shown = fields_of(SortingSimulation(world, sees, 1.0, next(iter(world.decisions))))
    choices = [world.plant.chutes + 1] * world.plant.slots
    width, draw = sum(int(np.prod(shape)) for _, shape in shown), np.random.default_rng(seed)
    sizes = [width, 16, sum(choices)]
    layers = [(draw.normal(size=(b, a)), draw.normal(size=b)) for a, b in itertools.pairwise(sizes)]
    return LearnedPolicy.network(sees, shown, choices, layers)


def tree(world: SortingWorld, sees: str) -> LearnedPolicy:
    """Picks the first slot's item into chute 2 where that is probable, else waits."""
    shown = fields_of(SortingSimulation(world, sees, 1.0, next(iter(world.decisions))))
    choices = [world.plant.chutes + 1] * world.plant.slots
    scores = np.zeros((3, sum(choices)))
    scores[1, 0], scores[2, 2] = 1.0, 1.0
    return LearnedPolicy.tree(
        sees, shown, choices, [1, -1, -1], [0.5, 0, 0], [1, 0, 0], [2, 0, 0], scores
    )


@pytest.mark.parametrize("made", [network, tree])
@pytest.mark.parametrize("sees", ["distilled", IDEAL])
def test_learned_policies_are_the_same_fused_and_stepped(made: Any, sees: str) -> None:
    first = world_of({"looks": ItemRule(sees), "acts": Acting(ItemRule(sees))})
    policy = made(first, sees)
    world = world_of({"fused": policy, "stepped": Acting(policy)})
    fused, stepped = (world.rollout(name, 0, 3, MINUTES, SEED) for name in ("fused", "stepped"))
    assert fused["counts"][:, 2].sum() > 0  # something was picked
    for name, values in fused.items():
        np.testing.assert_array_equal(values, stepped[name], name)


def test_a_policy_of_another_world_is_refused() -> None:
    policy = network(world_of({}), "distilled")
    other = world_of({"mine": policy}, slots=3)
    with pytest.raises(BadInput, match="made for observation perception"):
        other.rollout("mine", 0, 1, MINUTES, SEED)


def test_what_perceives_costs_what_its_table_costs() -> None:
    world = world_of({"sees": Acting(ItemRule("teacher")), "blind": Acting(ItemRule(BLIND))})
    joules = {name: world.rollout(name, 0, 2, MINUTES, SEED)["energy"][:, 2, 0] for name in
              ("sees", "blind")}  # fmt: skip
    assert (joules["sees"] > 0.0).all()
    assert (joules["blind"] == 0.0).all()


class Wrong:
    """Acts as it is told to."""

    sees = BLIND

    def __init__(self, told: Any) -> None:
        self.told = told

    def begin(self, simulation: Any, replicas: int) -> None:
        return None

    def act(self, observation: Observation, mask: NDArray[np.int8], memory: Any) -> Any:
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


def test_what_a_policy_does_wrong_is_one_line_with_its_name() -> None:
    slots = STATION["slots"]
    world = world_of({
        "short": Wrong([1]), "half": Wrong(np.zeros((1, slots))),
        "bad": Wrong(RuntimeError("no\nidea")), "far": Wrong(np.full((1, slots), 99)),
    })  # fmt: skip
    with pytest.raises(BadInput, match="policy 'far': found action 99 at place 0, expected 0 to 7"):
        world.rollout("far", 0, 1, MINUTES, SEED)
    with pytest.raises(BadInput, match=r"policy 'short': found actions int64 \(1,\)"):
        world.rollout("short", 0, 1, MINUTES, SEED)
    with pytest.raises(BadInput, match="policy 'half': found actions float64"):
        world.rollout("half", 0, 1, MINUTES, SEED)
    with pytest.raises(PluginBroken, match=r"policy 'bad': act\(\) raised RuntimeError: no idea"):
        world.rollout("bad", 0, 1, MINUTES, SEED)


def test_what_neither_acts_nor_looks_up_is_refused() -> None:
    class Nothing:
        sees = BLIND

    with pytest.raises(BadInput, match="policy 'odd': found Nothing, expected a Policy"):
        world_of({"odd": Nothing()})
