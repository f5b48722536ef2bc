"""Fit linear networks to their regularised optimum, by full-batch L-BFGS in float64."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from stillage.network import Network
from stillage.network.batch import Prepared
from stillage.training.samples import PreparedSamples
from stillage.training.supervision import Supervision

TOLERANCE = 1e-6
"""Largest derivative of the mean loss at which L-BFGS stops."""

BLOCK = 1024
"""Samples at a time where they do not fit in memory."""


def is_linear(network: Network) -> bool:
    """Say whether only heads and missing tokens are learnt, so that training is convex."""
    return all(
        name.startswith(("heads.", "fusion.missing.")) for name, _ in network.named_parameters()
    )


def penalised(network: Network) -> list[nn.Parameter]:
    """Return the penalised parameters: those with rows and columns; biases and tokens are free."""
    return [parameter for parameter in network.parameters() if parameter.ndim >= 2]


def _double(block: Prepared) -> Prepared:
    return Prepared({name: v.double() for name, v in block.values.items()}, block.presence)


def fit_convex(
    network: Network,
    samples: PreparedSamples,
    supervision: Supervision,
    penalty: float,
    iterations: int,
) -> list[float]:
    """Minimise ``n * loss + penalty / 2 * |weights|^2`` over the n samples, in place.

    With a mean cross-entropy for the loss this is the problem of scikit-learn's
    ``LogisticRegression(C=1 / penalty)``.

    Returns
    -------
    list of float
        The objective, divided by n, at every evaluation.
    """
    count = len(samples)
    size = count if samples.cached else BLOCK
    blocks = [np.arange(start, min(start + size, count)) for start in range(0, count, size)]
    lessons = [supervision.lesson(rows) for rows in blocks]
    whole = _double(samples.fetch(blocks[0])) if samples.cached else None
    network.double()
    weights = penalised(network)
    optimiser = torch.optim.LBFGS(
        network.parameters(),
        max_iter=iterations,
        max_eval=2 * iterations,
        history_size=20,
        tolerance_grad=TOLERANCE,
        tolerance_change=1e-12,
        line_search_fn="strong_wolfe",
    )
    curve: list[float] = []

    def evaluate() -> float:
        optimiser.zero_grad()
        total = 0.0
        for rows, lesson in zip(blocks, lessons, strict=True):
            block = whole or _double(samples.fetch(rows))
            value = lesson.loss(network.forward_prepared(block)) * (len(rows) / count)
            value.backward()
            total += value.item()
        if weights and penalty:
            squares = torch.stack([(weight**2).sum() for weight in weights]).sum()
            value = penalty / (2 * count) * squares
            value.backward()
            total += value.item()
        curve.append(total)
        return total

    optimiser.step(evaluate)
    network.float()
    return curve
