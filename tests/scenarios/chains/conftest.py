"""Closed-loop worlds of a small cast, and a short rollout of each policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stillage_scenarios.chains.casting import build_world
from stillage_scenarios.chains.settings import ChainWorldSettings
from stillage_scenarios.chains.world import ChainWorld
from stillage_scenarios.sorting.example import example_cast
from stillage_sim.policy.registered import registered
from stillage_sim.scenario import Cast, Totals

MODELS = {
    "teacher": (0.97, 0.6, 4.0),
    "labels_only": (0.75, 0.02, 0.2),
    "distilled": (0.9, 0.02, 0.2),
}
DAYS, REPLICAS, SEED = 10.0, 6, 5

Make = Callable[..., ChainWorld]


def cast_of(worlds: int = 3, **more: Any) -> Cast:
    found = example_cast(120, seeds=2, models=MODELS, **more)
    return Cast(found.seeds, found.tasks, found.roles, worlds)


@pytest.fixture(scope="session")
def make_loop() -> Make:
    """The plastics loop with the example's items, under the settings given."""

    def make(cast: Cast | None = None, **settings: Any) -> ChainWorld:
        small = {"batches": 4, "batch_items": 500, **settings}
        policies = registered("closed-loop")
        return build_world(ChainWorldSettings(**small), cast or cast_of(), policies)

    return make


@pytest.fixture(scope="session")
def loop(make_loop: Make) -> ChainWorld:
    return make_loop()


@pytest.fixture(scope="session")
def rolled(loop: ChainWorld) -> dict[str, Totals]:
    """Ten days of every policy."""
    return {name: loop.rollout(name, 0, REPLICAS, DAYS, SEED) for name in loop.policies}
