"""The modalities of sound: how raw waveforms become what encoders read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage.sensing.augment import View, move_in_time
from stillage.sensing.modality import Modality
from stillage.sensing.scene import Scene
from stillage_audiovideo import plugin
from stillage_audiovideo.mel import FLOOR, log_mel

GAIN_DECADES = 0.6
"""Largest change of level: 6 dB of power, since distance and microphones differ (assumed)."""

MASKED_BANDS, MASKED_TIME = 8, 0.1
"""Widest masks: bands, and share of the clip (SpecAugment, Park et al. 2019, scaled down)."""


class Audio(Modality):
    """The sound of a knocked item: float32 ``(time,)`` relative to full scale, 16 kHz.

    Prepared: log10 of mel power, float32 ``(64, frames)``; see :mod:`stillage_audiovideo.mel`.

    >>> Audio().prepare(torch.zeros(2, 16000)).shape
    torch.Size([2, 64, 101])
    """

    spec = plugin.AUDIO
    standardise = "channel"

    def read(self, path: Path) -> NDArray[np.float32]:
        """Read the sound ``(time,)`` of a file or container, mixed to one channel at 16 kHz."""
        from stillage_audiovideo.readers.containers import read_sound

        return read_sound(path).wave

    def prepare(self, raw: Tensor) -> Tensor:
        """Compute log-mel of waveforms; int16 is read as full scale 32,768.

        Waveforms in memory take the compiled transform, which is some 15 times as fast. A graph
        that is being traced (its tensors hold no values) and other devices take operations that
        ONNX knows; both agree within 1e-6.
        """
        if type(raw) is Tensor and raw.device.type == "cpu":
            from stillage_audiovideo import fast_mel

            return torch.from_numpy(fast_mel.log_mel(raw.numpy()))
        return log_mel(raw)

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        """Shift in time (the shared draw "time"), change the level, mask bands and moments."""
        if view.identity:
            return prepared
        moved = move_in_time(prepared, view)
        gain = GAIN_DECADES * (2.0 * view.uniform("audio gain", 1) - 1.0)[:, :, None]
        level = torch.from_numpy(gain.astype(np.float32)).to(prepared.device)
        louder = (moved + level).clamp(min=float(np.log10(FLOOR)))
        masks = _masks(view.uniform("audio mask", 4), prepared.shape[1], prepared.shape[2])
        hidden = torch.from_numpy(masks).to(prepared.device)
        return torch.where(hidden, louder.mean((1, 2), keepdim=True), louder)

    def render(self, scene: Scene, seed: int, samples: NDArray[np.int64] | None = None) -> Any:
        from stillage_audiovideo.physics.impact import knocks

        return knocks(scene, seed, scene.sample_numbers(samples))


class MachineSound(Audio):
    """The sound of a running bearing; read, prepared and augmented as any sound.

    >>> MachineSound().name
    'machine-sound'
    """

    spec = plugin.MACHINE_SOUND

    def render(self, scene: Scene, seed: int, samples: NDArray[np.int64] | None = None) -> Any:
        from stillage_audiovideo.physics.bearing import running

        return running(scene, seed, scene.sample_numbers(samples))


def _masks(draw: NDArray[np.float64], bands: int, frames: int) -> NDArray[np.bool_]:
    """Mark ``(B, bands, frames)`` where one range of bands and one stretch of time are hidden."""
    hidden = np.zeros((len(draw), bands, frames), np.bool_)
    for column, size, most in ((0, bands, MASKED_BANDS), (2, frames, int(MASKED_TIME * frames))):
        width = np.floor(draw[:, column] * (most + 1))
        start = np.floor(draw[:, column + 1] * (size - np.minimum(width, size) + 1))
        place = np.arange(size)[None]
        inside = (place >= start[:, None]) & (place < (start + width)[:, None])
        hidden |= inside[:, :, None] if column == 0 else inside[:, None, :]
    return hidden
