"""Supervise training samples: by labels where known, else by the teacher."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stillage.errors import BadInput
from stillage.network.batch import Outputs
from stillage.plugin.host import get_host
from stillage.plugin.spec import ObjectiveSpec
from stillage.task import LabelState
from stillage.teaching.bank import TeacherBank
from stillage.teaching.objectives.base import Objective, ObjectiveContext, Ports
from stillage.teaching.objectives.config import ObjectiveConfig
from stillage.teaching.teacher import Teacher

if TYPE_CHECKING:
    from stillage.network import Network
    from stillage.plugin.host import Host

_STATES = (LabelState.LABELLED, LabelState.UNLABELLED)

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Labels:
    """Hold labels of n training samples for one target.

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
    """Hold a teacher's stored outputs for n training samples.

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
class _Part:
    """Hold one objective's share of a lesson: the samples at ``index`` (None: all)."""

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
    """Hold the labels and teacher outputs of one batch, and compute the loss from them."""

    parts: tuple[_Part, ...]

    def loss(self, outputs: Outputs) -> Tensor:
        """Compute the loss of a network's outputs for these samples; a scalar with a graph."""
        total = outputs.features.sum() * 0.0
        for part in self.parts:
            total = total + part.loss(outputs)
        return total


def create_objective(config: ObjectiveConfig, host: Host | None = None) -> Objective:
    """Create the objective that a configuration names, not yet bound.

    Raises
    ------
    BadInput
        If no objective has that name, or it refuses its parameters.
    """
    host = host or get_host()
    chosen = config.checked(host.spec(ObjectiveSpec, config.name))
    parameters: dict[str, Any] = chosen.parameters
    try:
        made: Objective = host.create(ObjectiveSpec, config.name, **parameters)
    except TypeError as error:
        raise BadInput(f"objective {config.name!r}: {error}") from error
    return made


def _reads_teacher(ports: Collection[str]) -> bool:
    """Say whether any of some ports is a teacher's."""
    return any(port.startswith("teacher.") for port in ports)


def about_all_taught(ports: Collection[str]) -> bool:
    """Say whether an objective is about every sample with a teacher, those with a label too.

    One that reads the teacher's heads alone is not: there a label overwrites the teacher.

    >>> about_all_taught(["student.heads", "teacher.heads"])
    False
    >>> about_all_taught(["student.features", "teacher.features"])
    True
    """
    features = any(port.endswith(".features") for port in ports)
    return _reads_teacher(ports) and (features or "targets" in ports)


class Supervision:
    """Hold the supervision of every training sample; :meth:`lesson` selects that of a batch.

    Every sample weighs the same, whether it brings a label or the teacher's opinion: an
    objective on heads is a mean over the rows that it concerns, times their share of the
    batch, summed over targets. Which rows these are follows from its ports: see
    :func:`about_all_taught`; without a teacher, those with a label, or all if it reads no target.

    Parameters
    ----------
    network : Network
        Regression heads must have been fitted.
    labels : mapping of target to Labels
    objectives : sequence of ObjectiveConfig
        Those that need a teacher are left out without one.
    guidance : Guidance, optional
    batch : int
        Samples in a step, for the objectives' checks.
    seed : int
        Of adapters' initial weights.
    host : Host, optional
        Default: the installed plugins.

    Raises
    ------
    BadInput
        Before the first step, if an objective cannot be used, or none is left to learn from.
    """

    def __init__(
        self,
        network: Network,
        labels: Mapping[str, Labels],
        objectives: Sequence[ObjectiveConfig],
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
        if guidance and guidance.bank.feature_width:
            statistics = guidance.bank.statistics()
        context = ObjectiveContext.of(network, teacher, batch, statistics, seed=seed)
        self.extra = nn.ModuleList()
        self._terms: list[tuple[ObjectiveConfig, str | None, Objective]] = []
        self._taught = {t.target: self._heads(t.target) for t in network.tasks}
        self._guided = guidance.source >= 0 if guidance else None
        for config in objectives:
            self._add(config, context, host)
        if not self._terms:
            named = ", ".join(config.name for config in objectives) or "none"
            raise BadInput("objectives", named, "one that can be learnt from without a teacher")
        self.extra.to(self.device)

    def _heads(self, target: str) -> Bools | None:
        return self.guidance.heads.get(target) if self.guidance else None

    def _add(self, config: ObjectiveConfig, context: ObjectiveContext, host: Host | None) -> None:
        probe = create_objective(config, host)
        if config.weight == 0 or (_reads_teacher(probe.ports) and self.guidance is None):
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
            objective = create_objective(config, host)
            objective.bind(narrowed)
            self._terms.append((config, target, objective))
            self.extra.append(objective)

    def train(self) -> None:
        """Put the objectives in training mode."""
        self.extra.train()

    def key(self) -> bytes:
        """Return the bytes that decide the supervision, for checkpoints."""
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
        """Return the positions in the batch that an objective is about."""
        which: Bools | None
        if about_all_taught(objective.ports):
            which = self._guided
        elif target and _reads_teacher(objective.ports):
            which = self._taught[target]
        elif "targets" in objective.ports:
            which = self._labelled(target)
        else:
            return np.arange(len(rows))
        return np.flatnonzero(which[rows]) if which is not None else np.zeros(0, np.int64)

    def _labelled(self, target: str | None) -> Bools | None:
        """Return rows with a label of a target, or (None) of any."""
        if target:
            return self.labels[target].known if target in self.labels else None
        return np.asarray(np.any([one.known for one in self.labels.values()], axis=0))

    def lesson(self, rows: Ints, view: int = 0) -> Lesson:
        """Collect the supervision of rows (B,) in a view, before the network has answered."""
        parts = []
        for config, target, objective in self._terms:
            places = self._concerned(target, objective, rows)
            if len(places):
                some = rows[places]
                share = len(places) / len(rows)
                index = None if len(places) == len(rows) else self._tensor(places)
                told = self._told(some, view)
                parts.append(_Part(objective, config.weight * share, index, told, *self._of(some)))
        return Lesson(tuple(parts))

    def _of(self, rows: Ints) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return targets and states of rows."""
        targets = {name: self._tensor(known.values[rows]) for name, known in self.labels.items()}
        states = {
            name: self._tensor(np.where(known.known[rows], *_STATES).astype(np.int8))
            for name, known in self.labels.items()
        }
        return targets, states

    def _tensor(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(self.device)

    def _told(self, rows: Ints, view: int) -> Outputs | None:
        """Return the teacher's outputs for training samples that all have one."""
        if self.guidance is None:
            return None
        source = self.guidance.source[rows]
        if (source < 0).any():
            return None
        told = self.guidance.bank.fetch(source, view)
        heads = {name: values.to(self.device) for name, values in told.heads.items()}
        return Outputs(heads, told.features.to(self.device))
