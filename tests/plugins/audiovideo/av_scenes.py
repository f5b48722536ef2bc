"""A ball that bounces and clacks: pictures and sound with a known offset and drift."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

RATE = 16000


class Bounces(NamedTuple):
    """Frames (F, 24, 32, 3), their times, a waveform at 16 kHz that starts at time 0."""

    frames: np.ndarray
    times: np.ndarray
    wave: np.ndarray


def bounces(
    offset: float = 0.0,
    drift: float = 0.0,
    seconds: float = 20.0,
    fps: float = 25.0,
    seed: int = 0,
    count: int = 12,
) -> Bounces:
    """Each bounce sounds ``offset + drift * (t - seconds / 2)`` after it is seen."""
    draw = np.random.default_rng(seed)
    moments = np.sort(draw.uniform(0.7, seconds - 0.7, count))
    times = np.arange(int(seconds * fps)) / fps
    frames = 40.0 + draw.normal(0.0, 2.0, (len(times), 24, 32, 3))
    for k, time in enumerate(times):
        since = time - moments[moments <= time][-1:]
        swing = float(np.sum(np.exp(-since / 0.15) * np.cos(8.0 * np.pi * since)))
        left = int(12 + 10 * swing)
        frames[k, 8:16, max(0, left - 4) : left + 4] += 150.0
    time = np.arange(int(seconds * RATE)) / RATE
    wave = draw.normal(0.0, 0.003, len(time))
    for moment in moments:
        since = time - (moment + offset + drift * (moment - seconds / 2))
        heard = since >= 0
        wave[heard] += 0.5 * np.exp(-30 * since[heard]) * np.sin(1800 * np.pi * since[heard])
    return Bounces(np.clip(frames, 0, 255).astype(np.uint8), times, wave.astype(np.float32))
