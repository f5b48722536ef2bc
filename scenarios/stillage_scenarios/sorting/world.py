"""The sorting world: a belt that is rolled out under any policy, and what comes of it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_scenarios.sorting import scored, stages
from stillage_scenarios.sorting.belt import Belt
from stillage_scenarios.sorting.kpis import KPIS
from stillage_scenarios.sorting.plant import BUYERS, DISPOSAL, Decisions, State, empty_view
from stillage_scenarios.sorting.simulation import SortingSimulation
from stillage_sim.devices.power import DAY_S
from stillage_sim.engine import ledger, wrapping
from stillage_sim.policy.learned import LearnedPolicy
from stillage_sim.policy.stepping import Stepped
from stillage_sim.scenario import Totals, World


class SortingWorld(Belt, World):
    """A belt as a world; made by :func:`.casting.build_world`.

    See :class:`stillage_sim.scenario.World`; parameters as :class:`.belt.Belt`.
    """

    @property
    def policies(self) -> tuple[str, ...]:
        return tuple(self.decisions)

    def rollout(
        self, policy: str, first_replica: int, replicas: int, days: float, seed: int
    ) -> Totals:
        """Roll ``replicas`` replicas out for ``days`` days (24 h from the shift's start).

        Returns
        -------
        Totals
            ``mass`` (R, K+3, kinds) kg, ``energy`` (R, 4, 1) J, ``money`` (R, 3, 1) EUR and
            ``counts`` (R, 8), all float64.
        """
        decisions = self.of(policy)
        if replicas < 1 or first_replica < 0:
            raise BadInput("replicas", f"{replicas} from {first_replica}", "at least one from 0")
        if not math.isfinite(days) or days <= 0:
            raise BadInput("days", days, "a positive number")
        numbers = np.arange(first_replica, first_replica + replicas, dtype=np.int64)
        steps = round(days * DAY_S)
        acting = self.acting.get(policy)
        if acting is None:
            return self.totals(self._ruled(decisions, numbers, steps, seed))
        simulation = SortingSimulation(self, acting.sees, days, policy)
        if isinstance(acting, LearnedPolicy):
            acting.begin(simulation, replicas)
            return self.totals(self._scored(decisions, acting, numbers, steps, seed))
        stepped = Stepped(simulation, acting, policy, numbers, seed)
        stepped.advance(steps)
        return self.totals(stepped.state)

    def _begun(self, numbers: NDArray[np.int64], seed: int) -> State:
        state, count = self.new_state(len(numbers)), len(numbers)
        seeds = np.full(count, seed % 2**64, np.uint64)
        with wrapping():
            self.begin(state, np.ones(count, np.bool_), numbers, seeds, np.zeros(count, np.int64))
        return state

    def _ruled(
        self, decisions: Decisions, numbers: NDArray[np.int64], steps: int, seed: int
    ) -> State:
        """Roll look-ups out, fused."""
        state = self._begun(numbers, seed)
        actions = np.zeros((len(numbers), self.plant.slots), np.int64)
        with wrapping():
            stages.roll(self.plant, self.items, decisions, state, actions, steps)
        return state

    def _scored(
        self,
        decisions: Decisions,
        policy: LearnedPolicy,
        numbers: NDArray[np.int64],
        steps: int,
        seed: int,
    ) -> State:
        """Roll a tree or a network out, fused."""
        state, features = self._begun(numbers, seed), self.features[policy.sees]
        actions = np.zeros((len(numbers), self.plant.slots), np.int64)
        view = empty_view(self.plant, features.shape[1], len(numbers))
        room = policy.room(len(numbers))
        with wrapping():
            scored.roll_scored(
                self.plant, self.items, decisions, features, policy.scorer, room, state, view,
                actions, steps,
            )  # fmt: skip
        return state

    @staticmethod
    def totals(state: State) -> Totals:
        """Copy the ledgers and counts of a state, as :meth:`rollout` gives them."""
        return {
            "mass": state.mass.copy(),
            "energy": state.energy.copy(),
            "money": state.money.copy(),
            "counts": state.counts.astype(np.float64),
        }

    def kpis(self, totals: Totals) -> dict[str, NDArray[np.float64]]:
        return {name: kpi(totals, self.tariff) for name, kpi in KPIS.items()}

    def audit(self, totals: Totals) -> dict[str, float]:
        """Compute the residuals; ``money`` also compares what was paid with the ledger of mass."""
        bales, residue = totals["mass"][:, 2:-1], totals["mass"][:, -1]
        owed = (bales * self.plant.price[:-1]).sum((1, 2))
        fees = (residue * self.plant.price[-1]).sum(1)
        scale = np.abs(totals["mass"][:, 2:] * self.plant.price).sum((1, 2))
        scale = np.where(scale > 0, scale, 1.0)
        gaps = [
            np.abs(-totals["money"][:, BUYERS, 0] - owed) / scale,
            np.abs(-totals["money"][:, DISPOSAL, 0] - fees) / scale,
        ]
        return {
            "mass": ledger.residual(totals["mass"]),
            "energy": ledger.residual(totals["energy"]),
            "money": max(ledger.residual(totals["money"]), *(float(gap.max()) for gap in gaps)),
        }
