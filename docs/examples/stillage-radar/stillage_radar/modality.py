"""Maps: what they are, how a network reads them, and how a file holds one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from stillage.errors import BadInput
from stillage.sensing.augment import View
from stillage.sensing.modality import Modality
from stillage.sensing.scene import Scene
from stillage_radar import plugin

MAGIC = b"RDM1"
GAIN_DB = 1.5
"""Farthest that an augmented view's gain is from the map's own."""


class Radar(Modality):
    """Range-Doppler map, float32 ``(doppler, range)`` in dB of the noise floor.

    Prepared: float32 ``(1, doppler, range)``, the floor at 0 and 40 dB at 1.
    """

    spec = plugin.RADAR
    standardise = "channel"

    def prepare(self, raw: Tensor) -> Tensor:
        """Scale to about 0..1; what lies under the floor carries nothing."""
        return (raw.clamp(min=0.0) * (1.0 / 40.0)).unsqueeze(1)

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        """A gain of a sample's own: antennas age, radomes get dirty."""
        if view.identity:
            return prepared
        gain = (2.0 * view.uniform("radar-gain", 1, 1, 1) - 1.0) * (GAIN_DB / 40.0)
        return prepared + prepared.new_tensor(gain)

    def read(self, path: Path) -> NDArray[Any]:
        """The map in a ``.rdm`` file: magic, two uint16 sizes, float32 values."""
        rows, columns = (int(size or 0) for size in self.sample.shape)
        try:
            with path.open("rb") as handle:
                content = handle.read(9 + 4 * rows * columns)
        except OSError as error:
            raise BadInput(path, error.strerror, "a .rdm file") from None
        if content[:4] != MAGIC or len(content) < 8:
            raise BadInput(path, repr(content[:4]), f"{MAGIC!r} and a map")
        shape = tuple(np.frombuffer(content[4:8], "<u2").tolist())
        if shape != (rows, columns) or len(content) != 8 + 4 * rows * columns:
            raise BadInput(path, f"{shape} and {len(content)} bytes", f"{rows} x {columns} values")
        return np.frombuffer(content[8:], "<f4").reshape(rows, columns).astype(np.float32)

    def render(self, scene: Scene, seed: int, samples: NDArray[np.int64] | None = None) -> Any:
        """Sensor model: see ``sensor.py``."""
        from stillage_radar.sensor import maps

        numbers = scene.sample_numbers(samples)
        return maps(scene, seed, np.asarray(numbers, np.int64))
