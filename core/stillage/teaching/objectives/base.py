"""Define the interface of an objective: declared ports, checked before the first step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from stillage.errors import BadInput
from stillage.network.batch import Outputs
from stillage.network.heads import RegressionHead
from stillage.task import LabelState, Task

if TYPE_CHECKING:
    from stillage.network.network import Network
    from stillage.teaching.teacher import Teacher

PORTS = ("student.heads", "student.features", "teacher.heads", "teacher.features", "targets")


@dataclass(frozen=True)
class ObjectiveContext:
    """Hold what is known before training, to refuse meaningless combinations.

    Attributes
    ----------
    student_tasks, student_width : tasks and feature width of the student
    batch : int
        Samples in one step.
    scales : mapping of str to float
        Of the student's regression heads: losses work on values divided by it.
    teacher_tasks, teacher_width : of the teacher; None and 0 without one
    teacher_mean, teacher_std : Tensor (teacher_width,) or None
        Statistics of the teacher's features over the training samples.
    targets : whether batches carry targets and label states
    seed : int
        Of adapters' initial weights.
    """

    student_tasks: tuple[Task, ...]
    student_width: int
    batch: int
    scales: Mapping[str, float] = field(default_factory=dict)
    teacher_tasks: tuple[Task, ...] | None = None
    teacher_width: int = 0
    teacher_mean: Tensor | None = None
    teacher_std: Tensor | None = None
    targets: bool = True
    seed: int = 0

    @classmethod
    def of(
        cls,
        student: Network,
        teacher: Teacher | None,
        batch: int,
        statistics: tuple[Tensor, Tensor] | None = None,
        *,
        targets: bool = True,
        seed: int = 0,
    ) -> ObjectiveContext:
        """Build the context of a student (regression heads fitted) and a teacher.

        ``statistics`` are mean and standard deviation of the teacher's features, as from
        :meth:`stillage.teaching.bank.TeacherBank.statistics`.
        """
        heads = zip(student.tasks, student.heads, strict=True)
        scales = {t.target: float(h.scale) for t, h in heads if isinstance(h, RegressionHead)}
        mean, std = statistics or (None, None)
        return cls(
            student.tasks,
            student.width,
            batch,
            scales,
            None if teacher is None else teacher.tasks,
            0 if teacher is None else teacher.feature_width,
            mean,
            std,
            targets,
            seed,
        )

    def offers(self, port: str) -> bool:
        """Say whether a port is there."""
        return {
            "student.heads": bool(self.student_tasks),
            "student.features": self.student_width > 0,
            "teacher.heads": bool(self.teacher_tasks),
            "teacher.features": self.teacher_width > 0,
            "targets": self.targets,
        }.get(port, False)


@dataclass(frozen=True)
class Ports:
    """Hold what an objective reads in one step; ``targets`` and ``states`` as in a batch."""

    student: Outputs
    teacher: Outputs | None = None
    targets: Mapping[str, Tensor] = field(default_factory=dict)
    states: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def taught(self) -> Outputs:
        """Return the teacher's outputs.

        Raises
        ------
        BadInput
            Without a teacher.
        """
        if self.teacher is None:
            raise BadInput("objective", "no teacher outputs", "a teacher or its bank")
        return self.teacher

    def inside(self, target: str) -> Tensor | None:
        """Mark samples that are not out-of-set, bool (B,); None where states are not known."""
        states = self.states.get(target)
        return None if states is None else states != int(LabelState.OUT_OF_SET)


class Objective(nn.Module, ABC):
    """Compute a loss from declared ports.

    Set ``name`` and ``ports``, implement :meth:`loss`, and refuse what has no meaning in
    :meth:`check`. Parameters (adapters) belong to the optimiser and never to the student.
    """

    name: ClassVar[str]
    ports: ClassVar[tuple[str, ...]]

    def check(self, context: ObjectiveContext) -> None:
        """Refuse a combination before the first step.

        Raises
        ------
        BadInput
            One line that says why: a port that is not there, or what a subclass refuses.
        """
        for port in self.ports:
            if port not in PORTS:
                raise self.refusal(f"port {port!r}", f"one of {list(PORTS)}")
            if not context.offers(port):
                raise self.refusal(f"nothing at port {port!r}", self._remedy(port, context))

    @staticmethod
    def _remedy(port: str, context: ObjectiveContext) -> str:
        side, _, what = port.partition(".")
        if side == "teacher" and context.teacher_tasks is None:
            return "a teacher"
        return f"a {side} with {what}" if what else "batches with targets and label states"

    def bind(self, context: ObjectiveContext) -> None:
        """Check, then make whatever depends on the context (adapters, statistics)."""
        self.check(context)

    def refusal(self, found: str, expected: str) -> BadInput:
        """Build the error that says why this objective cannot be used."""
        return BadInput(f"objective {self.name!r}", found, expected)

    def forward(self, ports: Ports) -> Tensor:
        """Compute the loss, a float32 scalar; autocast is off inside."""
        with torch.autocast(ports.student.features.device.type, enabled=False):
            return self.loss(ports)

    @abstractmethod
    def loss(self, ports: Ports) -> Tensor:
        """Compute the loss in float32; a batch with nothing to learn from gives 0 with a graph."""


def mean_of(rows: Tensor, which: Tensor | None) -> Tensor:
    """Average per-sample losses (B,) over the chosen ones (bool (B,) or None); 0 if none.

    >>> mean_of(torch.tensor([1.0, float("nan")]), torch.tensor([True, False]))
    tensor(1.)
    """
    chosen = rows if which is None else rows[which]
    return chosen.mean() if len(chosen) else chosen.sum()
