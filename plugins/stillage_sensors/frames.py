"""Features of vibration: level, peakedness and band energies of short frames, as analysts use.

Everything is torch operations that ONNX can express; the spectrum is two matrix products with
a windowed cosine and sine, so it needs no FFT operator. Small numbers are clamped, not added to:
the optimiser of ONNX graphs drops an addition of 1e-8 as one of zero.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage.errors import BadInput

LONGEST, SHORTEST = 1024, 8
"""Most and fewest values of a frame; both are powers of two."""

BANDS = 16
"""Bands of a frame's spectrum, a little over half an octave each at the longest frame."""

FLOOR = 1e-4
"""Amplitude, in the reading's unit; levels below it count as this one."""

BAND_FLOOR = 1e-3
"""The same of a band (1 mg): weaker ones are rounding, which differs between runtimes."""


def frame_length(samples: int) -> int:
    """Return the length of a frame: the largest power of two up to half a reading, 8 to 1024.

    1024 values at 25.6 kHz are 40 ms: a turn of a shaft at 1,500 rpm.

    Raises
    ------
    BadInput
        If the reading is shorter than a frame.

    >>> frame_length(2560), frame_length(100)
    (1024, 32)
    """
    if samples < SHORTEST:
        raise BadInput("vibration", f"{samples} values", f"at least {SHORTEST}")
    return max(SHORTEST, min(LONGEST, 1 << ((samples // 2) | 1).bit_length() - 1))


@lru_cache(maxsize=16)
def _edges(length: int) -> tuple[int, ...]:
    """Return band edges as spectral lines, geometric from the first line to half the rate."""
    last = length // 2 + 1
    raw = np.geomspace(1.0, last, BANDS + 1)
    edges = [1]
    for number, edge in enumerate(raw[1:], 1):
        room = BANDS - number  # each band after this one needs a line of its own
        edges.append(max(min(round(float(edge)), last - room), edges[-1] + 1))
    return tuple(edges)


@lru_cache(maxsize=16)
def _matrices(length: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return windowed cosine and sine ``(length, lines)`` and the pooling ``(lines, bands)``.

    Scaled so that a band's energy is its share of the mean square of the (Hann-windowed) signal.
    """
    window = np.hanning(length + 1)[:length]  # the periodic one, as SciPy's periodogram takes
    scale = np.sqrt(2.0 / (length * (window**2).sum()))
    lines = np.arange(length // 2 + 1)
    angle = 2.0 * np.pi * np.outer(np.arange(length), lines) / length
    pool = np.zeros((len(lines), BANDS))
    edges = _edges(length)
    for band in range(BANDS):
        first, last = edges[band], max(edges[band + 1], edges[band] + 1)
        pool[min(first, len(lines) - 1) : last, band] = 1.0
    pool[-1] *= 0.5  # the line at half the rate has no mirror image
    weighted = (window * scale)[:, None]
    cosine, sine = np.cos(angle) * weighted, np.sin(angle) * weighted
    return cosine.astype(np.float32), sine.astype(np.float32), pool.astype(np.float32)


def _frames_of(raw: Tensor) -> Tensor:
    """Cut readings ``(B, C, T)`` into half-overlapping frames ``(B, C, F, length)``."""
    length = frame_length(raw.shape[2])
    hop = length // 2
    count = (raw.shape[2] - length) // hop + 1
    halves = raw[:, :, : (count + 1) * hop]
    halves = halves.reshape(raw.shape[0], raw.shape[1], count + 1, hop)
    return torch.cat([halves[:, :, :-1], halves[:, :, 1:]], 3)


def describe(raw: Tensor) -> Tensor:
    """Compute features ``(B, C * 19, F)`` of vibration ``(B, C, T)``, each frame less its mean.

    Row ``19 c + k`` is feature k of channel c: ``ln RMS``, ``ln kurtosis`` (Gaussian noise:
    ln 3), ``ln crest``, and ``ln`` of the energy in 16 geometric bands.

    >>> describe(torch.zeros(2, 1, 2560)).shape
    torch.Size([2, 19, 4])
    """
    frames = _frames_of(raw)
    centred = frames - frames.mean(3, keepdim=True)
    square = centred * centred
    power = square.mean(3)
    level = 0.5 * torch.log(power.clamp(min=FLOOR**2))
    fourth = (square * square).mean(3)
    kurtosis = torch.log((fourth / (power * power).clamp(min=FLOOR**4)).clamp(min=1.0))
    crest = 0.5 * torch.log((square.amax(3) / power.clamp(min=FLOOR**2)).clamp(min=1.0))
    cosine, sine, pool = (
        torch.from_numpy(matrix).to(raw.device) for matrix in _matrices(frames.shape[3])
    )
    real, imaginary = centred @ cosine, centred @ sine
    bands = torch.log(((real * real + imaginary * imaginary) @ pool).clamp(min=BAND_FLOOR**2))
    features = torch.cat([torch.stack([level, kurtosis, crest], 3), bands], 3)
    return features.transpose(2, 3).flatten(1, 2)
