"""Attention over parts of a spectrum, with its maps; made of operations that ONNX has."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stillage.errors import BadInput
from stillage.tokens import Tokens


class Block(nn.Module):
    """Pre-norm self-attention and a perceptron (Vaswani et al. 2017; Xiong et al. 2020)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mix = nn.Linear(width, 3 * width)
        self.join = nn.Linear(width, width)
        self.think = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, N, D) and the attention (B, H, N, N) that made them."""
        count, width = tokens.shape[1], tokens.shape[2]
        split = self.mix(self.before(tokens)).reshape(-1, count, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        attention = torch.softmax(query @ key.transpose(-2, -1) * self.scale, -1)
        seen = (attention @ value).transpose(1, 2).reshape(-1, count, width)
        tokens = tokens + self.join(seen)
        return tokens + self.think(self.between(tokens)), attention


class Attending(nn.Module):
    """Patches of ``(B, bands)`` as tokens, attended to in ``depth`` blocks.

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
        if patch < 1 or depth < 1 or width % heads:
            raise BadInput("attention", f"patch {patch}, depth {depth}, {heads} heads of {width}",
                           "patch and depth >= 1, heads that divide the width")  # fmt: skip
        self.width, self.patch, self.bands = width, patch, shape[0]
        self.count = -(-shape[0] // patch)
        self.embed = nn.Linear(patch, width)
        self.place = nn.Parameter(0.02 * torch.randn(1, self.count, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.after = nn.LayerNorm(width)

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, patches, width)`` with an attention map of each block."""
        filled = nn.functional.pad(prepared, (0, self.count * self.patch - self.bands))
        tokens = self.embed(filled.reshape(-1, self.count, self.patch)) + self.place
        maps = []
        for block in self.blocks:
            tokens, attention = block(tokens)
            maps.append(attention)
        return Tokens(self.after(tokens), attention=tuple(maps))


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
