"""The sorting world: everything that is fixed once the items and settings are known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage import counter
from stillage.errors import BadInput
from stillage_scenarios.sorting import scored, stages
from stillage_scenarios.sorting.kpis import KPIS, Tariff
from stillage_scenarios.sorting.plant import (
    BUYERS,
    DISPOSAL,
    Decisions,
    Items,
    Plant,
    State,
    empty_state,
    empty_view,
)
from stillage_scenarios.sorting.policies import Market
from stillage_scenarios.sorting.simulation import SortingSimulation
from stillage_sim.devices.power import DAY_S
from stillage_sim.engine import ledger, wrapping
from stillage_sim.policy.learned import LearnedPolicy
from stillage_sim.policy.protocol import Policy
from stillage_sim.policy.stepping import Stepped
from stillage_sim.scenario import Totals, World


def _freeze(arrays: Any) -> Any:
    """Copy a named tuple with read-only arrays and plain scalars (one signature)."""
    fixed = {}
    for name, value in arrays._asdict().items():
        fixed[name] = value
        if isinstance(value, np.ndarray):
            fixed[name] = value.copy()
            fixed[name].flags.writeable = False
    return type(arrays)(**fixed)


@dataclass(frozen=True)
class SortingWorld(World):
    """A sorting world; made by :func:`.casting.build_world`.

    See :class:`stillage_sim.scenario.World`.

    Parameters
    ----------
    plant, items, tariff
        The arrays that no policy changes.
    decisions : dict of policy name to Decisions
    features : dict of table name to float32 (I, F)
        What the environment shows of a perceived item.
    labels : tuple of str (K,)
        Names of the materials, in the order of the chutes.
    market : Market
        What policies know of the outlets.
    acting : dict of policy name to Policy
        Those without a look-up, which act on what they are shown.
    missing : dict of policy name to str
        The perception table that a policy lacks.
    """

    plant: Plant
    items: Items
    tariff: Tariff
    decisions: Mapping[str, Decisions]
    features: Mapping[str, NDArray[np.float32]]
    labels: tuple[str, ...]
    market: Market
    acting: Mapping[str, Policy] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "plant", _freeze(self.plant))
        object.__setattr__(self, "items", _freeze(self.items))
        frozen = {name: _freeze(value) for name, value in self.decisions.items()}
        object.__setattr__(self, "decisions", frozen)

    def __reduce__(self) -> tuple[Any, ...]:
        names = self.__dataclass_fields__
        return type(self), tuple(getattr(self, name) for name in names)

    @property
    def policies(self) -> tuple[str, ...]:
        return tuple(self.decisions)

    def of(self, policy: str) -> Decisions:
        """Return a policy's look-ups.

        Raises
        ------
        BadInput
            If there is none of that name, or its perception table is missing.
        """
        if policy not in self.decisions:
            if policy in self.missing:
                have = ", ".join(sorted(self.features)) or "none"
                need = f"table {self.missing[policy]!r}"
                raise BadInput(f"policy {policy!r}", f"perception tables: {have}", need)
            raise BadInput("policy", repr(policy), f"one of {', '.join(self.decisions)}")
        return self.decisions[policy]

    def begin(
        self,
        state: State,
        which: NDArray[np.bool_],
        replicas: NDArray[np.int64],
        seeds: NDArray[np.uint64],
        episodes: NDArray[np.int64],
    ) -> None:
        """Begin an episode in the replicas marked in ``which``."""
        hashed = counter.mix(np.zeros((), np.uint64), seeds)
        for coordinate in (replicas, episodes):
            hashed = counter.mix(hashed, coordinate)
        state.prefix[which] = hashed[which]
        state.world[which] = (replicas % len(self.items.world_seed))[which]
        stages.start_replicas(self.plant, state, which)

    def new_state(self, replicas: int) -> State:
        """Make room for R replicas; :meth:`begin` sets it."""
        return empty_state(self.plant, self.plant.price.shape[1], replicas)

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
