"""Rules act on what a chain shows as their compiled form does, and anything that acts may play."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stillage_scenarios.chains.casting import build_world
from stillage_scenarios.chains.policies import ChainRule
from stillage_scenarios.chains.settings import ChainWorldSettings
from stillage_scenarios.chains.simulation import ChainSimulation
from stillage_sim.policy import DECLARED, LearnedPolicy, fields_of
from stillage_sim.policy.protocol import Observation
from tests.scenarios.chains.conftest import cast_of

DAYS, SEED = 40.0, 4


class Acting:
    """A policy that hides the compiled form of another."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.sees = inner, inner.sees

    def begin(self, simulation: Any, replicas: int) -> Any:
        return self.inner.begin(simulation, replicas)

    def act(self, observation: Observation, mask: NDArray[np.int8], memory: Any) -> Any:
        return self.inner.act(observation, mask, memory)


@pytest.mark.parametrize("chain", ["plastics", "batteries", "spare_parts"])
def test_rules_act_as_their_compiled_form(chain: str) -> None:
    rules = {
        "age": ChainRule(DECLARED, "age_replacement"),
        "myopic": ChainRule(DECLARED, "run_to_failure", "myopic"),
        "condition": ChainRule(DECLARED, "condition_based"),
        "opportunistic": ChainRule(DECLARED, "opportunistic"),
    }
    acting = {f"{name} acting": Acting(rule) for name, rule in rules.items()}
    settings = ChainWorldSettings(chain=chain, batches=2, batch_items=100)
    world = build_world(settings, cast_of(), {**rules, **acting})
    for name in rules:
        ruled, acted = (world.rollout(n, 1, 3, DAYS, SEED) for n in (name, f"{name} acting"))
        for total, values in ruled.items():
            np.testing.assert_array_equal(values, acted[total], f"{name}: {total}")


def test_a_learned_policy_plays_a_chain() -> None:
    settings = ChainWorldSettings(batches=2, batch_items=100)
    base = build_world(settings, cast_of(), {"base": ChainRule(DECLARED)})
    simulation = ChainSimulation(base.model, base.of("base"), DAYS)
    shown, choices = fields_of(simulation), simulation.choices
    width, draw = sum(int(np.prod(shape)) for _, shape in shown), np.random.default_rng(2)
    layer = (draw.normal(size=(sum(choices), width)), draw.normal(size=sum(choices)))
    policy = LearnedPolicy.network("distilled", shown, choices, [layer])
    world = build_world(settings, cast_of(), {"mine": policy})
    totals = world.rollout("mine", 0, 2, 5.0, SEED)
    assert (totals["illegal"] == 0).all()
    assert max(world.audit(totals).values()) < 1e-9
    again = world.rollout("mine", 1, 1, 5.0, SEED)
    np.testing.assert_array_equal(totals["mass"][1], again["mass"][0])
