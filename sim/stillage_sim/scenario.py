"""The protocol of scenarios: a world, what it must record, its policies and KPIs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from stillage.errors import BadInput
from stillage.plugin.spec import PolicySpec
from stillage_sim.policy.protocol import BLIND, IDEAL, MAJORITY

if TYPE_CHECKING:
    from stillage.recording import Recording
    from stillage.sensing.scene import Scene
    from stillage.task import Task
    from stillage_sim.policy.protocol import Seeing

Totals = dict[str, NDArray[np.float64]]
"""Per-replica totals of a rollout: name -> float64 ``(replicas, ...)``."""


class Perceived(Protocol):
    """The part of a :class:`stillage.perception.table.PerceptionTable` that a world needs.

    ``heads`` maps a target to probabilities (I, K) or values (I,) of the rows in ``samples``;
    ``latency_s`` and ``energy_j`` are modelled, for one reading of all its modalities;
    ``device`` names the profile of the computer.
    """

    @property
    def samples(self) -> NDArray[np.int64]: ...
    @property
    def heads(self) -> Mapping[str, NDArray[np.float64]]: ...
    @property
    def latency_s(self) -> float: ...
    @property
    def energy_j(self) -> float: ...
    @property
    def device(self) -> str: ...


@dataclass(frozen=True)
class SeedCast:
    """The held-out items of one training seed, and what its models say of them.

    Parameters
    ----------
    seed : int
    samples : int64 (I,)
        Held-out samples in the recording.
    groups : sequence of str (I,)
    truth : dict of target to (I,)
        Class indices (int64, -1: out of set) or values (float64, NaN: unknown).
    tables : dict of policy name to PerceptionTable
    """

    seed: int
    samples: NDArray[np.int64]
    groups: NDArray[Any]
    truth: Mapping[str, NDArray[Any]]
    tables: Mapping[str, Perceived] = field(default_factory=dict)

    def rows(self, name: str) -> NDArray[np.int64]:
        """Find the rows of table ``name`` that belong to ``samples``, int64 (I,)."""
        table = np.asarray(self.tables[name].samples)
        order = np.argsort(table, kind="stable")
        spots = np.searchsorted(table[order], self.samples)
        found = spots < len(table)
        found[found] = table[order][spots[found]] == self.samples[found]
        if not found.all():
            missing = int(self.samples[~found][0])
            raise BadInput(f"perception table {name!r}", f"no row for sample {missing}", "one")
        return np.asarray(order[spots], np.int64)


@dataclass(frozen=True)
class Cast:
    """The cast of a world: the held-out items of every training seed.

    ``tasks`` describes the targets in ``truth`` and ``roles`` binds a scenario's roles to them
    (``{"material": "polymer"}``); truth must hold every role's target. ``worlds`` is W.
    """

    seeds: Sequence[SeedCast]
    tasks: Mapping[str, Task]
    roles: Mapping[str, str]
    worlds: int = 40

    @property
    def tables(self) -> tuple[str, ...]:
        """Name the tables that every seed has, in the first seed's order."""
        first = self.seeds[0].tables if self.seeds else ()
        return tuple(name for name in first if all(name in s.tables for s in self.seeds))

    def task(self, role: str) -> Task | None:
        """Return the task bound to ``role``, or None."""
        target = self.roles.get(role)
        if target is None:
            return None
        if target not in self.tasks:
            raise BadInput(f"role {role!r}", f"target {target!r}", f"one of {sorted(self.tasks)}")
        return self.tasks[target]


class World(ABC):
    """A world holds immutable arrays of one scenario, ready to be rolled out; picklable.

    Replica r is the same whoever simulates it, in whatever batch, and faces the same luck under
    every policy.
    """

    notes: tuple[str, ...] = ()
    """Assumptions and left-out roles that a report should print."""

    @property
    @abstractmethod
    def policies(self) -> tuple[str, ...]:
        """Name the policies that can be rolled out."""

    @abstractmethod
    def rollout(
        self, policy: str, first_replica: int, replicas: int, days: float, seed: int
    ) -> Totals:
        """Simulate replicas for ``days``; return their totals.

        They are ``first_replica .. first_replica + replicas - 1``.
        """

    @abstractmethod
    def kpis(self, totals: Totals) -> dict[str, NDArray[np.float64]]:
        """Compute each KPI, float64 (replicas,)."""

    @abstractmethod
    def audit(self, totals: Totals) -> dict[str, float]:
        """Compute the largest relative residuals: ``{"mass", "energy", "money"}``."""


class Scenario(ABC):
    """A scenario is a world, what it must record, and what ``-o`` may change about it."""

    name: ClassVar[str]
    Settings: ClassVar[type[BaseModel]]
    teacher: ClassVar[tuple[str, ...]]
    student: ClassVar[tuple[str, ...]]
    tasks: ClassVar[tuple[str, ...]]
    sights: ClassVar[tuple[str, ...]] = (IDEAL, MAJORITY, BLIND)
    """What a policy may see here besides a perception table."""
    usual: ClassVar[Mapping[str, Any]] = {}
    """Defaults of the run's own options that differ for this scenario, such as ``days``."""

    def scene(self, items: int, seed: int) -> Scene:
        """Make items of this world for sensor models; :meth:`record` renders them.

        Raises
        ------
        BadInput
            If the scenario has no scene of its own.
        """
        raise BadInput(f"scenario {self.name!r}", "no scene", "one with scene()")

    def check(self, settings: BaseModel) -> None:  # noqa: B027  # most settings name no file
        """Raise ``BadInput`` for settings of which no world can be made; before anything is done.

        Whatever a file that settings name has wrong should show here, not after hours of training.
        """

    @abstractmethod
    def record(self, items: int, seed: int, path: Path) -> None:
        """Render the synthetic recording of ``items`` items to ``path``."""

    @abstractmethod
    def roles(self, recording: Recording, settings: BaseModel) -> dict[str, str]:
        """Bind this scenario's roles to the recording's targets."""

    @abstractmethod
    def world(
        self, settings: BaseModel, cast: Cast, policies: Mapping[str, Seeing] | None = None
    ) -> World:
        """Build the world that carries the items of ``cast``; ``policies`` join those registered.

        Every perception table is a policy too, by its name.
        """

    def policies(self, further: Mapping[str, Seeing] | None = None) -> dict[str, Seeing]:
        """Collect all policies registered for this scenario, a plugin's too, and ``further``."""
        from stillage_sim.policy.registered import registered

        return {**registered(self.name), **(further or {})}

    def tables(self, policies: Sequence[str]) -> frozenset[str]:
        """Name the perception tables that policies read: what they see through, else their own."""
        from stillage.plugin.host import get_host

        known = {spec.name: spec.table for spec in get_host().scenario_specs(PolicySpec, self.name)}
        return frozenset(known.get(name, name) for name in policies) - {""}
