"""An objective: the direction of the teacher's features, whatever their length."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from stillage.network.network import seeded
from stillage.teaching.objectives.base import Objective, ObjectiveContext, Ports


class CosineHint(Objective):
    """``mean (1 - cos(A s + b, t))`` of student features ``s`` and teacher features ``t``."""

    name = "cosine_hint"
    ports: ClassVar[tuple[str, ...]] = ("student.features", "teacher.features")

    def __init__(self, bias: bool = True) -> None:
        super().__init__()
        self.bias = bias
        self.adapter: nn.Module = nn.Identity()

    def bind(self, context: ObjectiveContext) -> None:
        """Make the adapter, which is learnt with the student and then thrown away."""
        super().bind(context)
        with seeded(context.seed, "cosine hint"):
            self.adapter = nn.Linear(context.student_width, context.teacher_width, self.bias)

    def loss(self, ports: Ports) -> Tensor:
        """The loss; 0 with a graph for a batch without samples."""
        guess: Tensor = self.adapter(ports.student.features.float())
        cosine = functional.cosine_similarity(guess, ports.taught.features.detach().float())
        return (1.0 - cosine).sum() / torch.tensor(max(len(cosine), 1))
