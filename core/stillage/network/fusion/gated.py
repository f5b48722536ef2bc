"""Fuse by gated multimodal units."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from stillage.errors import BadInput
from stillage.network.fusion.base import Fusion
from stillage.network.tokens import Tokens


class GatedFusion(Fusion):
    """Compute ``sum_m gate_m * tanh(W_m x_m)``, gates a softmax over the present modalities.

    After the gated multimodal unit (Arevalo et al. 2017, arXiv 1702.01992): every fused unit
    has its own gates, which see all modalities, a learnt token in the place of each missing
    one. Where all are missing the result is a learnt vector.
    """

    def __init__(self, widths: Mapping[str, int], width: int) -> None:
        if width < 1:
            raise BadInput("fusion 'gated'", f"width {width}", "a width of at least 1")
        super().__init__(widths, width)
        total = sum(widths.values())
        self.units = nn.ModuleList([nn.Linear(n, width) for n in widths.values()])
        self.gate = nn.Linear(total, len(widths) * width)
        self.missing = nn.ParameterList([torch.zeros(n) for n in widths.values()])
        self.nothing = nn.Parameter(torch.zeros(width))

    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        features = self.pooled(tokens, presence, self.missing)
        hidden = torch.stack(
            [torch.tanh(unit(x)) for unit, x in zip(self.units, features, strict=True)], 1
        )
        logits = self.gate(torch.cat(features, 1)).view(-1, len(self.widths), self.width)
        if presence is not None:
            logits = logits.masked_fill(~presence[:, :, None], torch.finfo(logits.dtype).min)
        fused: Tensor = (logits.softmax(1) * hidden).sum(1)
        if presence is None:
            return fused
        return torch.where(presence.any(1, keepdim=True), fused, self.nothing)
