"""Blocks of encoders: convolutions and transformers that fold, prune, export and quantise.

They use operations that ONNX has. Parameters are made in the order in which data meets them, so
that a seed gives the same initial weights wherever a block is used.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stillage.errors import BadInput
from stillage.network.tokens import Tokens


def convolutions(
    inputs: int,
    channels: tuple[int, ...],
    strides: int | tuple[int, ...],
    kernels: int | tuple[int, ...] = 3,
    axes: int = 2,
) -> nn.Sequential:
    """Build convolution, batch normalisation and ReLU, once for each of ``channels``.

    Half a kernel is padded on either side, so that stride 1 keeps the size of odd kernels.

    Parameters
    ----------
    inputs : int
        Channels of what is read: ``(B, inputs, T)``, or ``(B, inputs, H, W)``.
    channels : tuple of int
        Output channels of each convolution.
    strides, kernels : int or tuple of int
        Of all convolutions, or of each.
    axes : int
        1 for series and spectra, 2 for pictures.

    Raises
    ------
    ValueError
        If there are not as many strides or kernels as channels.

    >>> convolutions(3, (8, 16), 2)(torch.zeros(4, 3, 32, 32)).shape
    torch.Size([4, 16, 8, 8])
    >>> convolutions(1, (8, 16), (2, 1), kernels=(7, 3), axes=1)(torch.zeros(4, 1, 50)).shape
    torch.Size([4, 16, 25])
    """
    convolution, norm = {1: (nn.Conv1d, nn.BatchNorm1d), 2: (nn.Conv2d, nn.BatchNorm2d)}[axes]
    strides, kernels = (
        (each,) * len(channels) if isinstance(each, int) else each for each in (strides, kernels)
    )
    layers: list[nn.Module] = []
    for outputs, stride, kernel in zip(channels, strides, kernels, strict=True):
        layers += [
            convolution(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            norm(outputs),
            nn.ReLU(),
        ]
        inputs = outputs
    return nn.Sequential(*layers)


class Attention(nn.Module):
    """A layer of self-attention that also gives its maps (Vaswani et al. 2017).

    Parameters
    ----------
    width, heads : int
        Of the tokens, and how many heads share it.

    Raises
    ------
    BadInput
        If the heads do not divide the width.

    >>> values, maps = Attention(8, 2)(torch.zeros(3, 5, 8))
    >>> values.shape, maps.shape, bool(torch.allclose(maps.sum(-1), torch.ones(3, 2, 5)))
    (torch.Size([3, 5, 8]), torch.Size([3, 2, 5, 5]), True)
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise BadInput("attention", f"{heads} heads of {width}", "heads that divide the width")
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.project = nn.Linear(width, 3 * width)
        self.join = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Give values ``(B, N, width)`` and maps ``(B, heads, N, N)``, each row summing to 1."""
        count, width = tokens.shape[1:]
        parts = self.project(tokens).reshape(-1, count, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        maps = torch.softmax(query @ key.transpose(-2, -1) * self.scale, -1)
        mixed = (maps @ value).transpose(1, 2).reshape(-1, count, width)
        return self.join(mixed), maps


class TransformerBlock(nn.Module):
    """A block of pre-norm self-attention and a perceptron of twice the width (Xiong et al. 2020).

    Parameters
    ----------
    width, heads : int
        As in :class:`Attention`.
    dropout : float
        In the perceptron, in training.

    >>> values, maps = TransformerBlock(8, 2)(torch.zeros(3, 5, 8))
    >>> values.shape, maps.shape
    (torch.Size([3, 5, 8]), torch.Size([3, 2, 5, 5]))
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        dropped = [nn.Dropout(dropout)] if dropout else []
        self.perceptron = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), *dropped, nn.Linear(2 * width, width)
        )

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Give tokens ``(B, N, width)`` and the maps ``(B, heads, N, N)`` that made them."""
        drawn, maps = self.attention(self.before(tokens))
        tokens = tokens + drawn
        return tokens + self.perceptron(self.between(tokens)), maps


class Transformer(nn.Module):
    """A transformer: blocks of attention one after the other, and a last normalisation.

    Parameters
    ----------
    width, heads : int
        As in :class:`Attention`.
    depth : int
        Blocks.
    dropout : float
        As in :class:`TransformerBlock`.

    Raises
    ------
    BadInput
        For no block, or heads that do not divide the width.

    >>> tokens = Transformer(8, 2, depth=3)(torch.zeros(4, 5, 8))
    >>> tokens.values.shape, len(tokens.attention), tokens.attention[0].shape
    (torch.Size([4, 5, 8]), 3, torch.Size([4, 2, 5, 5]))
    """

    def __init__(self, width: int, heads: int, depth: int, dropout: float = 0.0) -> None:
        super().__init__()
        if depth < 1:
            raise BadInput("transformer", f"{depth} blocks", "1 or more")
        self.blocks = nn.ModuleList(TransformerBlock(width, heads, dropout) for _ in range(depth))
        self.after = nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tokens:
        """Give tokens ``(B, N, width)`` with one map ``(B, heads, N, N)`` a block."""
        maps = []
        for block in self.blocks:
            tokens, attention = block(tokens)
            maps.append(attention)
        return Tokens(self.after(tokens), attention=tuple(maps))
