"""Log-mel spectrograms in operations that ONNX knows.

Convention (that of librosa's defaults): frames of 400 samples (25 ms at 16 kHz) every 160,
centred on their hop, silence beyond the ends; periodic Hann window inside a transform of 512;
power; 64 triangular bands on Slaney's mel scale (M. Slaney, Auditory Toolbox, 1998), each of
unit area; ``log10(max(power, 1e-10))``. It equals
``librosa.power_to_db(librosa.feature.melspectrogram(...), top_db=None) / 10``.

The transform is two matrix products. A frame about its centre is the sum of an even and an
odd part, so that 200 cosines and 200 sines do what 400 complex factors would; it is done in
float64, as librosa does: in float32 a loud tone would drown bands 90 dB below it in rounding.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

RATE_HZ = 16000
TRANSFORM, WINDOW, HOP, BANDS = 512, 400, 160, 64
FLOOR = 1e-10
"""Least power of a band; its logarithm is -10."""

_BLOCK = 80
"""Frames and hops are whole blocks, so that framing is slicing."""

Array = NDArray[np.float64]


def mel_of(hz: Array) -> Array:
    """Convert Hz to Slaney's mel scale: linear below 1 kHz (15 mel), logarithmic above.

    >>> mel_of(np.array([500.0, 1000.0, 6400.0])).round(6).tolist()
    [7.5, 15.0, 42.0]
    """
    high = 15.0 + np.log(np.maximum(hz, 1000.0) / 1000.0) * (27.0 / np.log(6.4))
    return np.asarray(np.where(hz < 1000.0, hz * 0.015, high))


def hz_of(mel: Array) -> Array:
    """Convert mel to Hz, the inverse of :func:`mel_of`."""
    high = 1000.0 * np.exp((np.maximum(mel, 15.0) - 15.0) * (np.log(6.4) / 27.0))
    return np.asarray(np.where(mel < 15.0, mel / 0.015, high))


@lru_cache(maxsize=8)
def filterbank() -> Array:
    """Return weights ``(64, 257)`` of the mel bands over the powers of a transform.

    >>> filterbank().shape, bool((filterbank() >= 0).all())
    ((64, 257), True)
    """
    bins = np.arange(TRANSFORM // 2 + 1) * (RATE_HZ / TRANSFORM)
    edges = hz_of(np.linspace(0.0, mel_of(np.array(RATE_HZ / 2.0)), BANDS + 2))
    slope = (bins - edges[:, None]) / np.concatenate([np.diff(edges), [1.0]])[:, None]
    rise, fall = slope[:-2], 1.0 - slope[1:-1]
    area = 2.0 / (edges[2:] - edges[:-2])
    # librosa keeps its weights in float32; the rounding is part of the reference.
    weights = np.maximum(0.0, np.minimum(rise, fall)) * area[:, None]
    return np.asarray(weights.astype(np.float32), np.float64)


def window() -> Array:
    """Return the periodic Hann window (400,)."""
    return np.asarray(0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW) / WINDOW))


@lru_cache(maxsize=8)
def _transforms() -> tuple[Array, Array]:
    """Return windowed cosines and sines (200, 257), by distance from a frame's centre."""
    distance = np.arange(WINDOW // 2)[:, None]
    angle = 2.0 * np.pi * distance * np.arange(TRANSFORM // 2 + 1) / TRANSFORM
    weight = window()[WINDOW // 2 :, None]
    cosine = np.cos(angle) * weight
    cosine[0] *= 0.5  # the centre is counted from both sides
    return cosine, np.sin(angle) * weight


def frame_count(samples: int) -> int:
    """Count the frames of a waveform of so many samples."""
    return 1 + samples // HOP


def log_mel(wave: Tensor) -> Tensor:
    """Compute the log-mel spectrogram float32 ``(B, 64, frames)``, log10 of power, of waveforms.

    Parameters
    ----------
    wave : Tensor (B, time)
        At 16 kHz: floats relative to full scale, or int16.

    >>> import torch
    >>> log_mel(torch.zeros(2, 16000)).shape, float(log_mel(torch.zeros(1, 400)).max())
    (torch.Size([2, 64, 101]), -10.0)
    """
    import torch

    samples = wave.shape[1]
    signal = wave.to(torch.float64)
    if not wave.is_floating_point():
        signal = signal * 2.0**-15
    half, count = WINDOW // 2, frame_count(samples)
    padded = torch.nn.functional.pad(signal, (half, half - samples % HOP))
    blocks = padded.reshape(-1, (HOP * (count - 1) + WINDOW) // _BLOCK, _BLOCK)
    step, last = HOP // _BLOCK, HOP // _BLOCK * (count - 1) + 1
    parts = [blocks[:, k : k + last : step] for k in range(WINDOW // _BLOCK)]
    frames = torch.cat(parts, 2)
    right, left = frames[:, :, half:], frames[:, :, :half].flip(2)
    # Distance k to the left of the centre is column half - k; the outermost has no weight.
    left = torch.cat([right[:, :, :1], left[:, :, :-1]], 2)
    cosine, sine = (torch.from_numpy(part).to(wave.device) for part in _transforms())
    power = ((right + left) @ cosine).square() + ((right - left) @ sine).square()
    bands = power @ torch.from_numpy(filterbank().T.copy()).to(wave.device)
    return bands.clamp(min=FLOOR).log10().transpose(1, 2).to(torch.float32)
