"""What is told of a channel before any network: eight statistics, in ONNX's operations.

They are part of the preparation, so that the network standardises each of them: with them a
linear head is the plain model of condition monitoring.
"""

from __future__ import annotations

import torch
from torch import Tensor

TOLD = 8
"""Statistics a channel: mean, minimum, maximum, slope, RMS, and the logarithms of deviation,
kurtosis and roughness."""

SMALL = 1e-8
"""Least variance before a logarithm: deviations below 1e-4 of the unit are not told apart."""


def statistics(series: Tensor, small: float = SMALL) -> Tensor:
    """Statistics ``(B, C, 8)`` of series ``(B, C, T)``, as :data:`TOLD` lists them.

    Deviations are of the population; the slope is that of least squares over the whole
    reading; kurtosis is the fourth moment over the squared variance, plus one; roughness is the
    RMS of differences from value to value.

    >>> statistics(torch.arange(6.0).double().reshape(1, 1, 6))[0, 0, :5].numpy().round(2)
    array([2.5 , 0.  , 5.  , 6.  , 3.03])
    """
    length = series.shape[2]
    mean = series.mean(2, keepdim=True)
    centred = series - mean
    variance = (centred * centred).mean(2)
    grid = torch.arange(length, dtype=series.dtype, device=series.device)
    grid = (grid - (length - 1) / 2.0) / length
    slope = (centred * grid).sum(2) / (grid * grid).sum().clamp(min=1e-6)
    kurtosis = (centred**4).mean(2) / (variance * variance).clamp(min=small**2)
    steps = series[:, :, 1:] - series[:, :, :-1] if length > 1 else torch.zeros_like(series)
    level = mean.squeeze(2)
    told = [
        level,
        series.amin(2),
        series.amax(2),
        slope,
        (variance + level * level).sqrt(),
        0.5 * torch.log(variance.clamp(min=small)),
        torch.log(kurtosis + 1.0),
        0.5 * torch.log((steps * steps).mean(2).clamp(min=small)),
    ]
    return torch.stack(told, 2)


def with_statistics(series: Tensor, small: float = SMALL) -> Tensor:
    """``(B, C, 8 + T)``: the statistics of each channel, then the channel itself."""
    return torch.cat([statistics(series, small), series], 2)
