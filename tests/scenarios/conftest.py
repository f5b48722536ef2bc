"""Casts with a known composition, and worlds made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from stillage.task import Task
from stillage_scenarios.sorting.casting import build_world
from stillage_scenarios.sorting.example import ExampleTable, example_cast
from stillage_scenarios.sorting.settings import SortingSettings
from stillage_scenarios.sorting.world import SortingWorld
from stillage_sim.scenario import Cast, SeedCast

ALWAYS_ON: dict[str, Any] = {
    "solar_peak_w": 1e5,
    "sunrise_h": 0.0,
    "sunset_h": 24.0,
    "battery_wh": 1e5,
    "shift_h": 24.0,
}
"""Settings under which the device never sleeps and the belt never stops."""

QUICK = {
    "teacher": (0.97, 0.6, 4.0),
    "labels_only": (0.75, 0.02, 0.2),
    "distilled": (0.9, 0.02, 0.2),
}
"""Models of which none is too slow for the belt."""

STATION = {"slots": 8, "reach_s": 6, "battery_wh": 60.0, "solar_peak_w": 30.0}

Make = Callable[..., SortingWorld]


@pytest.fixture(scope="session")
def make_world() -> Make:
    """A world of the example cast under the settings given."""

    def make(cast: Cast | None = None, **settings: Any) -> SortingWorld:
        cast = cast or example_cast(120, seeds=2, models=QUICK)
        return build_world(SortingSettings(**{**STATION, **settings}), cast)

    return make


def one_group_cast(
    truth: Mapping[str, Any],
    heads: Mapping[str, Any],
    classes: tuple[str, ...],
    latency_s: float = 0.0,
    energy_j: float = 0.0,
    roles: Mapping[str, str] | None = None,
    tasks: Mapping[str, Task] | None = None,
) -> Cast:
    """One training seed whose items are one group: every world holds exactly these items."""
    count = len(truth["material"])
    samples = np.arange(count, dtype=np.int64)
    arrays = {name: np.asarray(values) for name, values in heads.items()}
    table = ExampleTable(samples, arrays, latency_s, energy_j)
    task = Task(target="material", kind="classification", classes=classes)
    seed = SeedCast(
        0,
        samples,
        np.full(count, "all"),
        {name: np.asarray(values) for name, values in truth.items()},
        {"distilled": table},
    )
    named = {"material": task, **(tasks or {})}
    return Cast([seed], named, {"material": "material", **(roles or {})})
