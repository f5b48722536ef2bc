"""The log-mel spectrogram of :mod:`stillage_audiovideo.mel`, compiled, for waveforms in memory.

A real transform of 512 is a complex one of 256 = 4 x 4 x 4 x 4 of its even and odd samples
(Stockham's form of radix 4, which needs no bit reversal; Van Loan, Computational Frameworks
for the Fast Fourier Transform, 1992). Frames go side by side through every line, so that the
compiler uses the processor's vectors; bands are summed from the few bins that they
have. All in float64.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.compiled import compiled
from stillage.errors import BadInput
from stillage_audiovideo.mel import (
    BANDS,
    FLOOR,
    HOP,
    TRANSFORM,
    WINDOW,
    filterbank,
    frame_count,
    window,
)

LANES = 16
"""Frames that go side by side: in float64 they fill whole vectors of any processor."""

_HALF = TRANSFORM // 2

Array = NDArray[np.float64]


@lru_cache(maxsize=1)
def _tables() -> tuple[Array, Array, Array, NDArray[np.int64], Array]:
    """Return cosines and sines (257,) of 512ths of a turn, window, edges and weights of bands."""
    angle = -2.0 * np.pi * np.arange(_HALF + 1) / TRANSFORM
    weights = filterbank()
    edges = np.zeros((BANDS, 2), np.int64)
    for band, row in enumerate(weights):
        used = np.flatnonzero(row)
        edges[band] = used[0], used[-1] + 1
    return np.cos(angle), np.sin(angle), window(), edges, weights


@compiled
def _pass(
    xr: Any, xi: Any, yr: Any, yi: Any, length: int, stride: int, cosine: Any, sine: Any
) -> None:
    """Do one pass of radix 4: ``length`` is what is left to transform, ``stride`` is done."""
    quarter = length // 4
    step = cosine.shape[0] - 1
    for p in range(quarter):
        turn = 2 * step * p // length
        c1, s1 = cosine[turn], sine[turn]
        c2, s2 = c1 * c1 - s1 * s1, 2.0 * c1 * s1
        c3, s3 = c1 * c2 - s1 * s2, c1 * s2 + s1 * c2
        ar, ai = xr[p * stride : (p + 1) * stride], xi[p * stride : (p + 1) * stride]
        k = p + quarter
        br, bi = xr[k * stride : (k + 1) * stride], xi[k * stride : (k + 1) * stride]
        k += quarter
        cr, ci = xr[k * stride : (k + 1) * stride], xi[k * stride : (k + 1) * stride]
        k += quarter
        dr, di = xr[k * stride : (k + 1) * stride], xi[k * stride : (k + 1) * stride]
        k = 4 * p
        er, ei = yr[k * stride : (k + 1) * stride], yi[k * stride : (k + 1) * stride]
        k += 1
        fr, fi = yr[k * stride : (k + 1) * stride], yi[k * stride : (k + 1) * stride]
        k += 1
        gr, gi = yr[k * stride : (k + 1) * stride], yi[k * stride : (k + 1) * stride]
        k += 1
        hr, hi = yr[k * stride : (k + 1) * stride], yi[k * stride : (k + 1) * stride]
        for q in range(stride):
            sr, si = ar[q] + cr[q], ai[q] + ci[q]
            tr, ti = ar[q] - cr[q], ai[q] - ci[q]
            ur, ui = br[q] + dr[q], bi[q] + di[q]
            vr, vi = bi[q] - di[q], dr[q] - br[q]  # -i times the difference
            er[q], ei[q] = sr + ur, si + ui
            wr, wi = tr + vr, ti + vi
            fr[q], fi[q] = wr * c1 - wi * s1, wr * s1 + wi * c1
            wr, wi = sr - ur, si - ui
            gr[q], gi[q] = wr * c2 - wi * s2, wr * s2 + wi * c2
            wr, wi = tr - vr, ti - vi
            hr[q], hi[q] = wr * c3 - wi * s3, wr * s3 + wi * c3


@compiled
def _bands(
    waves: Any, scale: float, out: Any, cosine: Any, sine: Any, taper: Any, edges: Any, weights: Any
) -> None:
    samples, frames, half = waves.shape[1], out.shape[2], cosine.shape[0] - 1
    xr, xi = np.zeros(half * LANES), np.zeros(half * LANES)
    yr, yi = np.zeros(half * LANES), np.zeros(half * LANES)
    power = np.zeros((half + 1) * LANES)
    total = np.zeros(LANES)
    used = WINDOW // 2
    padded = np.zeros((frames + LANES) * HOP + WINDOW)
    for item in range(waves.shape[0]):
        for n in range(samples):
            padded[used + n] = waves[item, n] * scale
        for first in range(0, frames, LANES):
            for j in range(used):
                place, even, odd = first * HOP + 2 * j, taper[2 * j], taper[2 * j + 1]
                for lane in range(LANES):
                    xr[j * LANES + lane] = padded[place + lane * HOP] * even
                    xi[j * LANES + lane] = padded[place + lane * HOP + 1] * odd
            xr[used * LANES :] = 0.0
            xi[used * LANES :] = 0.0
            _pass(xr, xi, yr, yi, half, LANES, cosine, sine)
            _pass(yr, yi, xr, xi, half // 4, 4 * LANES, cosine, sine)
            _pass(xr, xi, yr, yi, half // 16, 16 * LANES, cosine, sine)
            _pass(yr, yi, xr, xi, half // 64, 64 * LANES, cosine, sine)
            for k in range(half + 1):
                c, s = cosine[k], sine[k]
                near, far = k % half * LANES, (half - k) % half * LANES
                zr, zi = xr[near : near + LANES], xi[near : near + LANES]
                wr, wi = xr[far : far + LANES], xi[far : far + LANES]
                into = power[k * LANES : (k + 1) * LANES]
                for lane in range(LANES):
                    er, ei = zr[lane] + wr[lane], zi[lane] - wi[lane]
                    pr, pi = zi[lane] + wi[lane], wr[lane] - zr[lane]
                    real, imaginary = er + c * pr - s * pi, ei + c * pi + s * pr
                    into[lane] = 0.25 * (real * real + imaginary * imaginary)
            for band in range(out.shape[1]):
                total[:] = 0.0
                for k in range(edges[band, 0], edges[band, 1]):
                    weight = weights[band, k]
                    into = power[k * LANES : (k + 1) * LANES]
                    for lane in range(LANES):
                        total[lane] += weight * into[lane]
                for lane in range(min(LANES, frames - first)):
                    out[item, band, first + lane] = total[lane]


def mel_power(waves: NDArray[Any]) -> NDArray[np.float32]:
    """Compute mel powers float32 ``(B, 64, frames)`` of waveforms ``(B, time)`` at 16 kHz.

    Raises
    ------
    BadInput
        Unless ``waves`` is a batch of float or int16 waveforms.

    >>> mel_power(np.zeros((2, 16000), np.float32)).shape
    (2, 64, 101)
    """
    waves = np.ascontiguousarray(waves)
    known = waves.dtype in (np.dtype("f4"), np.dtype("f8"), np.dtype("i2"))
    if waves.ndim != 2 or not known:
        raise BadInput("waveforms", f"{waves.dtype} {waves.shape}", "float or int16 (B, time)")
    out = np.empty((len(waves), BANDS, frame_count(waves.shape[1])), np.float32)
    scale = 2.0**-15 if waves.dtype.kind == "i" else 1.0
    _bands(waves, scale, out, *_tables())
    return out


def log_mel(waves: NDArray[Any]) -> NDArray[np.float32]:
    """Compute ``log10(max(mel_power, 1e-10))``, float32 ``(B, 64, frames)``."""
    return np.asarray(np.log10(np.maximum(mel_power(waves), np.float32(FLOOR))))
