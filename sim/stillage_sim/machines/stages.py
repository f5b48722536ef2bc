"""Machines, step by step (signatures; bodies follow)."""

from __future__ import annotations

import numpy as np

from stillage_sim.compiled import compiled
from stillage_sim.machines.arrays import Machines, MachineState


@compiled
def start_machines(
    machines: Machines, state: MachineState, r: int, now: np.uint64, mirror: np.uint64
) -> None:
    """Begin an episode in replica r: new machines, or of staggered ages; full base stocks."""


@compiled
def machines_stage(
    machines: Machines,
    state: MachineState,
    r: int,
    now: np.uint64,
    mirror: np.uint64,
    actions: np.ndarray,
    first: int,
) -> float:
    """One step of replica r's machines, with ``actions[r, first + k]``; the EUR spent."""
    return 0.0
