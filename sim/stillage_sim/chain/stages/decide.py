"""Decide by a rule-based policy: which alternative goes first, what is ordered and maintained.

Actions are int64 (R, G + S + machines): for every choice 0 (wait) or an alternative 1..L; for
every market the number of a level; for every machine 0 or 1 (maintain now).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stillage_sim.chain.arrays import Chain, Floats, Ints, Perception, State
from stillage_sim.chain.stages.flows import total
from stillage_sim.engine import inlined, shared
from stillage_sim.machines.arrays import Machines, MachineState, MaintenanceRules
from stillage_sim.machines.rules import decide_machines


class Rules(NamedTuple):
    """The numbers by which a rule-based policy decides.

    ``prefer`` (G, L): alternatives in the order in which they are tried (0: none further);
    ``level`` (S,) of each market.
    """

    prefer: Ints
    level: Ints
    maintenance: MaintenanceRules


class CompiledPolicy(NamedTuple):
    """A policy in arrays: what it perceives with, what it does, and its readings' costs (D,)."""

    perception: Perception
    rules: Rules
    reading_j: Floats
    reading_s: Floats


@shared
def legal(chain: Chain, state: State, r: int, g: int, action: int) -> bool:
    """Tell if an alternative can run: it exists, and a machine of it worked in the last step."""
    if action < 0 or action > chain.routes.shape[1]:
        return False
    if action == 0:
        return True
    p = chain.routes[g, action - 1]
    able: bool = p >= 0 and state.work[r, p] > 0.0
    return able


@inlined
def decide_stage(
    chain: Chain,
    machines: Machines,
    rules: Rules,
    state: State,
    machine_state: MachineState,
    r: int,
    actions: np.ndarray,
) -> None:
    """Write replica r's actions: the first alternative with goods, fixed levels, maintenance.

    An alternative is taken only if it is legal too.
    """
    routes, markets = chain.routes.shape[0], rules.level.shape[0]
    for g in range(routes):
        actions[r, g] = 0
        for n in range(rules.prefer.shape[1]):
            wanted = rules.prefer[g, n]
            if wanted <= 0:
                break
            if legal(chain, state, r, g, wanted):
                source = chain.processes.source[chain.routes[g, wanted - 1]]
                if total(chain.materials, state.mass[r, source]) > 0.0:
                    actions[r, g] = wanted
                    break
    for s in range(markets):
        actions[r, routes + s] = rules.level[s]
    decide_machines(machines, rules.maintenance, machine_state, r, actions, routes + markets)
