"""A student: core's network, with normalised features before its heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from stillage import Student
from stillage.network import NetworkConfig
from stillage.network.tokens import Tokens


class NormalisedStudent(Student):
    """Fused features pass a layer normalisation (Ba et al., 2016): heads see no scale.

    All else is core's, so that it is trained, kept, exported and quantised like any student.
    """

    def __init__(
        self, config: NetworkConfig, host: Any = None, seed: int = 0, epsilon: float = 1e-5
    ) -> None:
        super().__init__(config, host, seed)
        self.norm = nn.LayerNorm(self.width, epsilon)

    def encode(
        self, values: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None
    ) -> tuple[Tensor, dict[str, Tokens]]:
        """Normalised features (B, D), and tokens."""
        features, tokens = super().encode(values, presence)
        return self.norm(features), tokens
