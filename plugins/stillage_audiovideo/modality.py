"""The modality of colour frames: how raw bytes become what encoders read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage.sensing.augment import View, move_frames
from stillage.sensing.modality import Modality
from stillage.sensing.scene import Scene
from stillage_audiovideo import plugin


class Video(Modality):
    """A clip: uint8 ``(frames, height, width, 3)``, sRGB; a photo has one frame.

    Prepared: float32 ``(3, frames, height, width)`` in 0..1.

    >>> Video().prepare(torch.full((2, 1, 4, 6, 3), 255, dtype=torch.uint8)).shape
    torch.Size([2, 3, 1, 4, 6])
    """

    spec = plugin.VIDEO
    standardise = "channel"

    def read(self, path: Path) -> NDArray[np.uint8]:
        """Read the frames ``(frames, height, width, 3)`` of a container or a picture, unscaled."""
        from stillage_audiovideo.readers.containers import read_clip

        return read_clip(path).frames

    def prepare(self, raw: Tensor) -> Tensor:
        return raw.permute(0, 4, 1, 2, 3).to(torch.float32) * (1.0 / 255.0)

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        """Flip, shift and move in time, as every camera of the sample does."""
        return move_frames(prepared, view)

    def render(self, scene: Scene, seed: int, samples: NDArray[np.int64] | None = None) -> Any:
        from stillage_audiovideo.sensor import photos

        return photos(scene, seed, scene.sample_numbers(samples))

    def masks(self, scene: Scene, frames: int = 1) -> NDArray[np.bool_]:
        """Mark the item's pixels: ``(N, frames, height, width)`` of the modelled camera."""
        from stillage_audiovideo.sensor import item_masks

        return np.repeat(item_masks(scene)[:, None], frames, 1)
