"""Learn the labels themselves."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from stillage.task import LabelState, Task
from stillage.teaching.objectives.base import Objective, ObjectiveContext, Ports, mean_of


def label_rows(task: Task, outputs: Tensor, targets: Tensor, scale: float = 1.0) -> Tensor:
    """Compute the loss of each labelled sample, (B,), from raw outputs (B, width) and targets (B,).

    Classes: cross-entropy; ordinal: binary cross-entropy of ``y > k``, the mean over
    thresholds; regression: squared error in units of ``scale``.

    >>> task = Task(target="t", kind="ordinal", classes=("a", "b", "c"))
    >>> label_rows(task, torch.zeros(1, 2), torch.tensor([1]))
    tensor([0.6931])
    """
    outputs = outputs.float()
    if task.kind == "classification":
        return functional.cross_entropy(outputs, targets, reduction="none")
    if task.kind == "ordinal":
        steps = torch.arange(task.width, device=targets.device)
        above = (targets[:, None] > steps).float()
        each = functional.binary_cross_entropy_with_logits(outputs, above, reduction="none")
        return each.mean(1)
    return ((outputs.squeeze(1) - targets.float()) / scale).square()


class LabelLoss(Objective):
    """Learn from labelled samples alone: the mean over them, then over the student's tasks.

    A task without a labelled sample in the batch adds 0.
    """

    name = "label_loss"
    ports: ClassVar[tuple[str, ...]] = ("student.heads", "targets")

    def __init__(self) -> None:
        super().__init__()
        self.tasks: tuple[Task, ...] = ()
        self.scales: dict[str, float] = {}

    def bind(self, context: ObjectiveContext) -> None:
        super().bind(context)
        self.tasks = context.student_tasks
        self.scales = dict(context.scales)

    def loss(self, ports: Ports) -> Tensor:
        losses = []
        for task in self.tasks:
            which = ports.states[task.target] == int(LabelState.LABELLED)
            outputs = ports.student.heads[task.target][which]
            targets = ports.targets[task.target][which]
            scale = self.scales.get(task.target, 1.0)
            losses.append(mean_of(label_rows(task, outputs, targets, scale), None))
        return torch.stack(losses).mean()
