"""The modality of event cameras: how a ragged list of events becomes what encoders read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage.errors import BadInput
from stillage.sensing.augment import View, move_frames
from stillage.sensing.modality import Modality
from stillage.sensing.scene import Scene
from stillage_events import plugin
from stillage_events.reading import frame_of, pack, unpack

BINS = plugin.BINS


class EventStream(Modality):
    """An event camera: int32 ``(n + 1, 4)``, the sensor's frame, then x, y, t in us, polarity.

    Collated: float32 ``(2, 8, height, width)``, the bilinear voxel grids of darker and brighter
    events (:func:`stillage_events.grids.polar_grid`). Prepared: float32 ``(8 + 2, height,
    width)``, the signed voxel grid (brighter minus darker), then ``ln(1 + count)`` of darker and
    of brighter events.

    >>> EventStream().prepare(torch.zeros(3, 2, 8, 34, 30)).shape
    torch.Size([3, 10, 34, 30])
    """

    spec = plugin.EVENTS
    standardise = "channel"

    def collate(self, rows: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Make voxel grids ``(B, 2, 8, height, width)`` of raw samples; zero where there is none.

        Raises
        ------
        BadInput
            If sensors differ in size, or a row is no reading.
        """
        from stillage_events.grids import polar_grid

        frames = [frame_of(row)[:2] if len(row) else None for row in rows]
        sizes = {frame for frame in frames if frame is not None}
        if len(sizes) > 1:
            some = [f"{width} x {height}" for width, height in sorted(sizes)[:2]]
            raise BadInput("events", f"sensors of {' and '.join(some)} pixels", "one size")
        width, height = next(iter(sizes), (1, 1))
        out = np.zeros((len(rows), 2, BINS, height, width), np.float32)
        for k, row in enumerate(rows):
            if len(row):
                out[k] = polar_grid(unpack(row), BINS)
        return out

    def prepare(self, raw: Tensor) -> Tensor:
        counts = torch.log1p(raw.sum(2).clamp(min=0.0))
        return torch.cat([raw[:, 1] - raw[:, 0], counts], 1)

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        """Flip and shift as every camera of the sample does; the bins move in time too."""
        grid = move_frames(prepared[:, None, :BINS], view).squeeze(1)
        counts = move_frames(prepared[:, BINS:, None], view).squeeze(2)
        return torch.cat([grid, counts], 1)

    def read(self, path: Path) -> NDArray[Any]:
        """Read a file of events; see :func:`stillage_events.readers.decoding.read_events`."""
        from stillage_events.readers.decoding import read_events
        from stillage_events.reading import from_start

        return pack(from_start(read_events(path)))

    def render(self, scene: Scene, seed: int, samples: NDArray[np.int64] | None = None) -> Any:
        """Render readings (ragged: a list) of items that pass under the camera."""
        from stillage_events.sensor import passes

        return passes(scene, seed, scene.sample_numbers(samples))
