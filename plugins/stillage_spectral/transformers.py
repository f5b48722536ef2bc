"""Transformers over parts of a spectrum; their tokens carry the attention maps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stillage.errors import BadInput
from stillage.network.blocks import Transformer
from stillage.network.tokens import Tokens


class Attending(nn.Module):
    """A transformer of ``depth`` blocks over patches of ``(B, bands)``.

    Parameters
    ----------
    shape : tuple of int
        Prepared shape ``(bands,)``.
    patch : int
        Bands of a token; a last incomplete patch is filled with zeros.
    width, depth, heads : int
        Of the tokens, blocks, and attention heads of each.
    """

    def __init__(
        self, shape: tuple[int, ...], patch: int, width: int, depth: int, heads: int
    ) -> None:
        super().__init__()
        if patch < 1:
            raise BadInput("patch", f"{patch} bands", "1 or more")
        self.width, self.patch, self.bands = width, patch, shape[0]
        self.count = -(-shape[0] // patch)
        self.embed = nn.Linear(patch, width)
        self.position = nn.Parameter(0.02 * torch.randn(1, self.count, width))
        self.transformer = Transformer(width, heads, depth)

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, patches, width)`` with an attention map of each block."""
        filled = nn.functional.pad(prepared, (0, self.count * self.patch - self.bands))
        patches = filled.reshape(-1, self.count, self.patch)
        tokens: Tokens = self.transformer(self.embed(patches) + self.position)
        return tokens


class SpectrumTransformer(Attending):
    """Spectra in patches of 11 bands: 64 wide, 2 blocks of 4 heads.

    >>> tokens = SpectrumTransformer((209,))(torch.zeros(2, 209))
    >>> tokens.values.shape, tokens.attention[0].shape
    (torch.Size([2, 19, 64]), torch.Size([2, 4, 19, 19]))
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        patch: int = 11,
        width: int = 64,
        depth: int = 2,
        heads: int = 4,
    ) -> None:
        super().__init__(shape, patch, width, depth, heads)


class BandTransformer(Attending):
    """Few bands, each a token: 48 wide, 2 blocks of 4 heads.

    >>> BandTransformer((8,))(torch.zeros(2, 8)).values.shape
    torch.Size([2, 8, 48])
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        patch: int = 1,
        width: int = 48,
        depth: int = 2,
        heads: int = 4,
    ) -> None:
        super().__init__(shape, patch, width, depth, heads)
