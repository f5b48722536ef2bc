"""A chain world: a chain, what each policy does in it, and how it is rolled out."""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_scenarios.chains.kpi_index import KpiIndex, kpi_index
from stillage_scenarios.chains.kpis import FLOWS, KPIS, OF_LANES
from stillage_scenarios.chains.simulation import ChainSimulation
from stillage_sim.chain import running
from stillage_sim.chain.model import ChainModel
from stillage_sim.chain.stages.decide import CompiledPolicy
from stillage_sim.chain.stages.step import States
from stillage_sim.machines.arrays import PLANNED, WORKING
from stillage_sim.policy.protocol import Policy
from stillage_sim.policy.stepping import Stepped
from stillage_sim.scenario import Totals, World
from stillage_sim.uncertainty.sampling import Sampling


@dataclass(frozen=True)
class ChainWorld(World):
    """A world of one chain; made by :func:`.casting.build_world`.

    See :class:`stillage_sim.scenario.World`.

    Parameters
    ----------
    model : ChainModel
    choices : dict of policy name to CompiledPolicy
        What each perceives with, its rules, and what a reading costs.
    worlds : int
        W: replica r perceives with world r mod W.
    sampling : Sampling
        Antithetic pairs and strata of replicas.
    frames : int
        Points in time that are kept of a rollout, at most.
    acting : dict of policy name to Policy
        Those without rules, which act on what they are shown.
    missing : dict of policy name to str
        The perception table that a policy lacks.
    """

    model: ChainModel
    choices: Mapping[str, CompiledPolicy]
    worlds: int
    sampling: Sampling = running.INDEPENDENT
    frames: int = 60
    acting: Mapping[str, Policy] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Copy arrays from shared memory: they are read-only, and kernels would compile anew."""
        state = {**state, "model": copy.deepcopy(state["model"])}
        state["choices"] = copy.deepcopy(state["choices"])
        for name, value in state.items():
            object.__setattr__(self, name, value)

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @functools.cached_property
    def index(self) -> KpiIndex:
        """Find where KPIs are read in the totals."""
        return kpi_index(self.model)

    @property
    def policies(self) -> tuple[str, ...]:
        return tuple(self.choices)

    def of(self, policy: str) -> CompiledPolicy:
        """Return a policy's compiled form.

        Raises
        ------
        BadInput
            If there is none of that name, or its perception table is missing.
        """
        if policy not in self.choices:
            if policy in self.missing:
                need = f"table {self.missing[policy]!r}"
                raise BadInput(f"policy {policy!r}", "no such perception table", need)
            raise BadInput("policy", repr(policy), f"one of {', '.join(self.choices)}")
        return self.choices[policy]

    def rollout(
        self, policy: str, first_replica: int, replicas: int, days: float, seed: int
    ) -> Totals:
        """Roll ``replicas`` replicas out for ``days`` days (24 h from the chain's start).

        Returns
        -------
        Totals
            Those of :func:`stillage_sim.chain.running.totals`, and of N frames (periods, or
            several together): ``frame_h`` (R, N) the hours at their ends, ``frame_kpis`` (R, N,
            KPIs) what each added, in the order of :data:`.kpis.KPIS`; ``frame_stock`` (R, N, A)
            kg and ``frame_energy`` (R, N, 6, D) J at their ends; ``frame_up`` (R, N, machines)
            share of the frame that each machine was up.

        Raises
        ------
        BadInput
            For numbers that are none of replicas and days.
        """
        self.of(policy)
        if replicas < 1 or first_replica < 0:
            raise BadInput("replicas", f"{replicas} from {first_replica}", "at least one from 0")
        if not math.isfinite(days) or days <= 0:
            raise BadInput("days", days, "a positive number")
        chain = self.model.parts.chain
        steps = max(round(days * 24.0 / chain.step_h), 1)
        states, advance = self._begun(policy, first_replica, replicas, days, seed)
        ends = frame_ends(steps, chain.period, self.frames)
        done, before = 0, running.totals(states)
        rows: dict[str, list[NDArray[Any]]] = {
            name: [] for name in ("h", "kpis", "stock", "energy", "up")
        }
        for end in ends:
            advance(end - done)
            after = running.totals(states)
            hours = (end - done) * chain.step_h
            added = {name: after[name] - before[name] for name in FLOWS}
            rows["h"].append(np.full(replicas, end * chain.step_h))
            rows["kpis"].append(np.stack([kpi(added, self.index) for kpi in KPIS.values()], 1))
            # A running sum adds in the same order for any number of replicas; see kpis.summed.
            rows["stock"].append(np.cumsum(after["mass"], 2)[..., -1])
            rows["energy"].append(after["energy"])
            up = added["machine_hours"][..., [WORKING, PLANNED]].sum(2)
            rows["up"].append(up / hours)
            done, before = end, after
        frames = {f"frame_{name}": np.stack(each, 1) for name, each in rows.items()}
        return {**before, **frames}

    def _begun(
        self, policy: str, first: int, replicas: int, days: float, seed: int
    ) -> tuple[States, Callable[[int], object]]:
        """Begin an episode; return its replicas and what steps them: fused rules, or a policy."""
        chosen = self.of(policy)
        if policy not in self.acting:
            states = running.begun(self.model, replicas, seed, first, self.worlds, self.sampling)
            return states, functools.partial(running.advance, self.model, chosen, states)
        simulation = ChainSimulation(self.model, chosen, days, sampling=self.sampling)
        numbers = np.arange(first, first + replicas, dtype=np.int64)
        stepped = Stepped(simulation, self.acting[policy], policy, numbers, seed)
        return stepped.state.states, stepped.advance

    def kpis(self, totals: Totals) -> dict[str, NDArray[np.float64]]:
        """Compute all KPIs, but those of sorting where no lane is named after a material."""
        left_out = () if len(self.index.accepted) else OF_LANES
        return {name: kpi(totals, self.index) for name, kpi in KPIS.items() if name not in left_out}

    def audit(self, totals: Totals) -> dict[str, float]:
        """Compute the residuals of the ledgers of mass, energy (mains and devices) and money."""
        return running.audit(totals)


def frame_ends(steps: int, period: int, most: int) -> list[int]:
    """List the steps at which frames end: whole periods, several together beyond ``most``.

    >>> frame_ends(60, 24, 10), frame_ends(240, 24, 4)
    ([24, 48, 60], [72, 144, 216, 240])
    """
    periods = -(-steps // period)
    stride = period * -(-periods // most)
    return [*range(stride, steps, stride), steps]
