"""Eight statistics of each channel of a series, in operations that ONNX knows.

They are part of the preparation, so that the network standardises each of them: with them a
linear head is the plain model of condition monitoring.
"""

from __future__ import annotations

import torch
from torch import Tensor

STATISTICS = 8
"""How many statistics a channel has: mean, minimum, maximum, slope, RMS, and the logarithms of
deviation, kurtosis and roughness."""

SMALL = 1e-8
"""Least variance before a logarithm: deviations below 1e-4 of the unit count as 1e-4."""


def statistics(series: Tensor, small: float = SMALL) -> Tensor:
    """Compute statistics ``(B, C, 8)`` of series ``(B, C, T)``, as :data:`STATISTICS` lists them.

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
    grid = (grid - (length - 1) / 2.0) / length  # in readings, so that slopes of any length compare
    slope = (centred * grid).sum(2) / (grid * grid).sum().clamp(min=1e-6)
    kurtosis = (centred**4).mean(2) / (variance * variance).clamp(min=small**2)
    steps = series[:, :, 1:] - series[:, :, :-1] if length > 1 else torch.zeros_like(series)
    level = mean.squeeze(2)
    found = [
        level,
        series.amin(2),
        series.amax(2),
        slope,
        (variance + level * level).sqrt(),
        0.5 * torch.log(variance.clamp(min=small)),
        torch.log(kurtosis + 1.0),
        0.5 * torch.log((steps * steps).mean(2).clamp(min=small)),
    ]
    return torch.stack(found, 2)


def with_statistics(series: Tensor, small: float = SMALL) -> Tensor:
    """Put the statistics of each channel before the channel itself: ``(B, C, 8 + T)``."""
    return torch.cat([statistics(series, small), series], 2)
