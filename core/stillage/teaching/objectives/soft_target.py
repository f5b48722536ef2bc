"""Learn the teacher's softened outputs."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from stillage.task import Task
from stillage.teaching.objectives.base import Objective, ObjectiveContext, Ports, mean_of


def hinton(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """``T^2 KL(softmax(teacher/T) || softmax(student/T))`` per sample, (B,).

    >>> hinton(torch.zeros(1, 2), torch.tensor([[9.0, 1.0]]).log(), 2.0)
    tensor([0.5232])
    """
    told = (teacher.float() / temperature).log_softmax(1)
    said = (student.float() / temperature).log_softmax(1)
    divergence = functional.kl_div(said, told, reduction="none", log_target=True)
    return divergence.sum(1) * temperature**2


def bernoulli(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """``T^2`` times the mean over thresholds of Bernoulli KL of cumulative logits, (B,)."""
    told, said = teacher.float() / temperature, student.float() / temperature
    above = torch.sigmoid(told)
    divergence = above * (functional.logsigmoid(told) - functional.logsigmoid(said))
    divergence = divergence + (1 - above) * (
        functional.logsigmoid(-told) - functional.logsigmoid(-said)
    )
    return divergence.mean(1) * temperature**2


class SoftTarget(Objective):
    """Match the teacher's outputs, whatever the labels: the mean over the student's tasks.

    Classes: Hinton's loss; ordinal: Bernoulli KL of each threshold, averaged; regression:
    squared difference in units of the student's scale. Out-of-set samples are left out.
    """

    name = "soft_target"
    ports: ClassVar[tuple[str, ...]] = ("student.heads", "teacher.heads")

    def __init__(self, temperature: float = 1.0) -> None:
        super().__init__()
        if not temperature > 0:
            raise self.refusal(f"temperature {temperature}", "a positive number")
        self.temperature = temperature
        self.tasks: tuple[Task, ...] = ()
        self.scales: dict[str, float] = {}

    def check(self, context: ObjectiveContext) -> None:
        super().check(context)
        known = {task.target: task for task in context.teacher_tasks or ()}
        for task in context.student_tasks:
            theirs = known.get(task.target)
            if theirs is None:
                found = f"a teacher that does not tell {task.target!r}"
                raise self.refusal(found, f"one of its targets {sorted(known)}")
            if (theirs.kind, theirs.unit) != (task.kind, task.unit):
                found = f"{task.target!r} as {theirs.kind} [{theirs.unit}] from the teacher"
                raise self.refusal(found, f"{task.kind} [{task.unit}] as the student")
            if theirs.classes != task.classes:
                found = f"other classes of {task.target!r} from the teacher: {theirs.classes}"
                raise self.refusal(found, f"{task.classes}, in this order")

    def bind(self, context: ObjectiveContext) -> None:
        super().bind(context)
        self.tasks = context.student_tasks
        self.scales = dict(context.scales)

    def loss(self, ports: Ports) -> Tensor:
        losses = []
        for task in self.tasks:
            student = ports.student.heads[task.target]
            teacher = ports.taught.heads[task.target].detach()
            if task.kind == "classification":
                rows = hinton(student, teacher, self.temperature)
            elif task.kind == "ordinal":
                rows = bernoulli(student, teacher, self.temperature)
            else:
                scale = self.scales.get(task.target, 1.0)
                rows = ((student.float() - teacher.float()) / scale).square().mean(1)
            losses.append(mean_of(rows, ports.inside(task.target)))
        return torch.stack(losses).mean()
