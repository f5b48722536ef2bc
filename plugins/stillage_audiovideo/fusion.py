"""The fusion ``audiovideo-gated``, which weighs the modalities anew at every moment.

Core's ``gated`` fusion averages each modality over time before it weighs them, so whether the
clack came *with* the bounce is gone. Here tokens are first brought to common moments, then
gated moment by moment.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from stillage.errors import BadInput
from stillage.network.fusion.base import Fusion
from stillage.network.tokens import Tokens


def resampling(inputs: int, moments: int) -> Tensor:
    """Make weights float32 (moments, inputs) that bring a clip's tokens to its moments.

    Tokens and moments are centres of equal parts of the clip; between centres weights are
    linear, beyond the outer ones the nearest token counts. Rows sum to 1.

    >>> resampling(2, 4).tolist()
    [[1.0, 0.0], [0.75, 0.25], [0.25, 0.75], [0.0, 1.0]]
    """
    place = np.clip((np.arange(moments) + 0.5) / moments * inputs - 0.5, 0.0, inputs - 1.0)
    distance = np.abs(place[:, None] - np.arange(inputs))
    return torch.from_numpy(np.maximum(0.0, 1.0 - distance).astype(np.float32))


class AudioVideoGated(Fusion):
    """A fusion by gated units at each moment of a clip, then their mean and maximum.

    At moment t, after the gated multimodal unit (Arevalo et al. 2017, arXiv 1702.01992):
    ``h_t = sum_m g_mt * tanh(W_m x_mt)``, gates a softmax over the modalities that are there,
    seeing the tokens of all of them at that moment, so that a unit can answer to two things
    that happen together. Masked tokens and absent modalities are replaced by learnt ones.

    Parameters
    ----------
    widths, width
        As in :class:`stillage.network.fusion.base.Fusion`; ``width`` at least 1.
    moments : int
        Common moments; about the number of tokens of the finest modality.

    Raises
    ------
    BadInput
        For a width or a number of moments below 1.
    """

    def __init__(self, widths: Mapping[str, int], width: int, moments: int = 8) -> None:
        if width < 1 or moments < 1:
            found = f"width {width}, {moments} moments"
            raise BadInput("fusion 'audiovideo-gated'", found, "at least 1")
        super().__init__(widths, width)
        self.moments = moments
        self.units = nn.ModuleList([nn.Linear(n, width) for n in widths.values()])
        self.gate = nn.Linear(sum(widths.values()), len(widths) * width)
        self.missing = nn.ParameterList([torch.zeros(n) for n in widths.values()])
        self.nothing = nn.Parameter(torch.zeros(width))
        self.join = nn.Linear(2 * width, width)

    def _at_moments(
        self, column: int, tokens: Tokens | None, presence: Tensor | None, count: int
    ) -> Tensor:
        """Bring one modality to (B, moments, width), learnt tokens where it has none."""
        missing = self.missing[column]
        if tokens is None:
            learnt: Tensor = missing.expand(count, self.moments, -1)
            return learnt
        values = tokens.values
        if tokens.mask is not None:
            values = torch.where(tokens.mask[:, :, None], values, missing)
        if presence is not None:
            values = torch.where(presence[:, column, None, None], values, missing)
        if values.shape[1] == 1:
            return values.expand(-1, self.moments, -1)
        weights = resampling(values.shape[1], self.moments).to(values.device)
        return weights @ values

    def gates(
        self, tokens: Mapping[str, Tokens], presence: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return gates (B, moments, M, width) and the gated units h (B, moments, width).

        Gates sum to 1 over the M modalities.
        """
        given = next(iter(tokens.values()), None)
        if presence is None and len(tokens) < len(self.widths):
            raise ValueError(f"no tokens of {sorted(set(self.widths) - set(tokens))}, no presence")
        count = len(presence) if presence is not None else len(given.values) if given else 0
        parts = [
            self._at_moments(column, tokens.get(name), presence, count)
            for column, name in enumerate(self.widths)
        ]
        hidden = torch.stack(
            [torch.tanh(unit(x)) for unit, x in zip(self.units, parts, strict=True)], 2
        )
        logits = self.gate(torch.cat(parts, 2))
        logits = logits.view(-1, self.moments, len(self.widths), self.width)
        if presence is not None:
            lowest = torch.finfo(logits.dtype).min
            logits = logits.masked_fill(~presence[:, None, :, None], lowest)
        gates = logits.softmax(2)
        return gates, (gates * hidden).sum(2)

    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        _, units = self.gates(tokens, presence)
        fused: Tensor = torch.relu(self.join(torch.cat([units.mean(1), units.amax(1)], 1)))
        if presence is None:
            return fused
        return torch.where(presence.any(1, keepdim=True), fused, self.nothing)
