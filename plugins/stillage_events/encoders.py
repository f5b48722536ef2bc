"""Encoders of prepared events ``(B, bins + 2, height, width)``: statistics and convolutions.

Plain Conv-BatchNorm-ReLU and mean pooling: all of it folds, prunes, exports and quantises.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stillage.network.blocks import convolutions
from stillage.network.tokens import Tokens

CELLS = 8
"""Sides of the coarse picture that :class:`EventStatistics` keeps."""


def _areas(size: int, cells: int) -> Tensor:
    """Make weights (cells, size) of the mean over equal parts of an axis, by overlap."""
    edges = torch.linspace(0.0, float(size), cells + 1)
    pixel = torch.arange(size, dtype=torch.float32)
    overlap = torch.minimum(edges[1:, None], pixel + 1.0) - torch.maximum(edges[:-1, None], pixel)
    overlap = overlap.clamp(min=0.0)
    return overlap / overlap.sum(1, keepdim=True)


class EventStatistics(nn.Module):
    """The features of a plain model: counts on a coarse grid and the activity of each bin.

    Mean of either count in 8 x 8 areas (fewer where the sensor is smaller), then mean and mean
    square of every bin of the signed grid. No parameters.

    >>> EventStatistics((10, 34, 34))(torch.ones(2, 10, 34, 34)).values.shape
    torch.Size([2, 1, 144])
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        channels, height, width = shape
        self.bins = channels - 2
        self.register_buffer("rows", _areas(height, min(CELLS, height)), persistent=False)
        self.register_buffer("columns", _areas(width, min(CELLS, width)).T, persistent=False)
        self.width = 2 * len(self.rows) * self.columns.shape[1] + 2 * self.bins

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, width)``."""
        grid = prepared[:, : self.bins]
        coarse = self.rows @ prepared[:, self.bins :] @ self.columns
        activity = [grid.mean((2, 3)), (grid * grid).mean((2, 3))]
        return Tokens(torch.cat([coarse.flatten(1), *activity], 1).unsqueeze(1))


class EventConvolutions(nn.Module):
    """3 x 3 convolutions over bins and counts as channels, mean pooled to one token.

    Parameters
    ----------
    shape : tuple of int
        Prepared shape ``(bins + 2, height, width)``.
    channels, strides : tuple of int
        Of the convolutions.
    width : int
        Of the token.
    dropout : float
        Of pooled features, in training.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        channels: tuple[int, ...],
        strides: tuple[int, ...],
        width: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.width = width
        self.layers = convolutions(shape[0], channels, strides)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(channels[-1], width)

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, width)``."""
        pooled = self.dropout(self.pool(self.layers(prepared)).flatten(1))
        return Tokens(torch.relu(self.project(pooled)).unsqueeze(1))


class SmallEvents(EventConvolutions):
    """Student: 24, 48, 64, 96 channels, 102,000 parameters.

    >>> SmallEvents((10, 34, 34))(torch.zeros(2, 10, 34, 34)).values.shape
    torch.Size([2, 1, 64])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (24, 48, 64, 96), (2, 2, 1, 2), 64, 0.0)


class LargeEvents(EventConvolutions):
    """Teacher: 32, 64, 64, 128, 192 channels, 379,000 parameters."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (32, 64, 64, 128, 192), (1, 2, 1, 2, 2), 128, 0.2)
