"""Heads turn fused features into the raw outputs of one task."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from stillage.task import Task


class Head(nn.Module, ABC):
    """A head of one task; ``forward`` maps features (B, D) to (B, task.width)."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.task = task

    @abstractmethod
    def forward(self, features: Tensor) -> Tensor:
        """Compute raw head outputs (B, task.width)."""

    @abstractmethod
    def as_linear(self) -> nn.Linear:
        """Give the same map as one linear layer, for export."""


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.load_state_dict({"weight": weight.detach(), "bias": bias.detach()})
    return layer


class ClassificationHead(Head):
    """A head of one linear layer that gives K logits."""

    def __init__(self, task: Task, width: int) -> None:
        super().__init__(task)
        self.linear = nn.Linear(width, task.width)

    def forward(self, features: Tensor) -> Tensor:
        return self.linear(features)  # type: ignore[no-any-return]

    def as_linear(self) -> nn.Linear:
        return _linear(self.linear.weight, self.linear.bias)


class OrdinalHead(Head):
    """A head with one weight vector and K-1 thresholds: CORAL (Cao, Mirjalili and Raschka 2020).

    Outputs are the cumulative logits of P(y > k). Thresholds are monotone by construction
    (``first``, then steps of ``-softplus(gap)``), so that class probabilities are never
    negative, even before convergence; they start at equal class probabilities.
    """

    def __init__(self, task: Task, width: int) -> None:
        super().__init__(task)
        self.weight = nn.Parameter(torch.empty(1, width))
        nn.init.normal_(self.weight, std=0.01)
        count = len(task.classes)
        above = torch.arange(count - 1, 0, -1, dtype=torch.float32) / count
        start = torch.logit(above)
        self.first = nn.Parameter(start[:1].clone())
        # log(expm1(x)) is softplus backwards
        self.gaps = nn.Parameter(torch.log(torch.expm1(start[:-1] - start[1:])))

    def thresholds(self) -> Tensor:
        """Give the biases (K-1,), decreasing."""
        return torch.cat([self.first, self.first - functional.softplus(self.gaps).cumsum(0)])

    def forward(self, features: Tensor) -> Tensor:
        return functional.linear(features, self.weight) + self.thresholds()

    def as_linear(self) -> nn.Linear:
        return _linear(self.weight.expand(self.task.width, -1).clone(), self.thresholds())


class RegressionHead(Head):
    """A head that gives a value in the target's unit: ``mean + scale * linear(features)``.

    ``mean`` and ``scale`` are buffers set from training values, so that the linear layer
    and the losses work on normalised values.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, task: Task, width: int) -> None:
        super().__init__(task)
        self.linear = nn.Linear(width, 1)
        self.register_buffer("mean", torch.zeros(1))
        self.register_buffer("scale", torch.ones(1))

    def fit(self, values: Tensor) -> None:
        """Set mean and scale (population standard deviation) from values (B,)."""
        values = values.detach().double()
        spread = values.std(correction=0)
        self.mean.fill_(float(values.mean()))
        self.scale.fill_(float(spread) if float(spread) > 0 else 1.0)

    def normalise(self, values: Tensor) -> Tensor:
        """Normalise values in the target's unit."""
        return (values - self.mean) / self.scale

    def forward(self, features: Tensor) -> Tensor:
        value: Tensor = self.linear(features)
        return self.mean + self.scale * value

    def as_linear(self) -> nn.Linear:
        bias = self.linear.bias * self.scale + self.mean
        return _linear(self.linear.weight * self.scale, bias)


def build_head(task: Task, width: int) -> Head:
    """Build the head of a task on features of the given width.

    >>> task = Task(target="grade", kind="ordinal", classes=("reuse", "repair", "recycle"))
    >>> tuple(build_head(task, 4)(torch.zeros(2, 4)).shape)
    (2, 2)
    """
    if task.kind == "classification":
        return ClassificationHead(task, width)
    if task.kind == "ordinal":
        return OrdinalHead(task, width)
    return RegressionHead(task, width)
