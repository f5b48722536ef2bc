"""Tokens, the output of encoders: values, a mask of the real ones, and attention maps."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Tokens(NamedTuple):
    """The tokens of B encoded samples.

    Attributes
    ----------
    values : Tensor (B, N, D), float32
    mask : Tensor (B, N) bool or None
        True where a token is real; None where all are.
    attention : tuple of Tensor (B, H, N, N), one a block
        Row-stochastic maps that the forward pass really used; empty where there are none.
    """

    values: Tensor
    mask: Tensor | None = None
    attention: tuple[Tensor, ...] = ()

    def pooled(self) -> Tensor:
        """Average the real tokens, (B, D); zero where a sample has none.

        >>> import torch
        >>> Tokens(torch.tensor([[[2.0], [4.0]]]), torch.tensor([[True, False]])).pooled()
        tensor([[2.]])
        """
        if self.mask is None:
            return self.values.mean(1)
        weight = self.mask.unsqueeze(-1).to(self.values.dtype)
        return (self.values * weight).sum(1) / weight.sum(1).clamp(min=1.0)
