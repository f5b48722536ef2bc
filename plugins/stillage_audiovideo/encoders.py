"""Encoders of clips ``(B, 3, frames, height, width)``: one token a frame.

Plain Conv-BatchNorm-ReLU and mean pooling: all of it folds, prunes, exports and quantises.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stillage.network.blocks import convolutions
from stillage.network.tokens import Tokens


class ColourStatistics(nn.Module):
    """Mean and deviation of each colour over all pixels and frames: no parameters.

    >>> ColourStatistics((3, 1, 32, 32))(torch.ones(2, 3, 1, 32, 32)).values.shape
    torch.Size([2, 1, 6])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.width = 2 * shape[0]

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, 6)``."""
        mean = prepared.mean((2, 3, 4))
        variance = ((prepared - mean[:, :, None, None, None]) ** 2).mean((2, 3, 4))
        return Tokens(torch.cat([mean, (variance + 1e-8).sqrt()], 1).unsqueeze(1))


class Frames(nn.Module):
    """2-D convolutions applied to each frame, mean pooled to a token a frame.

    Parameters
    ----------
    shape : tuple of int
        Prepared shape ``(3, frames, height, width)``.
    channels, strides : tuple of int
        Of the 3x3 convolutions.
    width : int
        Of a token.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        channels: tuple[int, ...],
        strides: tuple[int, ...],
        width: int,
    ) -> None:
        super().__init__()
        self.shape, self.width = shape, width
        self.layers = convolutions(shape[0], channels, strides)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.project = nn.Linear(channels[-1], width)

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, frames, width)``."""
        colours, frames, height, width = self.shape
        if frames == 1:
            pictures = prepared.squeeze(2)
        else:
            pictures = prepared.movedim(2, 1).reshape(-1, colours, height, width)
        found = torch.relu(self.project(self.pool(self.layers(pictures)).flatten(1)))
        return Tokens(found.reshape(-1, frames, self.width))


class SmallVideo(Frames):
    """Student: 24, 48, 64, 96 channels; 100,000 parameters, 2.1 M MACs for 32 x 32.

    >>> SmallVideo((3, 2, 32, 32))(torch.zeros(2, 3, 2, 32, 32)).values.shape
    torch.Size([2, 2, 64])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (24, 48, 64, 96), (2, 2, 2, 1), 64)


class LargeVideo(Frames):
    """Teacher: 32, 64, 128, 192, 192 channels."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (32, 64, 128, 192, 192), (1, 2, 2, 2, 1), 128)
