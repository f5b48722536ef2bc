"""Encoders along time: convolutions, and temporal convolutional networks (TCN).

Bai, Kolter and Koltun 2018 (arXiv 1803.01271): residual blocks of dilated convolutions. Ours
look both ways, since a whole clip is there; a recording that is read as it comes would not.
All layers fold, prune, export and quantise.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stillage.network.blocks import convolutions
from stillage.network.tokens import Tokens
from stillage_audiovideo.encoders import Frames


class _Dilated(nn.Module):
    """A residual block ``relu(x + bn(conv(relu(bn(conv(x))))))``, kernel 3, one dilation."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()

        def layer() -> list[nn.Module]:
            kernel = nn.Conv1d(channels, channels, 3, 1, dilation, dilation, bias=False)
            return [kernel, nn.BatchNorm1d(channels)]

        self.layers = nn.Sequential(*layer(), nn.ReLU(), *layer())

    def forward(self, values: Tensor) -> Tensor:
        """Convolve ``values`` (B, channels, time); the shape stays."""
        return torch.relu(values + self.layers(values))


def _dilated(channels: int, blocks: int) -> nn.Sequential:
    """Stack blocks of dilation 1, 2, 4 ...; the last sees ``4 * 2**blocks - 3`` steps."""
    return nn.Sequential(*(_Dilated(channels, 2**k) for k in range(blocks)))


class MelStatistics(nn.Module):
    """Mean and deviation of each mel band over time: no parameters.

    >>> MelStatistics((64, 101))(torch.ones(2, 64, 101)).values.shape
    torch.Size([2, 1, 128])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.width = 2 * shape[0]

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, 2 bands)``."""
        mean = prepared.mean(2)
        variance = ((prepared - mean[:, :, None]) ** 2).mean(2)
        return Tokens(torch.cat([mean, (variance + 1e-8).sqrt()], 1).unsqueeze(1))


class SmallSound(nn.Module):
    """Student: three convolutions over time, mel bands as channels; a token each 80 ms.

    48,000 parameters, 1.1 M MACs for a second.

    >>> SmallSound((64, 101))(torch.zeros(2, 64, 101)).values.shape
    torch.Size([2, 13, 64])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.width = 64
        self.layers = convolutions(shape[0], (48, 64, 64), 2, kernels=(5, 5, 3), axes=1)
        self.project = nn.Conv1d(64, self.width, 1)

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, frames / 8, 64)``."""
        return Tokens(torch.relu(self.project(self.layers(prepared))).transpose(1, 2))


class TcnSound(nn.Module):
    """A TCN over frames of sound: a token each 40 ms that hears 2.4 s around it.

    >>> TcnSound((64, 101))(torch.zeros(2, 64, 101)).values.shape
    torch.Size([2, 26, 64])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.width = 64
        self.layers = nn.Sequential(
            convolutions(shape[0], (64, 64), 2, kernels=(5, 3), axes=1), _dilated(64, 4)
        )

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, frames / 4, 64)``."""
        return Tokens(self.layers(prepared).transpose(1, 2))


class LargeSound(nn.Module):
    """Teacher: 2-D convolutions over bands and time, mean and maximum over the bands left.

    >>> LargeSound((64, 101))(torch.zeros(1, 64, 101)).values.shape
    torch.Size([1, 13, 128])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.width = 128
        self.layers = convolutions(1, (32, 64, 96, 128), (2, 2, 2, 1))
        self.project = nn.Conv1d(2 * 128, self.width, 1)

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, frames / 8, 128)``."""
        found = self.layers(prepared.unsqueeze(1))
        pooled = torch.cat([found.mean(2), found.amax(2)], 1)
        return Tokens(torch.relu(self.project(pooled)).transpose(1, 2))


class TcnVideo(nn.Module):
    """A small CNN on every frame, then a TCN over the frames: one token a frame.

    >>> TcnVideo((3, 5, 32, 32))(torch.zeros(2, 3, 5, 32, 32)).values.shape
    torch.Size([2, 5, 64])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.width = 64
        self.frames = Frames(shape, (16, 32, 48), (2, 2, 2), self.width)
        self.layers = _dilated(self.width, 3)

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, frames, 64)``."""
        seen = self.frames(prepared).values.transpose(1, 2)
        return Tokens(self.layers(seen).transpose(1, 2))
