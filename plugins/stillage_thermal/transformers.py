"""Transformers over patches of thermal pictures; their tokens carry the attention maps."""

from __future__ import annotations

from stillage.network.encoders import PatchEncoder


class PatchTransformer(PatchEncoder):
    """A transformer over a grid of patches of ``(B, frames, H, W)``, all frames in one token.

    Parameters
    ----------
    shape : tuple of int
        Prepared shape ``(frames, height, width)``.
    grid : int
        Patches along each side, at most; pictures are filled with zeros to whole patches.
    width, depth, heads : int
        Of the tokens, blocks, and attention heads of each.

    >>> import torch
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
        patch = (-(-shape[1] // grid), -(-shape[2] // grid))
        super().__init__(shape, patch, width, depth, heads)


class LargePatches(PatchTransformer):
    """A transformer over 8 x 8 patches, for pictures of 64 pixels a side and more.

    >>> import torch
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
