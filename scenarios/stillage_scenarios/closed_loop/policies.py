"""Policies of the closed loop: what each perceives with, how it routes and how it maintains.

A policy is a :class:`Plan`. The distilled student's are told apart by one thing at a time, so
that the worth of perceiving, routing and maintaining shows singly; ``bare`` does without all
three.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage_sim.chain.model import ChainModel, usual_rules
from stillage_sim.chain.stages.decide import Rules
from stillage_sim.machines import rules as maintenance_rules

IDEAL, MAJORITY, BLIND, DECLARED = ":ideal", ":majority", ":blind", ":declared"
"""What a policy may see besides a perception table, which goes by its name: the truth, nothing
(and all is taken for the commonest class, or left to the last output), or as well as the chain's
file says of its own sorters."""

FILE, MYOPIC = "file", "myopic"
"""Alternatives in the file's order, or those first whose own step earns most at once."""

J_PER_KWH = 3.6e6


@dataclass(frozen=True)
class Plan:
    """What a policy does.

    Attributes
    ----------
    sees : str
        ``IDEAL``, ``MAJORITY``, ``BLIND``, ``DECLARED``, or the name of a perception table.
    maintenance : str
        A rule of :data:`stillage_sim.machines.rules.POLICIES`; empty: the settings' own.
    routes : str
        ``FILE`` or ``MYOPIC``.
    rules : callable of ChainModel, optional
        Gives all rules instead, for policies of one's own.
    """

    sees: str
    maintenance: str = ""
    routes: str = FILE
    rules: Callable[[ChainModel], Rules] | None = None

    @property
    def table(self) -> str:
        """The perception table that it cannot do without; empty: none."""
        return "" if self.sees.startswith(":") else self.sees


oracle = Plan(IDEAL)
teacher = Plan("teacher")
distilled = Plan("distilled")
distilled_int8 = Plan("distilled_int8")
labels_only = Plan("labels_only")
declared = Plan(DECLARED)
majority = Plan(MAJORITY)
blind = Plan(BLIND)
distilled_myopic = Plan("distilled", routes=MYOPIC)
distilled_run_to_failure = Plan("distilled", "run_to_failure")
distilled_condition_based = Plan("distilled", "condition_based")
distilled_opportunistic = Plan("distilled", "opportunistic")
bare = Plan(BLIND, "run_to_failure", MYOPIC)

POLICIES: dict[str, Plan] = {
    "oracle": oracle,
    "teacher": teacher,
    "distilled": distilled,
    "distilled_int8": distilled_int8,
    "labels_only": labels_only,
    "declared": declared,
    "majority": majority,
    "blind": blind,
    "distilled_myopic": distilled_myopic,
    "distilled_run_to_failure": distilled_run_to_failure,
    "distilled_condition_based": distilled_condition_based,
    "distilled_opportunistic": distilled_opportunistic,
    "bare": bare,
}
"""The closed loop's own policies by name; a plugin may register more, and every further table
is one."""


def rules_of(plan: Plan, model: ChainModel, usual: str) -> Rules:
    """A plan's rules in a chain; ``usual`` maintains where the plan says nothing of it."""
    if plan.rules is not None:
        return plan.rules(model)
    maintenance = maintenance_rules.POLICIES[plan.maintenance or usual](model.maintenance)
    return usual_rules(model, maintenance, myopic(model) if plan.routes == MYOPIC else None)


def myopic(model: ChainModel) -> NDArray[Any]:
    """Alternatives of each choice by what their own step earns of a kilogram, best first.

    int64 (G, L), 0 for none further. What becomes of the goods afterwards is not looked at,
    which is what foresight is worth.
    """
    chain, price = model.parts.chain, float(np.mean(model.parts.grid.price)) * J_PER_KWH
    earned = np.asarray(chain.processes.value).mean(1) - chain.processes.kwh * price
    prefer = np.zeros(chain.routes.shape, np.int64)
    for row, processes in zip(prefer, chain.routes, strict=True):
        there = np.flatnonzero(processes >= 0)
        best = there[np.argsort(-earned[processes[there]], kind="stable")]
        row[: len(best)] = best + 1
    return prefer
