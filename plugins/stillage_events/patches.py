"""A transformer over patches of the voxel grid, whose attention maps are part of its tokens.

It is the student of the pivotal-token method: each block's maps say how much every token drew
from every other, and a loss may compare them with a teacher's.
"""

from __future__ import annotations

from math import ceil

from stillage.network.encoders import PatchEncoder


class EventPatches(PatchEncoder):
    """A transformer over equal square patches, at most 8 on the longer side, with its maps.

    Parameters
    ----------
    shape : tuple of int
        Prepared shape ``(bins + 2, height, width)``.
    width, blocks, heads : int
        Of the transformer.
    dropout : float
        In the blocks, in training.

    >>> import torch
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
        side = max(1, ceil(max(shape[1:]) / 8))
        super().__init__(shape, (side, side), width, blocks, heads, dropout)
