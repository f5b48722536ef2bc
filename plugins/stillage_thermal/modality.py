"""The thermal modalities: how raw clips and pictures become what encoders read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage.sensing.augment import View, move_frames
from stillage.sensing.modality import Modality
from stillage.sensing.scene import Scene
from stillage_thermal import plugin
from stillage_thermal.augmentation import Hotspots, with_hotspots
from stillage_thermal.radiometry import ZERO_CELSIUS


class Thermal(Modality):
    """A radiometric clip: uint16 centikelvin ``(frames, height, width)`` (temperature-linear).

    Prepared: float32 of the same shape, degC in the first frame and, in each later frame, the
    change since the first, so that cooling is not drowned by the level.

    >>> raw = torch.tensor([[[[31315]], [[31215]]]], dtype=torch.int32).to(torch.uint16)
    >>> Thermal().prepare(raw).flatten().round(decimals=2)
    tensor([40., -1.])
    """

    spec = plugin.THERMAL
    standardise = "channel"
    hotspots: ClassVar[Hotspots] = Hotspots.none()
    """Of augmented views, K. Off, so that results stay as they are; set ``Thermal.hotspots =
    Hotspots()`` before training to turn them on."""

    def prepare(self, raw: Tensor) -> Tensor:
        celsius = raw.to(torch.float32) * 0.01 - ZERO_CELSIUS
        first = celsius[:, :1]
        return torch.cat([first, celsius[:, 1:] - first], 1)

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        """Flip and shift with the other cameras; not in time, since cooling starts the clip.

        A hotspot lies on the first frame alone: it stays, so the changes since do not show it.
        """
        moved = move_frames(prepared.unsqueeze(2), view).squeeze(2)
        if view.identity or self.hotspots.chance == 0:
            return moved
        return torch.cat([with_hotspots(moved[:, :1], view, self.hotspots), moved[:, 1:]], 1)

    def read(self, path: Path) -> NDArray[Any]:
        """Read a 16-bit TIFF of Lepton's TLinear: hundredths of a kelvin, uint16 (pages, H, W)."""
        from stillage_thermal.readers.pictures import read_frames

        return read_frames(path)

    def render(self, scene: Scene, seed: int, samples: NDArray[np.int64] | None = None) -> Any:
        from stillage_thermal.sensor import clips

        return clips(scene, seed, scene.sample_numbers(samples))


class ThermalImage(Modality):
    """A grey picture of a thermal camera with automatic gain: uint8 ``(height, width)``.

    It holds no temperature: the camera stretches each picture to 0..255. Prepared: float32
    ``(1, height, width)``, each picture less its mean, over its deviation (0.02 at least, of
    1 for white), so that the camera's gain does not show.

    >>> ThermalImage().prepare(torch.tensor([[[0, 255]]], dtype=torch.uint8)).flatten()
    tensor([-1.,  1.])
    """

    spec = plugin.THERMAL_IMAGE
    standardise = "none"
    hotspots: ClassVar[Hotspots] = Hotspots(strength=2.0)
    """Of augmented views, in deviations of the picture."""

    def prepare(self, raw: Tensor) -> Tensor:
        grey = raw.to(torch.float32).unsqueeze(1) * (1.0 / 255.0)
        centred = grey - grey.mean((2, 3), keepdim=True)
        spread = (centred * centred).mean((2, 3), keepdim=True).sqrt()
        return centred / spread.clamp(min=0.02)

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        """Flip and shift with the other cameras, and add a hotspot."""
        moved = move_frames(prepared.unsqueeze(2), view).squeeze(2)
        return with_hotspots(moved, view, self.hotspots)

    def read(self, path: Path) -> NDArray[Any]:
        """Read an 8-bit PNG, JPEG, BMP or TIFF as grey, uint8 (height, width)."""
        from stillage_thermal.readers.pictures import read_grey

        return read_grey(path)

    def render(self, scene: Scene, seed: int, samples: NDArray[np.int64] | None = None) -> Any:
        from stillage_thermal.sensor import images

        return images(scene, seed, scene.sample_numbers(samples))
