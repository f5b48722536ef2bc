"""Encoders of sensor series ``(B, channels, time)`` and of a few points ``(B, points)``."""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor, nn
from torch.nn import functional

from stillage.tokens import Tokens

STEPS = 64
"""Most steps that a recurrent layer takes; longer readings pass a strided convolution first."""


def statistics(series: Tensor) -> Tensor:
    """Per-channel statistics ``(B, 8, C)`` of series ``(B, C, T)``.

    Mean, minimum, maximum, slope (least squares, over the reading), RMS, and the logarithms of
    the deviation, of the kurtosis plus one and of the roughness (deviation of differences).

    >>> statistics(torch.arange(6.0).reshape(1, 1, 6))[0, :5, 0].round(decimals=2).tolist()
    [2.5, 0.0, 5.0, 5.0, 3.03]
    """
    length = series.shape[2]
    mean = series.mean(2, keepdim=True)
    centred = series - mean
    variance = (centred * centred).mean(2)
    grid = torch.linspace(-0.5, 0.5, length, dtype=series.dtype, device=series.device)
    grid = grid - grid.mean()
    slope = (centred * grid).sum(2) / (grid * grid).sum().clamp(min=1e-6)
    fourth = (centred**4).mean(2) / (variance * variance + 1e-8)
    steps = series[:, :, 1:] - series[:, :, :-1] if length > 1 else torch.zeros_like(series)
    rough = (steps * steps).mean(2)
    level = mean.squeeze(2)
    told = [
        level,
        series.amin(2),
        series.amax(2),
        slope,
        (variance + level * level + 1e-12).sqrt(),
        0.5 * torch.log(variance + 1e-6),
        torch.log(fourth + 1.0),
        0.5 * torch.log(rough + 1e-6),
    ]
    return torch.stack(told, 1)


class Statistics(nn.Module):
    """Per-channel statistics as one token, without parameters: size ``linear``.

    With them a linear head is the plain model of condition monitoring.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.width = 8 * shape[0]

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, 8 C)`` of ``(B, C, T)``."""
        return Tokens(statistics(prepared).flatten(1).unsqueeze(1))


class Recurrent(nn.Module):
    """A recurrent network over at most 64 steps; last state, mean and maximum make one token.

    Parameters
    ----------
    shape : tuple of int
        Prepared shape ``(channels, time)``.
    cell : {"lstm", "gru"}
        Hochreiter and Schmidhuber (1997), or Cho et al. (2014).
    hidden : int
        Width of the state and of the token.
    layers : int
        Layers of it.
    """

    def __init__(self, shape: tuple[int, ...], cell: str, hidden: int, layers: int = 1) -> None:
        super().__init__()
        channels, length = shape
        self.width, stride = hidden, ceil(length / STEPS)
        self.stem = nn.Sequential(
            nn.Conv1d(channels, hidden, stride, stride, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
        )
        kind = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.cell = kind(hidden, hidden, layers, batch_first=True)
        self.project = nn.Linear(3 * hidden, hidden)

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, hidden)`` of ``(B, C, T)``."""
        states, _ = self.cell(self.stem(prepared).transpose(1, 2))
        pooled = torch.cat([states[:, -1], states.mean(1), states.amax(1)], 1)
        return Tokens(torch.relu(self.project(pooled)).unsqueeze(1))


class SmallLstm(Recurrent):
    """One LSTM layer of 32.

    >>> SmallLstm((4, 60))(torch.zeros(2, 4, 60)).values.shape
    torch.Size([2, 1, 32])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, "lstm", 32)


class SmallGru(Recurrent):
    """One GRU layer of 32."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, "gru", 32)


class _Causal(nn.Module):
    """Two causal dilated convolutions and a way around them."""

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.reach = (kernel - 1) * dilation
        self.first = nn.Conv1d(inputs, outputs, kernel, dilation=dilation, bias=False)
        self.first_norm = nn.BatchNorm1d(outputs)
        self.second = nn.Conv1d(outputs, outputs, kernel, dilation=dilation, bias=False)
        self.second_norm = nn.BatchNorm1d(outputs)
        self.around = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, series: Tensor) -> Tensor:
        found = torch.relu(self.first_norm(self.first(functional.pad(series, (self.reach, 0)))))
        found = self.second_norm(self.second(functional.pad(found, (self.reach, 0))))
        return torch.relu(found + self.around(series))


class Tcn(nn.Module):
    """Temporal convolutional network (Bai, Kolter and Koltun 2018): nothing sees its future.

    Blocks of dilation 1, 2, 4 ...; one token from the last step, the mean and the maximum, and
    where ``told`` also from the statistics of the reading.
    """

    def __init__(
        self, shape: tuple[int, ...], channels: int, blocks: int, kernel: int = 3, told: bool = True
    ) -> None:
        super().__init__()
        self.width, self.told = channels, told
        inputs = [shape[0]] + [channels] * (blocks - 1)
        self.blocks = nn.Sequential(
            *(_Causal(n, channels, kernel, 2**k) for k, n in enumerate(inputs))
        )
        self.project = nn.Linear(3 * channels + (8 * shape[0] if told else 0), channels)

    def states(self, prepared: Tensor) -> Tensor:
        """States ``(B, channels, T)``; step t depends on steps up to t alone."""
        found: Tensor = self.blocks(prepared)
        return found

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, channels)`` of ``(B, C, T)``."""
        found = self.states(prepared)
        pooled = [found[:, :, -1], found.mean(2), found.amax(2)]
        if self.told:
            pooled.append(statistics(prepared).flatten(1))
        return Tokens(torch.relu(self.project(torch.cat(pooled, 1))).unsqueeze(1))


class SmallTcn(Tcn):
    """Four blocks of 24 channels.

    >>> SmallTcn((4, 60))(torch.zeros(2, 4, 60)).values.shape
    torch.Size([2, 1, 24])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, 24, 4, told=False)


class LargeTcn(Tcn):
    """Five blocks of 64 channels beside the statistics, token of 64: for teachers."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, 64, 5)


class Dense(nn.Module):
    """Fully connected layers over ``(B, points)``, one token."""

    def __init__(self, shape: tuple[int, ...], widths: tuple[int, ...]) -> None:
        super().__init__()
        self.width = widths[-1]
        layers: list[nn.Module] = []
        for inputs, outputs in zip((shape[0], *widths[:-1]), widths, strict=True):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, width)`` of ``(B, points)``."""
        return Tokens(self.layers(prepared).unsqueeze(1))


class SmallDense(Dense):
    """Two layers of 48.

    >>> SmallDense((21,))(torch.zeros(2, 21)).values.shape
    torch.Size([2, 1, 48])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (48, 48))


class LargeDense(Dense):
    """Three layers of 128: for teachers."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (128, 128, 128))
