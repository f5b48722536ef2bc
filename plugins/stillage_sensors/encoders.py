"""Encoders of sensor series ``(B, channels, 8 + time)`` and of a few points ``(B, points)``.

A prepared series begins with eight statistics a channel
(:mod:`stillage_sensors.channel_statistics`), so that an encoder may read them, the series behind
them, or both.
"""

from __future__ import annotations

from math import ceil
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from stillage.network.encoders import DenseEncoder
from stillage.network.tokens import Tokens
from stillage_sensors.channel_statistics import STATISTICS

STEPS = 64
"""Most steps that a recurrent layer takes; longer readings pass a strided convolution first."""


class Statistics(nn.Module):
    """The statistics of all channels as one token, without parameters: size ``linear``.

    With them a linear head is the plain model of condition monitoring.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.width = STATISTICS * shape[0]

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, 8 C)`` of ``(B, C, 8 + T)``."""
        return Tokens(prepared[:, :, :STATISTICS].flatten(1).unsqueeze(1))


class Cell(nn.Module):
    """One LSTM or GRU layer from a state of zeros: ``(B, T, inputs)`` to ``(B, T, hidden)``.

    It calls what ``nn.LSTM`` and ``nn.GRU`` call, but holds its weights as plain parameters: theirs
    are kept twice, which ``torch.export`` warns of. Weights start as theirs do.
    """

    def __init__(self, kind: str, inputs: int, hidden: int) -> None:
        super().__init__()
        self.kind, self.hidden = kind, hidden
        gates = {"lstm": 4, "gru": 3}[kind] * hidden
        self.weight_inputs = nn.Parameter(torch.empty(gates, inputs))
        self.weight_state = nn.Parameter(torch.empty(gates, hidden))
        self.bias_inputs = nn.Parameter(torch.empty(gates))
        self.bias_state = nn.Parameter(torch.empty(gates))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(hidden**-0.5), hidden**-0.5)

    def forward(self, steps: Tensor) -> Tensor:
        zero = steps.new_zeros(1, steps.shape[0], self.hidden)
        weights = [self.weight_inputs, self.weight_state, self.bias_inputs, self.bias_state]
        # Biases, one layer, no dropout, not training, one direction, batch first.
        how: tuple[Any, ...] = (weights, True, 1, 0.0, False, False, True)
        states: Tensor
        if self.kind == "lstm":
            states = torch.lstm(steps, (zero, zero), *how)[0]
        else:
            states = torch.gru(steps, zero, *how)[0]
        return states


class Recurrent(nn.Module):
    """A recurrent network over at most 64 steps and the statistics, as one token.

    The token is projected from the last state, the mean and the maximum of all states, and the
    statistics of the reading.

    Parameters
    ----------
    shape : tuple of int
        Prepared shape ``(channels, 8 + time)``.
    cell : {"lstm", "gru"}
        Hochreiter and Schmidhuber (1997), or Cho et al. (2014).
    hidden : int
        Width of the state and of the token.
    """

    def __init__(self, shape: tuple[int, ...], cell: str, hidden: int) -> None:
        super().__init__()
        channels, length = shape[0], shape[1] - STATISTICS
        self.width, stride = hidden, ceil(length / STEPS)
        self.stem = nn.Sequential(
            nn.Conv1d(channels, hidden, stride, stride, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
        )
        self.cell = Cell(cell, hidden, hidden)
        self.project = nn.Linear(3 * hidden + STATISTICS * channels, hidden)

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, hidden)`` of ``(B, C, 8 + T)``."""
        states = self.cell(self.stem(prepared[:, :, STATISTICS:]).transpose(1, 2))
        statistics = prepared[:, :, :STATISTICS].flatten(1)
        pooled = torch.cat([states[:, -1], states.mean(1), states.amax(1), statistics], 1)
        return Tokens(torch.relu(self.project(pooled)).unsqueeze(1))


class SmallLstm(Recurrent):
    """One LSTM layer of 32.

    >>> SmallLstm((4, 68))(torch.zeros(2, 4, 68)).values.shape
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
        # Padded on the left alone: no step reads what comes after it.
        found = torch.relu(self.first_norm(self.first(functional.pad(series, (self.reach, 0)))))
        found = self.second_norm(self.second(functional.pad(found, (self.reach, 0))))
        return torch.relu(found + self.around(series))


class Tcn(nn.Module):
    """A temporal convolutional network (Bai, Kolter and Koltun 2018): no state sees its future.

    Blocks of dilation 1, 2, 4 ...; one token from the last state, the mean and the maximum of
    all, and the statistics of the reading.
    """

    def __init__(self, shape: tuple[int, ...], channels: int, blocks: int, kernel: int = 3) -> None:
        super().__init__()
        self.width = channels
        inputs = [shape[0]] + [channels] * (blocks - 1)
        self.blocks = nn.Sequential(
            *(_Causal(n, channels, kernel, 2**k) for k, n in enumerate(inputs))
        )
        self.project = nn.Linear(3 * channels + STATISTICS * shape[0], channels)

    def states(self, series: Tensor) -> Tensor:
        """Compute states ``(B, channels, T)`` of ``(B, C, T)``; none depends on a later step."""
        found: Tensor = self.blocks(series)
        return found

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, channels)`` of ``(B, C, 8 + T)``."""
        found = self.states(prepared[:, :, STATISTICS:])
        statistics = prepared[:, :, :STATISTICS].flatten(1)
        pooled = torch.cat([found[:, :, -1], found.mean(2), found.amax(2), statistics], 1)
        return Tokens(torch.relu(self.project(pooled)).unsqueeze(1))


class SmallTcn(Tcn):
    """Four blocks of 24 channels.

    >>> SmallTcn((4, 68))(torch.zeros(2, 4, 68)).values.shape
    torch.Size([2, 1, 24])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, 24, 4)


class LargeTcn(Tcn):
    """Five blocks of 64 channels, token of 64: for teachers."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, 64, 5)


class SmallDense(DenseEncoder):
    """Two layers of 48.

    >>> SmallDense((21,))(torch.zeros(2, 21)).values.shape
    torch.Size([2, 1, 48])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (48, 48))


class LargeDense(DenseEncoder):
    """Three layers of 128: for teachers."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (128, 128, 128))
