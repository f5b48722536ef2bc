"""Attention over patches of thermal pictures, with its maps; made of operations that ONNX has."""

from __future__ import annotations

import torch
from torch import Tensor, nn

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


class PatchTransformer(nn.Module):
    """Clips ``(B, frames, H, W)`` in a grid of patches, all frames of a patch in one token.

    Parameters
    ----------
    shape : tuple of int
        Prepared shape ``(frames, height, width)``.
    grid : int
        Patches along each side, at most; pictures are filled with zeros to whole patches.
    width, depth, heads : int
        Of the tokens, blocks, and attention heads of each.

    >>> tokens = PatchTransformer((4, 16, 16))(torch.zeros(2, 4, 16, 16))
    >>> tokens.values.shape, tokens.attention[0].shape
    (torch.Size([2, 16, 64]), torch.Size([2, 4, 16, 16]))
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        grid: int = 4,
        width: int = 64,
        depth: int = 2,
        heads: int = 4,
    ) -> None:
        super().__init__()
        self.width = width
        frames, high, wide = shape
        self.patch = (-(-high // grid), -(-wide // grid))
        rows, columns = -(-high // self.patch[0]), -(-wide // self.patch[1])
        self.fill = (0, columns * self.patch[1] - wide, 0, rows * self.patch[0] - high)
        self.embed = nn.Conv2d(frames, width, self.patch, self.patch)
        self.place = nn.Parameter(0.02 * torch.randn(1, rows * columns, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.after = nn.LayerNorm(width)

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, patches, width)`` with an attention map of each block."""
        filled = nn.functional.pad(prepared, self.fill)
        tokens = self.embed(filled).flatten(2).transpose(1, 2) + self.place
        maps = []
        for block in self.blocks:
            tokens, attention = block(tokens)
            maps.append(attention)
        return Tokens(self.after(tokens), attention=tuple(maps))


class LargePatches(PatchTransformer):
    """8 x 8 patches, for pictures of 64 pixels a side and more.

    >>> LargePatches((1, 48, 48))(torch.zeros(2, 1, 48, 48)).values.shape
    torch.Size([2, 64, 64])
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        grid: int = 8,
        width: int = 64,
        depth: int = 2,
        heads: int = 4,
    ) -> None:
        super().__init__(shape, grid, width, depth, heads)
