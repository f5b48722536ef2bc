"""Learn the teacher's distances between the samples of a batch."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from stillage.teaching.objectives.base import Objective, ObjectiveContext, Ports


def relative_distances(features: Tensor) -> Tensor:
    """Divide the distances of all pairs i < j by the mean of the positive ones, (B (B-1) / 2,).

    Equal samples have distance 0 and gradient 0; all equal gives zeros.

    >>> relative_distances(torch.tensor([[0.0], [1.0], [3.0]]))
    tensor([0.5000, 1.5000, 1.0000])
    """
    distances = functional.pdist(features.float())
    positive = distances > 0
    mean = (distances * positive).sum() / positive.sum().clamp(min=1)
    return distances / torch.where(positive.any(), mean, torch.ones_like(mean))


class RelationalDistance(Objective):
    """RKD-D (Park et al. 2019): Huber loss (delta 1) of relative distances, mean over pairs.

    Widths may differ, and shifts, rotations and scaling of the features change nothing.
    """

    name = "relational_distance"
    ports: ClassVar[tuple[str, ...]] = ("student.features", "teacher.features")

    def check(self, context: ObjectiveContext) -> None:
        super().check(context)
        if context.batch < 3:
            found = f"batches of {context.batch}"
            raise self.refusal(found, "at least 3 samples: relative distances need two pairs")

    def loss(self, ports: Ports) -> Tensor:
        student = ports.student.features
        if len(student) < 2:
            return student[:0].sum()  # no pair among the samples that have a teacher
        told = relative_distances(ports.taught.features.detach())
        return functional.smooth_l1_loss(relative_distances(student), told)
