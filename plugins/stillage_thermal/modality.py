"""Thermal clips as readings: from raw centikelvin to what encoders read."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage.augment import View, move_frames
from stillage.modality import Modality
from stillage.scene import Scene
from stillage_thermal import plugin
from stillage_thermal.radiometry import ZERO_CELSIUS


class Thermal(Modality):
    """Radiometric clip: uint16 centikelvin ``(frames, height, width)`` (temperature-linear).

    Prepared: float32 of the same shape, degC in the first frame and, in each later frame, the
    change since the first, so that cooling is not drowned by the level.

    >>> raw = torch.tensor([[[[31315]], [[31215]]]], dtype=torch.int32).to(torch.uint16)
    >>> Thermal().prepare(raw).flatten().round(decimals=2)
    tensor([40., -1.])
    """

    spec = plugin.THERMAL
    standardise = "channel"

    def prepare(self, raw: Tensor) -> Tensor:
        celsius = raw.to(torch.float32) * 0.01 - ZERO_CELSIUS
        first = celsius[:, :1]
        return torch.cat([first, celsius[:, 1:] - first], 1)

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        """Flip and shift with the other cameras; not in time, since cooling starts the clip."""
        channels = prepared.unsqueeze(2)
        return move_frames(channels, view).squeeze(2)

    def render(self, scene: Scene, seed: int, samples: NDArray[np.int64] | None = None) -> Any:
        from stillage_thermal.sensor import clips

        numbers = np.arange(scene.items_count) if samples is None else samples
        return clips(scene, seed, np.asarray(numbers, np.int64))
