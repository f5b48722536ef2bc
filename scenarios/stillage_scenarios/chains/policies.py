"""Policies of chain worlds: rules that perceive, route, order and maintain.

A :class:`ChainRule` acts on what the environment shows, like every policy; its compiled form is
the numbers of :class:`stillage_sim.chain.stages.decide.Rules`, which a fused rollout follows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from stillage_sim.chain.model import ChainModel, usual_rules
from stillage_sim.chain.stages.decide import Rules
from stillage_sim.machines import rules as maintenance_rules
from stillage_sim.policy.protocol import Observation

J_PER_KWH = 3.6e6

Ints = NDArray[np.int64]


@runtime_checkable
class Rule(Protocol):
    """A policy with a compiled form: preferences, levels and maintenance as numbers."""

    @property
    def sees(self) -> str: ...

    def rules(self, model: ChainModel) -> Rules:
        """Return its numbers in a chain."""


@dataclass(frozen=True)
class ChainRule:
    """A rule that takes the first alternative that can be done.

    It orders fixed levels, and maintains by a rule.

    Parameters
    ----------
    sees : str
        See :class:`stillage_sim.policy.Policy`.
    maintenance : str
        A rule of :data:`stillage_sim.machines.rules.POLICIES`; empty: the settings' own.
    routes : "file" or "myopic"
        Alternatives in the file's order, or those first whose own step earns most at once.
    """

    sees: str
    maintenance: str = ""
    routes: Literal["file", "myopic"] = "file"

    def settled(self, maintenance: str) -> Self:
        """Return the same rule, maintaining by ``maintenance`` where it names none of its own."""
        return replace(self, maintenance=self.maintenance or maintenance)

    def rules(self, model: ChainModel) -> Rules:
        chosen = maintenance_rules.POLICIES[self.maintenance or "age_replacement"]
        prefer = myopic(model) if self.routes == "myopic" else None
        return usual_rules(model, chosen(model.maintenance), prefer)

    def begin(self, simulation: Any, replicas: int) -> _Reading:
        """Return its numbers in the chain, in the form in which observations are read."""
        return _reading(simulation, self.rules(simulation.model))

    def act(self, observation: Observation, mask: NDArray[np.int8], memory: _Reading) -> Ints:
        """Choose actions (R, A): the first legal alternative with goods, levels, maintenance."""
        routes, markets = len(memory.rules.prefer), len(memory.rules.level)
        actions = np.zeros(mask.shape[:2], np.int64)
        stocks = observation.get("stocks", np.zeros((len(mask), 0), np.float32))
        for g, wanted in enumerate(memory.rules.prefer):
            undecided = np.ones(len(mask), np.bool_)
            for action in wanted:
                if action <= 0:
                    break
                place = memory.source[g, action - 1]
                goods = stocks[:, place] > 0.0 if place >= 0 else np.zeros(len(mask), np.bool_)
                taken = undecided & goods & (mask[:, g, action] == 1)
                actions[taken, g] = action
                undecided &= ~taken
        actions[:, routes : routes + markets] = memory.rules.level
        if "machines" in observation:
            first = routes + markets
            shown = np.asarray(observation["machines"])
            actions[:, first:] = _maintained(memory, shown, mask[:, first:, 1] == 1)
        return actions


class _Reading(NamedTuple):
    """A rule's numbers in the form of observations: where sources stand, ages as they are shown.

    ``source`` (G, L) places in ``stocks`` (-1: not shown); ``age`` and ``crew_age`` (K,) float32
    beside each machine's reference, as :mod:`.observing` shows ages.
    """

    rules: Rules
    source: Ints
    age: NDArray[np.float32]
    crew_age: NDArray[np.float32]


def _reading(simulation: Any, rules: Rules) -> _Reading:
    model, sight = simulation.model, simulation.sight
    stocks = {int(account): n for n, account in enumerate(sight.account)}
    chain = model.parts.chain
    source = np.full(chain.routes.shape, -1, np.int64)
    for place, process in np.ndenumerate(chain.routes):
        if process >= 0:
            source[place] = stocks.get(int(chain.processes.source[process]), -1)

    def beside(age: NDArray[np.float64]) -> NDArray[np.float32]:
        shown = np.minimum(age / (age + sight.age), 1.0)
        return np.asarray(shown, np.float32)

    maintenance = rules.maintenance
    return _Reading(rules, source, beside(maintenance.age_h), beside(maintenance.crew_age_h))


def _maintained(memory: _Reading, shown: NDArray[np.float32], may: NDArray[np.bool_]) -> Ints:
    """Mark the machines (R, K) to maintain now.

    See :func:`stillage_sim.machines.rules.decide_machines`.
    """
    rules = memory.rules.maintenance
    level, age = shown[..., 3].astype(np.float64), shown[..., 4]
    wanted = may & ((age >= memory.age) | (level >= rules.level))
    there = (shown[..., 2] > 0.0).any(1, keepdims=True) | wanted.any(1, keepdims=True)
    along = may & ((age >= memory.crew_age) | (level >= rules.crew_level))
    return (wanted | (there & along)).astype(np.int64)


def myopic(model: ChainModel) -> Ints:
    """Order the alternatives of each choice by what their own step earns of a kilogram, best first.

    int64 (G, L), 0 for none further. What becomes of the goods afterwards is not looked at: the
    difference to other orders is what foresight is worth.
    """
    chain, price = model.parts.chain, float(np.mean(model.parts.grid.price)) * J_PER_KWH
    earned = np.asarray(chain.processes.value).mean(1) - chain.processes.kwh * price
    prefer = np.zeros(chain.routes.shape, np.int64)
    for row, processes in zip(prefer, chain.routes, strict=True):
        there = np.flatnonzero(processes >= 0)
        best = there[np.argsort(-earned[processes[there]], kind="stable")]
        row[: len(best)] = best + 1
    return prefer
