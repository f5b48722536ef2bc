"""Encoders of thermal clips ``(B, frames, height, width)``: statistics and convolutions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stillage.network.blocks import convolutions
from stillage.network.tokens import Tokens


class FrameStatistics(nn.Module):
    """Mean, deviation, minimum and maximum of each frame: no parameters, one token.

    >>> FrameStatistics((4, 16, 16))(torch.ones(2, 4, 16, 16)).values.shape
    torch.Size([2, 1, 16])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.width = 4 * shape[0]

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, 4 frames)``."""
        mean = prepared.mean((2, 3))
        spread = ((prepared - mean[:, :, None, None]) ** 2).mean((2, 3))
        extremes = [prepared.amin((2, 3)), prepared.amax((2, 3))]
        found = torch.cat([mean, (spread + 1e-8).sqrt(), *extremes], 1)
        return Tokens(found.unsqueeze(1))


class GridMeans(nn.Module):
    """Means of 8 x 8 parts of each frame: no parameters, one token.

    Parts of a picture that does not divide by 8 overlap by a pixel, as in adaptive pooling.

    >>> GridMeans((1, 20, 30))(torch.ones(2, 1, 20, 30)).values.shape
    torch.Size([2, 1, 64])
    """

    def __init__(self, shape: tuple[int, ...], grid: int = 8) -> None:
        super().__init__()
        frames, height, width = shape
        self.width = frames * grid * grid
        self.register_buffer("down", _parts(height, grid))
        self.register_buffer("over", _parts(width, grid))

    down: Tensor
    over: Tensor

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, 64 frames)``, by two products, which every exporter knows."""
        found = self.down @ prepared @ self.over.transpose(0, 1)
        return Tokens(found.flatten(1).unsqueeze(1))


def _parts(size: int, grid: int) -> Tensor:
    """Make a matrix (grid, size) whose rows average the parts of an axis."""
    matrix = torch.zeros(grid, size)
    for part in range(grid):
        start, stop = part * size // grid, -(-(part + 1) * size // grid)
        matrix[part, start:stop] = 1.0 / (stop - start)
    return matrix


class Clip(nn.Module):
    """2-D convolutions with the frames as input channels, pooled by mean and maximum."""

    def __init__(self, shape: tuple[int, ...], channels: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.width = width
        self.layers = convolutions(shape[0], channels, (1, *(2,) * (len(channels) - 1)))
        self.project = nn.Linear(2 * channels[-1], width)

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, width)``."""
        found = self.layers(prepared)
        pooled = torch.cat([found.mean((2, 3)), found.amax((2, 3))], 1)
        return Tokens(torch.relu(self.project(pooled)).unsqueeze(1))


class SmallThermal(Clip):
    """Three convolutions: 16, 32, 64 channels, token of 48."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (16, 32, 64), 48)


class LargeThermal(Clip):
    """Four convolutions: 32, 64, 128, 128 channels, token of 128."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (32, 64, 128, 128), 128)
