"""Encoders that any modality can use."""

from __future__ import annotations

from math import prod

from torch import Tensor, nn

from stillage.tokens import Tokens


class FlattenEncoder(nn.Module):
    """The prepared sample itself as one token, without parameters: size ``linear``.

    Parameters
    ----------
    shape : tuple of int
        Shape of one prepared sample.

    >>> import torch
    >>> encoder = FlattenEncoder((2, 3))
    >>> encoder.width, tuple(encoder(torch.zeros(5, 2, 3)).values.shape)
    (6, (5, 1, 6))
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.width = prod(shape)

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens (B, 1, width) of prepared samples (B, *shape)."""
        return Tokens(prepared.flatten(1).unsqueeze(1))
