"""Learn the teacher's fused features."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from stillage.network.network import seeded
from stillage.teaching.objectives.base import Objective, ObjectiveContext, Ports


class FeatureHint(Objective):
    """``mean (r(student) - (teacher - mean) / std)^2`` on fused features, ``r`` an adapter.

    The fused features see all of the teacher's modalities; those of one branch would pass on
    nothing of the others. A feature of the teacher that is constant becomes the target 0.

    Parameters
    ----------
    adapter : "linear" or "none"
        ``none`` needs features of equal width.
    standardise : bool
        Needs the statistics of the teacher's features in the context.
    """

    name = "feature_hint"
    ports: ClassVar[tuple[str, ...]] = ("student.features", "teacher.features")

    mean: Tensor
    std: Tensor

    def __init__(
        self, adapter: Literal["linear", "none"] = "linear", standardise: bool = True
    ) -> None:
        super().__init__()
        if adapter not in ("linear", "none"):
            raise self.refusal(f"adapter {adapter!r}", "'linear' or 'none'")
        self.kind, self.standardise = adapter, standardise
        self.adapter: nn.Module = nn.Identity()
        self.register_buffer("mean", torch.zeros(1))
        self.register_buffer("std", torch.ones(1))

    def check(self, context: ObjectiveContext) -> None:
        super().check(context)
        student, teacher = context.student_width, context.teacher_width
        if self.kind == "none" and student != teacher:
            found = f"{student} student features for {teacher} of the teacher without an adapter"
            raise self.refusal(found, "adapter 'linear'")
        for statistic in (context.teacher_mean, context.teacher_std):
            if self.standardise and (statistic is None or statistic.shape != (teacher,)):
                found = "no statistics of the teacher's features"
                raise self.refusal(found, f"mean and std of {teacher} features")

    def bind(self, context: ObjectiveContext) -> None:
        super().bind(context)
        if self.kind == "linear":
            with seeded(context.seed, f"adapter {self.name}"):
                self.adapter = nn.Linear(context.student_width, context.teacher_width)
        mean, std = context.teacher_mean, context.teacher_std
        if self.standardise and mean is not None and std is not None:
            self.mean = mean.detach().float().clone()
            constant = std <= 1e-6 * mean.abs().clamp(min=1e-6)
            self.std = torch.where(constant, torch.ones_like(std), std).detach().float()

    def loss(self, ports: Ports) -> Tensor:
        target = (ports.taught.features.detach().float() - self.mean) / self.std
        guess: Tensor = self.adapter(ports.student.features.float())
        return (guess - target).square().mean()
