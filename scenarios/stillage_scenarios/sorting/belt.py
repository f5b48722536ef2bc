"""The sorting belt: everything that is fixed once items, settings and policies are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage import counter
from stillage.errors import BadInput
from stillage_scenarios.sorting import stages
from stillage_scenarios.sorting.kpis import Tariff
from stillage_scenarios.sorting.plant import Decisions, Items, Plant, State, empty_state
from stillage_scenarios.sorting.policies import Market
from stillage_sim.policy.protocol import Policy


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
class Belt:
    """A belt, its items, and what each policy would do with them.

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
        """Begin an episode in the replicas marked in ``which``; all arrays are (R,)."""
        hashed = counter.mix(np.zeros((), np.uint64), seeds)
        for coordinate in (replicas, episodes):
            hashed = counter.mix(hashed, coordinate)
        state.prefix[which] = hashed[which]
        state.world[which] = (replicas % len(self.items.world_seed))[which]
        stages.start_replicas(self.plant, state, which)

    def new_state(self, replicas: int) -> State:
        """Make room for R replicas; :meth:`begin` sets it."""
        return empty_state(self.plant, self.plant.price.shape[1], replicas)
