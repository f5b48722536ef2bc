"""What a network is told of its training samples: labels where known, else its teacher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stillage.network.batch import Outputs
from stillage.plugin.spec import ObjectiveSpec
from stillage.task import LabelState
from stillage.teaching.bank import TeacherBank
from stillage.teaching.objectives.base import Objective, ObjectiveContext, Ports
from stillage.teaching.teacher import Teacher

if TYPE_CHECKING:
    from stillage.network import Network
    from stillage.plugin.host import Host

_STATES = (LabelState.LABELLED, LabelState.UNLABELLED)

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Labels:
    """Labels of n training samples for one target.

    Attributes
    ----------
    values : array (n,)
        Class numbers, or values in the target's unit; whatever is not known is blanked.
    known : bool array (n,)
        Where the value may be learnt from.
    """

    values: NDArray[Any]
    known: Bools

    def __post_init__(self) -> None:
        blank = 0.0 if np.issubdtype(self.values.dtype, np.floating) else 0
        object.__setattr__(self, "values", np.where(self.known, self.values, blank))


@dataclass(frozen=True)
class Guidance:
    """A teacher's stored outputs for n training samples.

    Attributes
    ----------
    teacher : Teacher
    bank : TeacherBank
    source : int64 array (n,)
        The recording's sample whose teacher outputs a row is given, -1 for none; a shuffled
        teacher is a permuted ``source``.
    heads : mapping of str to bool array (n,)
        For each target, the rows that learn from the teacher's heads.
    """

    teacher: Teacher
    bank: TeacherBank
    source: Ints
    heads: Mapping[str, Bools]


@dataclass(frozen=True)
class Term:
    """An objective by name, its weight and its parameters."""

    name: str
    weight: float = 1.0
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Part:
    """One objective's share of a lesson: the samples at ``index`` (None: all)."""

    objective: Objective
    weight: float
    index: Tensor | None
    teacher: Outputs | None
    targets: Mapping[str, Tensor]
    states: Mapping[str, Tensor]

    def loss(self, outputs: Outputs) -> Tensor:
        student = outputs
        if self.index is not None:
            heads = {name: values[self.index] for name, values in outputs.heads.items()}
            student = Outputs(heads, outputs.features[self.index])
        value: Tensor = self.objective(Ports(student, self.teacher, self.targets, self.states))
        return value * self.weight


@dataclass(frozen=True)
class Lesson:
    """All that is told of the samples of one batch."""

    parts: tuple[_Part, ...]

    def loss(self, outputs: Outputs) -> Tensor:
        """The loss of a network's outputs for these samples; a scalar with a graph."""
        total = outputs.features.sum() * 0.0
        for part in self.parts:
            total = total + part.loss(outputs)
        return total


def create_objective(term: Term, host: Host | None = None) -> Objective:
    """The objective of a term, from the plugins; those of core need none.

    Raises
    ------
    BadInput
        If no objective has that name.
    """
    from stillage.plugin.resolve import resolve
    from stillage.teaching.objectives.specs import SPECS

    ours = {spec.name: spec for spec in SPECS}
    if term.name in ours:
        made = resolve(ours[term.name].factory)(**term.parameters)
    else:
        from stillage.plugin.host import get_host

        made = (host or get_host()).create(ObjectiveSpec, term.name, **term.parameters)
    objective: Objective = made
    return objective


