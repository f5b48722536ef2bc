"""Fuse by concatenation, with learnt missing tokens."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from stillage.errors import BadInput
from stillage.network.fusion.base import Fusion
from stillage.network.tokens import Tokens


class ConcatFusion(Fusion):
    """Concatenate mean tokens, a learnt one in the place of each missing modality.

    With ``width`` > 0 a hidden layer (linear, ReLU) follows; with 0 the concatenation is
    passed through, so that linear encoders and a linear head are exactly a linear model (and
    there is nothing to drop out).
    Missing tokens start at zero, the mean of standardised samples.

    >>> fusion = ConcatFusion({"a": 1, "b": 1}, 0)
    >>> tokens = {"a": Tokens(torch.tensor([[[5.0]]]))}
    >>> fusion(tokens, torch.tensor([[True, False]])).detach()
    tensor([[5., 0.]])

    Raises
    ------
    BadInput
        For a dropout that is no share.
    """

    def __init__(self, widths: Mapping[str, int], width: int = 0, dropout: float = 0.0) -> None:
        if not 0.0 <= dropout < 1.0:
            raise BadInput("fusion 'concat' dropout", dropout, "at least 0 and below 1")
        total = sum(widths.values())
        super().__init__(widths, width or total)
        self.missing = nn.ParameterList([torch.zeros(n) for n in widths.values()])
        self.hidden: nn.Module = nn.Identity()
        if width:
            layers = [nn.Linear(total, width), nn.ReLU()]
            self.hidden = nn.Sequential(*layers, *([nn.Dropout(dropout)] if dropout else []))

    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        features = self.pooled(tokens, presence, self.missing)
        fused: Tensor = self.hidden(features[0] if len(features) == 1 else torch.cat(features, 1))
        return fused
