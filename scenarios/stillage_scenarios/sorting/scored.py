"""Roll learned policies out on the belt: observe, score, step, fused in one kernel."""

from __future__ import annotations

import numpy as np

from stillage_scenarios.sorting.plant import Decisions, Items, Plant, State, View
from stillage_scenarios.sorting.stages import observe_stage, step_stage
from stillage_sim.engine import compiled, kernel
from stillage_sim.policy.scoring import Scorer, Scratch, choose


@compiled
def _fill_row(view: View, row: np.ndarray, r: int) -> None:
    """Write what replica r shows as one row: perception, queue, battery, clock."""
    at = 0
    for slot in range(view.perception.shape[1]):
        for k in range(view.perception.shape[2]):
            row[at] = view.perception[r, slot, k]
            at += 1
    for slot in range(view.queue.shape[1]):
        for k in range(view.queue.shape[2]):
            row[at] = view.queue[r, slot, k]
            at += 1
    for k in range(view.battery.shape[1]):
        row[at] = view.battery[r, k]
        at += 1
    for k in range(view.clock.shape[1]):
        row[at] = view.clock[r, k]
        at += 1


@kernel
def roll_scored(
    plant: Plant,
    items: Items,
    decisions: Decisions,
    features: np.ndarray,
    scorer: Scorer,
    scratch: Scratch,
    state: State,
    view: View,
    actions: np.ndarray,
    steps: int,
) -> None:
    """Observe, score and step ``steps`` times, replica after replica; ``actions`` is scratch."""
    for r in range(actions.shape[0]):
        for _ in range(steps):
            observe_stage(plant, features, state, view, r)
            _fill_row(view, scratch.row, r)
            choose(scorer, scratch, view.mask[r], actions, r)
            step_stage(plant, items, decisions, state, r, actions)