class Supervision:
    """What is told of every training sample; :meth:`lesson` tells it of some.

    Every sample weighs the same, whether it brings a label or the teacher's opinion: an
    objective on heads is a mean over the rows that it concerns, times their share of the
    batch, summed over targets. An objective on features concerns all rows that have a
    teacher.

    Parameters
    ----------
    network : Network
        Regression heads must have been fitted.
    labels : mapping of target to Labels
    terms : sequence of Term
        Objectives; those that need a teacher are left out without one.
    guidance : Guidance, optional
    batch : int
        Samples in a step, for the objectives' checks.
    seed : int
        Of adapters' initial weights.
    host : plugin host, optional

    Raises
    ------
    BadInput
        Before the first step, if an objective cannot be used.
    """

    def __init__(
        self,
        network: Network,
        labels: Mapping[str, Labels],
        terms: Sequence[Term],
        guidance: Guidance | None = None,
        batch: int = 64,
        seed: int = 0,
        host: Host | None = None,
    ) -> None:
        self.guidance = guidance
        self.device = network.device
        self.labels = dict(labels)
        teacher = guidance.teacher if guidance else None
        statistics = None
        if guidance and guidance.teacher.feature_width:
            statistics = guidance.bank.statistics()
        context = ObjectiveContext.of(network, teacher, batch, statistics, seed=seed)
        self.extra = nn.ModuleList()
        self._terms: list[tuple[Term, str | None, Objective]] = []
        self._taught = {t.target: self._heads(t.target) for t in network.tasks}
        self._guided = guidance.source >= 0 if guidance else None
        for term in terms:
            self._add(term, context, host)
        self.extra.to(self.device)

    def _heads(self, target: str) -> Bools | None:
        return self.guidance.heads.get(target) if self.guidance else None

    def _add(self, term: Term, context: ObjectiveContext, host: Host | None) -> None:
        probe = create_objective(term, host)
        needs_teacher = any(port.startswith("teacher.") for port in probe.ports)
        if term.weight == 0 or (needs_teacher and self.guidance is None):
            return
        features = any(port.endswith(".features") for port in probe.ports)
        if features:
            chosen: list[tuple[str | None, ObjectiveContext]] = [(None, context)]
        else:
            chosen = [
                (task.target, replace(context, student_tasks=(task,)))
                for task in context.student_tasks
            ]
        for target, narrowed in chosen:
            objective = create_objective(term, host)
            objective.bind(narrowed)
            self._terms.append((term, target, objective))
            self.extra.append(objective)

    def train(self) -> None:
        """Objectives in training mode."""
        self.extra.train()

    def key(self) -> bytes:
        """What decides the supervision, for checkpoints."""
        parts = [repr([(t.name, t.weight, dict(t.parameters), g) for t, g, _ in self._terms])]
        arrays: list[NDArray[Any]] = []
        for target in sorted(self.labels):
            arrays += [self.labels[target].values, self.labels[target].known]
        if self.guidance:
            parts.append(self.guidance.bank.key)
            arrays.append(self.guidance.source)
            arrays += [self.guidance.heads[t] for t in sorted(self.guidance.heads)]
        return b"\0".join([*(p.encode() for p in parts), *(a.tobytes() for a in arrays)])

    def _concerned(self, target: str | None, objective: Objective, rows: Ints) -> Ints:
        """Positions in the batch that an objective is about."""
        if target is None:
            which = self._guided
        elif any(port.startswith("teacher.") for port in objective.ports):
            which = self._taught[target]
        else:
            which = self.labels[target].known if target in self.labels else None
        return np.flatnonzero(which[rows]) if which is not None else np.zeros(0, np.int64)

    def lesson(self, rows: Ints, view: int = 0) -> Lesson:
        """What is told of rows (B,) in a view, whatever the network answers."""
        parts = []
        for term, target, objective in self._terms:
            places = self._concerned(target, objective, rows)
            if len(places):
                some = rows[places]
                share = len(places) / len(rows)
                index = None if len(places) == len(rows) else self._tensor(places)
                told = self._told(some, view)
                parts.append(_Part(objective, term.weight * share, index, told, *self._of(some)))
        return Lesson(tuple(parts))

    def _of(self, rows: Ints) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Targets and states of rows."""
        targets = {name: self._tensor(known.values[rows]) for name, known in self.labels.items()}
        states = {
            name: self._tensor(np.where(known.known[rows], *_STATES).astype(np.int8))
            for name, known in self.labels.items()
        }
        return targets, states

    def _tensor(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(self.device)

    def _told(self, rows: Ints, view: int) -> Outputs | None:
        """What the teacher says of training samples that all have one."""
        if self.guidance is None:
            return None
        source = self.guidance.source[rows]
        if (source < 0).any():
            return None
        told = self.guidance.bank.fetch(source, view)
        heads = {name: values.to(self.device) for name, values in told.heads.items()}
        return Outputs(heads, told.features.to(self.device))
