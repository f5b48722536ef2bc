"""Define the interface of a fusion: tokens of any subset of modalities to features (B, D)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from stillage.network.tokens import Tokens


class Fusion(nn.Module, ABC):
    """Fuse the tokens of whichever modalities are there. Missing is not zero.

    What an absent modality's tokens hold must never change the result: use
    :meth:`pooled` or mask with ``torch.where`` (multiplying by 0 keeps NaN).

    Parameters
    ----------
    widths : mapping of str to int
        Token width of each modality, in the order of the presence mask's columns.
    width : int
        Width D of the fused features; what 0 means is the fusion's own.

    >>> class Mean(Fusion):
    ...     def forward(self, tokens, presence=None):
    ...         zeros = nn.ParameterList(torch.zeros(width) for width in self.widths.values())
    ...         return torch.stack(self.pooled(tokens, presence, zeros)).mean(0)
    >>> tokens = {"nir": Tokens(torch.ones(1, 4, 2)), "led": Tokens(torch.zeros(1, 1, 2))}
    >>> Mean({"nir": 2, "led": 2}, width=2)(tokens)
    tensor([[0.5000, 0.5000]])
    """

    def __init__(self, widths: Mapping[str, int], width: int) -> None:
        super().__init__()
        self.widths = dict(widths)
        self.width = width

    @abstractmethod
    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        """Return fused features (B, D).

        Parameters
        ----------
        tokens : mapping of Tokens
            A modality may be left out altogether; then ``presence`` says it is missing.
        presence : bool Tensor (B, M) or None
            Columns in the order of ``widths``; None where all are present.
        """

    def pooled(
        self,
        tokens: Mapping[str, Tokens],
        presence: Tensor | None,
        missing: nn.ParameterList,
    ) -> list[Tensor]:
        """Average each modality's tokens (B, width); a learnt ``missing`` one where absent."""
        features = []
        for column, name in enumerate(self.widths):
            if name not in tokens:
                if presence is None:
                    raise ValueError(f"no tokens of {name!r} and no presence mask")
                features.append(missing[column].expand(len(presence), -1))
                continue
            values = tokens[name].values
            single = values.shape[1] == 1 and tokens[name].mask is None
            mean = values.squeeze(1) if single else tokens[name].pooled()
            if presence is not None:
                mean = torch.where(presence[:, column, None], mean, missing[column])
            features.append(mean)
        return features
