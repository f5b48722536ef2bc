"""Machines on their own, without a plant around them: for tests and benchmarks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillage import counter
from stillage.errors import BadInput
from stillage_sim.engine import alone, packed, wrapping
from stillage_sim.engine.randomness import fold
from stillage_sim.machines.arrays import (
    Machines,
    MachineState,
    MaintenanceRules,
    new_machine_state,
)
from stillage_sim.machines.rules import decide_machines
from stillage_sim.machines.stages import machines_stage, start_machines


@packed
def start_all(
    machines: Machines, state: MachineState, prefixes: np.ndarray, mirrors: np.ndarray
) -> None:
    """Begin an episode in every replica; ``prefixes`` and ``mirrors`` uint64 (R,)."""
    for r in range(prefixes.shape[0]):
        start_machines(machines, state, r, fold(prefixes[r], np.uint64(0)), mirrors[r])


@packed
def roll_machines(
    machines: Machines,
    rules: MaintenanceRules,
    state: MachineState,
    prefixes: np.ndarray,
    mirrors: np.ndarray,
    actions: np.ndarray,
    steps: int,
) -> None:
    """Decide and step ``steps`` times, replica after replica; ``actions`` (R, K) is scratch."""
    for r in range(prefixes.shape[0]):
        one, its = alone(state, r), actions[r : r + 1]
        for _ in range(steps):
            now = fold(prefixes[r], np.uint64(one.steps[0]))
            decide_machines(machines, rules, one, 0, its, 0)
            machines_stage(machines, one, 0, now, mirrors[r], its, 0)


@packed
def step_machines(
    machines: Machines,
    state: MachineState,
    prefixes: np.ndarray,
    mirrors: np.ndarray,
    actions: np.ndarray,
) -> None:
    """One step of every replica with given actions, int64 (R, K)."""
    for r in range(prefixes.shape[0]):
        now = fold(prefixes[r], np.uint64(state.steps[r]))
        machines_stage(machines, state, r, now, mirrors[r], actions, 0)


def prefixes_of(seed: int, first: int, replicas: int) -> NDArray[np.uint64]:
    """The hash states of some replicas' first episode, uint64 (R,)."""
    return np.asarray(counter.bits(seed, np.arange(first, first + replicas), 0), np.uint64)


def simulate_machines(
    machines: Machines, rules: MaintenanceRules, replicas: int, steps: int, seed: int = 0
) -> MachineState:
    """The state of R replicas after some steps under a policy's rules.

    Raises ``BadInput`` for rules of other machines, which compiled code would read beyond.

    >>> from stillage_sim.machines.build import build_machines
    >>> from stillage_sim.machines.rules import run_to_failure
    >>> from stillage_sim.machines.settings import MaintenanceSettings
    >>> settings = MaintenanceSettings(machines=[{"name": "press"}])
    >>> state = simulate_machines(build_machines(settings), run_to_failure(settings), 2, 10)
    >>> state.hours.sum(2).tolist()
    [[10.0], [10.0]]
    """
    if replicas < 0 or steps < 0:
        raise BadInput("replicas, steps", f"{replicas}, {steps}", "0 or more")
    for name, row in rules._asdict().items():
        if row.shape != (machines.number,) or row.dtype != np.float64:
            told = f"{row.dtype} {row.shape}"
            raise BadInput(f"rules.{name}", told, f"float64 ({machines.number},)")
    state = new_machine_state(machines, replicas)
    prefixes, mirrors = prefixes_of(seed, 0, replicas), np.zeros(replicas, np.uint64)
    actions = np.zeros((replicas, machines.number), np.int64)
    with wrapping():
        start_all(machines, state, prefixes, mirrors)
        roll_machines(machines, rules, state, prefixes, mirrors, actions, steps)
    return state
