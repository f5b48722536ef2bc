"""Make maintenance policies as numbers: run to failure, by age, condition or opportunity."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from stillage_sim.engine import inlined
from stillage_sim.machines import theory
from stillage_sim.machines.arrays import (
    NEVER,
    Floats,
    Machines,
    MachineState,
    MaintenanceRules,
)
from stillage_sim.machines.settings import MachineSettings, MaintenanceSettings
from stillage_sim.machines.stages import may_maintain

CONDITION_LEVEL = 0.8
"""Observed level (of the failure threshold) from which condition-based maintenance acts."""

CREW_SHARE = 0.7
"""Share of the planned age, or level, from which a crew that is there takes a machine along."""


def rules(
    settings: MaintenanceSettings,
    age_h: Floats | float = NEVER,
    level: Floats | float = NEVER,
    crew_age_h: Floats | float = NEVER,
    crew_level: Floats | float = NEVER,
) -> MaintenanceRules:
    """Build a policy's numbers, each for all machines or one a machine (K,).

    >>> rules(MaintenanceSettings(machines=[{"name": "press"}]), age_h=500.0).age_h.tolist()
    [500.0]
    """
    shape = (len(settings.machines),)

    def row(value: Floats | float) -> Floats:
        return np.minimum(np.broadcast_to(np.asarray(value, np.float64), shape), NEVER)

    return MaintenanceRules(row(age_h), row(level), row(crew_age_h), row(crew_level))


def best_age(machine: MachineSettings, settings: MaintenanceSettings) -> float:
    """Find the age (wear hours) of least cost per hour for a machine on its own; infinite if none.

    Jobs cost what they cost in crew, downtime and spare parts; waiting is left out.

    >>> press = MachineSettings(name="press", shape=1.0)
    >>> best_age(press, MaintenanceSettings(machines=[press]))
    inf
    """
    part = sum(s.part_eur + s.order_eur for s in settings.spares if s.name == machine.spare)
    # Machines that differ in name alone share an entry of the cache.
    return _best_age(machine.model_copy(update={"name": "any"}), part)


@functools.lru_cache(maxsize=4096)
def _best_age(machine: MachineSettings, part_eur: float) -> float:
    """Find the best age once for many like machines: its search takes a tenth of a second."""
    if machine.life_law is None:
        return math.inf
    hourly = machine.crew_eur_per_h + machine.down_eur_per_h
    preventive = machine.preventive_eur + hourly * machine.preventive_h
    preventive += part_eur if machine.spare_preventive else 0.0
    corrective = machine.corrective_eur + hourly * machine.repair_h + part_eur
    return theory.optimal_age(
        machine.life_law, preventive, corrective, machine.preventive_h, machine.repair_h
    )


def run_to_failure(settings: MaintenanceSettings) -> MaintenanceRules:
    """Maintain nothing; repair what fails."""
    return rules(settings)


def age_replacement(settings: MaintenanceSettings) -> MaintenanceRules:
    """Maintain every machine at its :func:`best_age`."""
    return rules(settings, age_h=np.array([best_age(m, settings) for m in settings.machines]))


def condition_based(settings: MaintenanceSettings) -> MaintenanceRules:
    """Maintain machines whose observed level reaches ``CONDITION_LEVEL``.

    Only those with a path of wear have a level that says more than their age; the others are
    maintained at their :func:`best_age`.
    """
    path = np.array([m.model in ("gamma", "wiener") for m in settings.machines], bool)
    ages = age_replacement(settings).age_h
    return rules(
        settings, age_h=np.where(path, NEVER, ages), level=np.where(path, CONDITION_LEVEL, NEVER)
    )


def opportunistic(settings: MaintenanceSettings) -> MaintenanceRules:
    """Maintain as :func:`condition_based`, and sooner (``CREW_SHARE``) where a crew is anyway."""
    base = condition_based(settings)
    return rules(settings, base.age_h, base.level, base.age_h * CREW_SHARE, base.level * CREW_SHARE)


POLICIES: dict[str, Callable[[MaintenanceSettings], MaintenanceRules]] = {
    "run_to_failure": run_to_failure,
    "age_replacement": age_replacement,
    "condition_based": condition_based,
    "opportunistic": opportunistic,
}


@inlined
def decide_machines(
    machines: Machines,
    rules: MaintenanceRules,
    state: MachineState,
    r: int,
    actions: np.ndarray,
    first: int,
) -> None:
    """Set ``actions[r, first + k]``: 1 for the machines that the rules maintain now, else 0.

    A crew is there anyway if one is at work, or if a machine is planned in this very step.
    """
    there = state.busy[r] > 0
    for k in range(machines.number):
        actions[r, first + k] = 0
        wanted = state.age[r, k] >= rules.age_h[k] or state.seen[r, k] >= rules.level[k]
        if wanted and may_maintain(machines, state, r, k):
            actions[r, first + k] = 1
            there = True
    if there:
        for k in range(machines.number):
            old = state.age[r, k] >= rules.crew_age_h[k]
            wanted = old or state.seen[r, k] >= rules.crew_level[k]
            if wanted and may_maintain(machines, state, r, k):
                actions[r, first + k] = 1
