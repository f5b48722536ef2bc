"""A fusion: every modality projected to one width, and the mean of those that are there."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from stillage.errors import BadInput
from stillage.network.fusion.base import Fusion
from stillage.network.tokens import Tokens


class MeanFusion(Fusion):
    """The mean of ``W_m x_m + b_m`` over the present modalities m; a learnt vector for none."""

    def __init__(self, widths: Mapping[str, int], width: int) -> None:
        if width < 1:
            raise BadInput("fusion 'mean'", f"width {width}", "a width of at least 1")
        super().__init__(widths, width)
        self.maps = nn.ModuleList([nn.Linear(n, width) for n in widths.values()])
        self.missing = nn.ParameterList([torch.zeros(n) for n in widths.values()])
        self.nothing = nn.Parameter(torch.zeros(width))

    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        """Fused features (B, width)."""
        means = self.pooled(tokens, presence, self.missing)
        mapped = torch.stack([m(x) for m, x in zip(self.maps, means, strict=True)], 1)
        if presence is None:
            return mapped.mean(1)
        weight = presence[:, :, None].to(mapped.dtype)
        mean = (mapped * weight).sum(1) / weight.sum(1).clamp(min=1.0)
        return torch.where(presence.any(1, keepdim=True), mean, self.nothing)
