"""A transformer over patches of the voxel grid, whose attention maps are part of its tokens.

It is the student of the pivotal-token method: each block's maps say how much every token drew
from every other, and a loss may compare them with a teacher's.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from stillage.tokens import Tokens


class Attention(nn.Module):
    """Self-attention that also gives its maps.

    >>> values, maps = Attention(8, 2)(torch.zeros(3, 5, 8))
    >>> values.shape, maps.shape, bool(torch.allclose(maps.sum(-1), torch.ones(3, 2, 5)))
    (torch.Size([3, 5, 8]), torch.Size([3, 2, 5, 5]), True)
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.width, self.heads = width, heads
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Values (B, N, width) and maps (B, heads, N, N), each row summing to 1."""
        count, each = tokens.shape[1], self.width // self.heads
        parts = self.project(tokens).reshape(-1, count, 3, self.heads, each)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        maps = torch.softmax(query @ key.transpose(-2, -1) * (1.0 / math.sqrt(each)), -1)
        mixed = (maps @ value).transpose(1, 2).reshape(-1, count, self.width)
        return self.out(mixed), maps


class Block(nn.Module):
    """Pre-norm transformer block (Xiong et al., 2020)."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.before, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.between = nn.LayerNorm(width)
        self.mix = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, N, width) and the block's maps."""
        drawn, maps = self.attention(self.before(tokens))
        tokens = tokens + drawn
        return tokens + self.mix(self.between(tokens)), maps


class EventPatches(nn.Module):
    """Tokens of equal square patches, at most 8 on the longer side, with attention maps.

    The picture is padded with zeros to whole patches. A two-layer convolution inside each patch
    embeds it; positions are learnt.

    Parameters
    ----------
    shape : tuple of int
        Prepared shape ``(bins + 2, height, width)``.
    width, blocks, heads : int
        Of the transformer.
    dropout : float
        In the blocks, in training.

    >>> tokens = EventPatches((10, 34, 34))(torch.zeros(2, 10, 34, 34))
    >>> tokens.values.shape, len(tokens.attention), tokens.attention[0].shape
    (torch.Size([2, 49, 64]), 3, torch.Size([2, 4, 49, 49]))
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        width: int = 64,
        blocks: int = 3,
        heads: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        channels, height, wide = shape
        self.width = width
        self.side = max(1, math.ceil(max(height, wide) / 8))
        down, across = math.ceil(height / self.side), math.ceil(wide / self.side)
        self.padding = (0, across * self.side - wide, 0, down * self.side - height)
        self.embed = nn.Conv2d(channels, width, self.side, self.side)
        self.position = nn.Parameter(0.02 * torch.randn(1, down * across, width))
        self.blocks = nn.ModuleList([Block(width, heads, dropout) for _ in range(blocks)])
        self.norm = nn.LayerNorm(width)

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, patches, width)`` in reading order, with one map a block."""
        padded = functional.pad(prepared, self.padding) if any(self.padding) else prepared
        tokens = self.embed(padded).flatten(2).transpose(1, 2) + self.position
        maps = []
        for block in self.blocks:
            tokens, attention = block(tokens)
            maps.append(attention)
        return Tokens(self.norm(tokens), None, tuple(maps))
