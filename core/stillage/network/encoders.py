"""Encoders that any modality can use."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional

from stillage.network.blocks import Transformer
from stillage.network.tokens import Tokens


class FlattenEncoder(nn.Module):
    """An encoder that gives the prepared sample itself as one token: size ``linear``.

    Parameters
    ----------
    shape : tuple of int
        Shape of one prepared sample.

    >>> encoder = FlattenEncoder((2, 3))
    >>> encoder.width, tuple(encoder(torch.zeros(5, 2, 3)).values.shape)
    (6, (5, 1, 6))
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.width = prod(shape)

    def forward(self, prepared: Tensor) -> Tokens:
        """Turn prepared samples (B, *shape) into tokens (B, 1, width)."""
        return Tokens(prepared.flatten(1).unsqueeze(1))


class DenseEncoder(nn.Module):
    """An encoder of a few values: fully connected layers with ReLU, one token.

    Parameters
    ----------
    shape : tuple of int
        Prepared shape ``(points,)``.
    widths : tuple of int
        Outputs of each layer; the last is the token's width.

    >>> DenseEncoder((21,), (48, 32))(torch.zeros(5, 21)).values.shape
    torch.Size([5, 1, 32])
    """

    def __init__(self, shape: tuple[int, ...], widths: tuple[int, ...]) -> None:
        super().__init__()
        self.width = widths[-1]
        layers: list[nn.Module] = []
        for inputs, outputs in zip((shape[0], *widths[:-1]), widths, strict=True):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def forward(self, prepared: Tensor) -> Tokens:
        """Turn prepared samples ``(B, points)`` into tokens ``(B, 1, width)``."""
        return Tokens(self.layers(prepared).unsqueeze(1))


class PatchEncoder(nn.Module):
    """An encoder of pictures: a transformer over patches, all channels of a patch in one token.

    The picture is filled with zeros to whole patches; one convolution embeds each patch, and
    positions are learnt.

    Parameters
    ----------
    shape : tuple of int
        Prepared shape ``(channels, height, width)``.
    patch : tuple of int
        Height and width of a patch in pixels.
    width, depth, heads, dropout
        As in :class:`stillage.network.blocks.Transformer`.

    >>> tokens = PatchEncoder((3, 20, 30), (8, 8))(torch.zeros(2, 3, 20, 30))
    >>> tokens.values.shape, len(tokens.attention), tokens.attention[0].shape
    (torch.Size([2, 12, 64]), 2, torch.Size([2, 4, 12, 12]))
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        patch: tuple[int, int],
        width: int = 64,
        depth: int = 2,
        heads: int = 4,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        channels, high, wide = shape
        self.width = width
        rows, columns = -(-high // patch[0]), -(-wide // patch[1])
        self.padding = (0, columns * patch[1] - wide, 0, rows * patch[0] - high)
        self.embed = nn.Conv2d(channels, width, patch, patch)
        self.position = nn.Parameter(0.02 * torch.randn(1, rows * columns, width))
        self.transformer = Transformer(width, heads, depth, dropout)

    def forward(self, prepared: Tensor) -> Tokens:
        """Give tokens ``(B, patches, width)``, row by row of patches, with one map a block."""
        padded = functional.pad(prepared, self.padding) if any(self.padding) else prepared
        tokens: Tokens = self.transformer(
            self.embed(padded).flatten(2).transpose(1, 2) + self.position
        )
        return tokens
