"""Ageing machines: machine-steps a second under a policy, decisions and events included."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stillage_sim.machines.arrays import new_machine_state
from stillage_sim.machines.build import build_machines
from stillage_sim.machines.rules import age_replacement
from stillage_sim.machines.settings import MachineSettings, MaintenanceSettings
from tests.benchmarks.harness import Benchmark
from tests.sim.machines.rollout import prefixes_of, roll_machines, start_all

REPLICAS, STEPS, MACHINES = 64, 1000, 8
TARGET = 125e6
"""Machine-steps a second: 8 ns each."""


def rollout(**machine: object) -> Callable[[], None]:
    """Roll a plant of like machines on, by the hour."""
    like = [MachineSettings.model_validate({"name": f"m{k}", **machine}) for k in range(MACHINES)]
    settings = MaintenanceSettings(machines=tuple(like), crews=2, stride_h=12.0)
    machines, rules = build_machines(settings), age_replacement(settings)
    state = new_machine_state(machines, REPLICAS)
    coordinates = (prefixes_of(1, 0, REPLICAS), np.zeros(REPLICAS, np.uint64))
    actions = np.zeros((REPLICAS, MACHINES), np.int64)
    start_all(machines, state, *coordinates)

    def run() -> None:
        roll_machines(machines, rules, state, *coordinates, actions, STEPS)

    return run


def benchmarks() -> list[Benchmark]:
    """Machines that do nothing but age, that fail and are maintained, and that wear by paths."""
    cases: dict[str, tuple[dict[str, object], float | None]] = {
        "machines quiet": ({"scale_h": 1e9}, TARGET),
        "machines Weibull 2000 h": ({}, None),
        "machines Wiener 2000 h": ({"model": "wiener"}, None),
    }
    return [
        Benchmark(
            name,
            "machine-steps/s",
            rollout(**machine),
            target=target,
            higher_is_better=True,
            amount=float(REPLICAS * STEPS * MACHINES),
        )
        for name, (machine, target) in cases.items()
    ]
