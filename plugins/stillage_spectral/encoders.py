"""Encoders of spectra; ``linear`` is core's FlattenEncoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stillage.network.blocks import convolutions
from stillage.network.encoders import DenseEncoder
from stillage.network.tokens import Tokens


class Spectrum(nn.Module):
    """1-D convolutions over ``(B, bands)``, pooled by mean and maximum to one token.

    Parameters
    ----------
    shape : tuple of int
        Prepared shape ``(bands,)``.
    channels : tuple of int
        Output channels of the convolutions, each of stride 2.
    width : int
        Of the token.
    """

    def __init__(self, shape: tuple[int, ...], channels: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.bands, self.width = shape[0], width
        self.layers = convolutions(1, channels, strides=2, kernels=7, axes=1)
        self.project = nn.Linear(2 * channels[-1], width)

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, width)`` of ``(B, bands)``."""
        found = self.layers(prepared.unsqueeze(1))
        pooled = torch.cat([found.mean(2), found.amax(2)], 1)
        return Tokens(torch.relu(self.project(pooled)).unsqueeze(1))


class SmallSpectrum(Spectrum):
    """Three convolutions: 16, 32, 48 channels, token of 48.

    >>> SmallSpectrum((209,))(torch.zeros(2, 209)).values.shape
    torch.Size([2, 1, 48])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (16, 32, 48), 48)


class LargeSpectrum(Spectrum):
    """Four convolutions: 32, 64, 128, 128 channels, token of 128."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (32, 64, 128, 128), 128)


class SmallBands(DenseEncoder):
    """Two layers of 32.

    >>> SmallBands((8,))(torch.zeros(2, 8)).values.shape
    torch.Size([2, 1, 32])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (32, 32))


class LargeBands(DenseEncoder):
    """Three layers of 128."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape, (128, 128, 128))
