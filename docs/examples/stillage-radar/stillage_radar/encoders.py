"""How a network reads prepared maps; size ``linear`` is core's own."""

from __future__ import annotations

from torch import Tensor, nn

from stillage.network.tokens import Tokens


class Small(nn.Module):
    """Prepared ``(B, 1, doppler, range)`` to one token of width 24."""

    width = 24

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(shape[0], 12, 3, 2, 1, bias=False), nn.BatchNorm2d(12), nn.ReLU(),
            nn.Conv2d(12, self.width, 3, 2, 1, bias=False), nn.BatchNorm2d(self.width), nn.ReLU(),
        )  # fmt: skip

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, 24)``: the strongest answer of each filter."""
        return Tokens(self.layers(prepared).amax((2, 3)).unsqueeze(1))
