"""Plants of like machines, rolled out for tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage_sim.engine import wrapping
from stillage_sim.machines.arrays import MachineState, MaintenanceRules, new_machine_state
from stillage_sim.machines.build import build_machines
from stillage_sim.machines.rules import run_to_failure
from stillage_sim.machines.settings import MaintenanceSettings
from tests.sim.machines import rollout

FREE: dict[str, Any] = {
    "repair_law": "deterministic",
    "repair_h": 0.0,
    "preventive_h": 0.0,
    "crew_eur_per_h": 0.0,
    "corrective_eur": 10.0,
    "preventive_eur": 1.0,
    "idle_ageing": True,
}
"""Jobs that take no time, at 10 EUR and 1 EUR."""


def plant(number: int, plan: dict[str, Any] | None = None, **machine: Any) -> MaintenanceSettings:
    machines = [{"name": f"m{k}", **machine} for k in range(number)]
    return MaintenanceSettings(**{"machines": machines, "crews": number, **(plan or {})})


class Run:
    """R replicas of a plant under some rules."""

    def __init__(
        self,
        settings: MaintenanceSettings,
        replicas: int,
        rules: MaintenanceRules | None = None,
        step_h: float = 1.0,
        seed: int = 0,
        mirror: bool = False,
    ) -> None:
        self.machines = build_machines(settings, step_h)
        self.rules = run_to_failure(settings) if rules is None else rules
        self.state: MachineState = new_machine_state(self.machines, replicas)
        self.prefixes = rollout.prefixes_of(seed, 0, replicas)
        self.mirrors = np.full(replicas, 2**64 - 1 if mirror else 0, np.uint64)
        self.actions = np.zeros((replicas, self.machines.number), np.int64)
        with wrapping():
            rollout.start_all(self.machines, self.state, self.prefixes, self.mirrors)

    def roll(self, steps: int) -> MachineState:
        coordinates = (self.state, self.prefixes, self.mirrors, self.actions)
        with wrapping():
            rollout.roll_machines(self.machines, self.rules, *coordinates, steps)
        return self.state

    def step(self, actions: NDArray[np.int64]) -> MachineState:
        with wrapping():
            rollout.step_machines(self.machines, self.state, self.prefixes, self.mirrors, actions)
        return self.state


def agrees(values: NDArray[np.float64], expected: float, tight: float = 0.01) -> None:
    """The mean of independent values is the expected one, within 4 standard errors.

    Those are at most ``tight`` of it, so that an error of twice that would fail.
    """
    error = 4.0 * float(values.std(ddof=1)) / np.sqrt(len(values))
    assert error <= tight * expected
    assert abs(float(values.mean()) - expected) <= error
