"""The v2e pixel model, which turns a sequence of frames into the events of a camera.

Source: Hu, Liu and Delbruck, "v2e: From Video Frames to Realistic DVS Events", CVPRW 2021.
Intensities are on the scale 0 .. 255. For each pixel and each interval between two frames:

* ``L = ln I`` above 20, linear below (``I ln(20) / 20``);
* low-pass of first order, faster where it is bright:
  ``eps = (I + 20) / 275 * 2 pi f3dB dt``, at most 1, ``Llp += eps (L - Llp)``;
* the memorised level leaks: ``Lmem -= leak theta_on dt``;
* ``floor(|Llp - Lmem| / theta)`` events, theta drawn once for each pixel and polarity; they
  come at the times when a straight line between the frames crosses their thresholds (v2e
  spreads them evenly);
* shot noise of constant rate, either polarity alike (v2e: more of it where it is dark);
* an event within the refractory period of its pixel's last one is lost.

Draws are hashes of seed, stream and pixel (:mod:`stillage.counter`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.compiled import compiled
from stillage.counter import bits, normal, stream
from stillage.errors import BadInput
from stillage_events.reading import MAX_EVENTS, Events, check_side

KNEE = 20.0
"""Intensity below which the logarithm is replaced by a line."""


@dataclass(frozen=True)
class Pixel:
    """The parameters of a sensor's pixels; the defaults are v2e's for good light.

    Attributes
    ----------
    theta, sigma : float
        Threshold in natural logarithms, and its deviation between pixels.
    cutoff_hz : float
        3 dB frequency at full intensity; 0 leaves the low-pass out.
    leak_hz, shot_hz : float
        Rates a pixel of leak and shot noise events.
    refractory_s : float
        Dead time after an event.
    """

    theta: float = 0.2
    sigma: float = 0.03
    cutoff_hz: float = 300.0
    leak_hz: float = 0.01
    shot_hz: float = 0.001
    refractory_s: float = 0.0005

    def __post_init__(self) -> None:
        values = (self.sigma, self.cutoff_hz, self.leak_hz, self.shot_hz, self.refractory_s)
        good = self.theta > 0 and all(0 <= value < math.inf for value in values)
        if not good or self.shot_hz > 1e5:
            raise BadInput("pixel", self, "theta above 0, others 0 or more, shot noise <= 1e5 Hz")


NOISY = Pixel(sigma=0.05, cutoff_hz=30.0, leak_hz=0.1, shot_hz=5.0)
"""v2e's preset for poor light."""


@compiled
def lin_log(intensity: float) -> float:
    """Take the natural logarithm above 20, a line from 0 below.

    >>> lin_log(0.0), round(lin_log(20.0), 6) == round(math.log(20.0), 6)
    (0.0, True)
    """
    if intensity > KNEE:
        return math.log(intensity)
    return intensity * (math.log(KNEE) / KNEE)


@lru_cache(maxsize=1)
def levels() -> NDArray[np.float64]:
    """Tabulate :func:`lin_log` of 0 .. 255, float64 (256,); do not write."""
    return np.array([lin_log(float(value)) for value in range(256)])


@compiled
def _uniform(state: Any, draw: Any) -> Any:
    """Draw a number in (0, 1] from a pixel's state and the draw's number (SplitMix64)."""
    z = (state ^ np.uint64(draw)) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (float(z >> np.uint64(11)) + 1.0) * 2.0**-53


@compiled
def _wait(state: Any, draw: Any, rate: float) -> Any:
    """Draw the seconds to a pixel's next shot event (exponential); even draws are waits."""
    return -math.log(_uniform(state, 2 * draw)) / rate


@compiled
def _key(at: float, pixel: Any, up: bool) -> Any:
    """Pack an event into one integer, time first, so that sorting keys sorts events by time."""
    return (np.int64(round(at * 1e6)) << 32) | pixel | (1 if up else 0)


@compiled
def _advance(
    frame: Any, table: Any, lookup: bool, rate: float, low: Any, memory: Any, before: Any
) -> None:
    """Low-pass a row of pixels; ``before`` takes how far old levels were from the memory."""
    for x in range(len(low)):
        value = frame[x]
        level = table[int(value)] if lookup else lin_log(np.float64(value))
        before[x] = low[x] - memory[x]
        gain = min((value + 20.0) * rate, 1.0) if rate > 0.0 else 1.0
        low[x] += gain * (level - low[x])


@compiled
def _row(
    y: int,
    frames: Any,
    seconds: Any,
    table: Any,
    lookup: bool,
    on: Any,
    off: Any,
    states: Any,
    numbers: Any,
    keys: Any,
    n: int,
) -> Any:
    """Append the keys of one row of pixels; return the (perhaps grown) keys and their number."""
    omega, leak, shot, refractory = numbers[0], numbers[1], numbers[2], numbers[3]
    width = frames.shape[2]
    low, before, last = np.zeros(width), np.zeros(width), np.full(width, -1e300)
    due, drawn = np.full(width, 1e300), np.zeros(width, np.int64)
    _advance(frames[0, y], table, lookup, 0.0, low, low, before)
    memory = low.copy()
    if shot > 0.0:
        for x in range(width):
            due[x] = _wait(states[x], 0, shot)
    for k in range(1, len(seconds)):
        start, stop = seconds[k - 1], seconds[k]
        step = stop - start
        _advance(frames[k, y], table, lookup, omega * step / 275.0, low, memory, before)
        for x in range(width):
            memory[x] -= leak * on[x] * step
            after = low[x] - memory[x]
            if after < on[x] and after > -off[x] and due[x] > stop:
                continue
            pixel, up = (y << 14) | (x << 1), after > 0.0
            theta = on[x] if up else -off[x]
            events = int(after / theta)
            if n + events >= len(keys):
                grown = np.empty(2 * (len(keys) + events), np.int64)
                grown[:n] = keys[:n]
                keys = grown
            for e in range(1, events + 1):
                part = (e * theta - before[x]) / (after - before[x]) if after != before[x] else 1.0
                at = start + step * min(max(part, 0.0), 1.0)
                if at - last[x] >= refractory:
                    last[x] = at
                    keys[n] = _key(at, pixel, up)
                    n += 1
            memory[x] += events * theta
            while due[x] <= stop:
                if abs(due[x] - last[x]) >= refractory:
                    if n + 1 >= len(keys):
                        grown = np.empty(2 * len(keys), np.int64)
                        grown[:n] = keys[:n]
                        keys = grown
                    keys[n] = _key(due[x], pixel, _uniform(states[x], 2 * drawn[x] + 1) > 0.5)
                    n += 1
                drawn[x] += 1
                due[x] += _wait(states[x], drawn[x], shot)
    return keys, n


@compiled
def _simulate(
    frames: Any,
    seconds: Any,
    table: Any,
    lookup: bool,
    on: Any,
    off: Any,
    states: Any,
    numbers: Any,
    most: int,
) -> Any:
    """Collect keys ``t us << 32 | y << 14 | x << 1 | polarity`` of all events, in no order.

    One key of -1 where there are more than ``most``.
    """
    keys, n = np.empty(frames.shape[1] * frames.shape[2] + 1024, np.int64), 0
    for y in range(frames.shape[1]):
        keys, n = _row(
            y, frames, seconds, table, lookup, on[y], off[y], states[y], numbers, keys, n
        )
        if n > most:
            return np.full(1, -1, np.int64)
    return keys[:n]


@compiled
def _unpack(keys: Any, latest: Any, x: Any, y: Any, t: Any, p: Any) -> None:
    for i in range(len(keys)):
        key = keys[i]
        t[i] = min(key >> 32, latest)
        y[i], x[i], p[i] = (key >> 14) & 0x1FFF, (key >> 1) & 0x1FFF, (key & 1) == 1


def simulate(
    frames: NDArray[Any],
    seconds: NDArray[np.float64],
    pixel: Pixel | None = None,
    seed: int = 0,
    sample: int = 0,
) -> Events:
    """Simulate the events of a sequence of frames, times in us from the first frame.

    Parameters
    ----------
    frames : uint8 or float32 array (T, H, W)
        Linear intensities 0 .. 255 (grey; decode sRGB first where it matters), T >= 2.
    seconds : float64 array (T,)
        When each frame was taken, rising. Between frames intensities change in a straight line,
        so movements of more than a pixel a frame make coarse events: use a high frame rate.
    pixel : Pixel, optional
        Default: :class:`Pixel`'s defaults.
    seed : int
        Of the sensor: thresholds depend on it alone.
    sample : int
        Number of the reading: shot noise depends on it and the seed.

    Raises
    ------
    BadInput
        If frames and times do not fit, intensities are not finite or outside 0 .. 255, or
        there are more than 2^24 events.

    >>> frames = np.full((2, 3, 3), 100, np.uint8)
    >>> frames[1, 1, 2] = 200
    >>> events = simulate(frames, np.array([0.0, 0.01]), Pixel(sigma=0.0, cutoff_hz=0.0))
    >>> set(zip(events.x.tolist(), events.y.tolist())), len(events.t), bool(events.p.all())
    ({(2, 1)}, 3, True)
    """
    pixel = pixel or Pixel()
    seconds = np.asarray(seconds, np.float64)
    _check(frames, seconds)
    height, width = frames.shape[1:]
    duration = math.floor((seconds[-1] - seconds[0]) * 1e6) + 1
    on, off = thresholds(height, width, pixel, seed)
    place = np.arange(height * width).reshape(height, width)
    states = bits(seed, sample, stream("shot"), place)
    rates = (2.0 * math.pi * pixel.cutoff_hz, pixel.leak_hz, pixel.shot_hz, pixel.refractory_s)
    keys = _simulate(
        np.ascontiguousarray(frames, np.float32),
        seconds - seconds[0],
        levels(),
        frames.dtype == np.uint8,
        on,
        off,
        states,
        np.array(rates),
        MAX_EVENTS,
    )
    if len(keys) and keys[0] == -1:
        raise BadInput("frames", f"over {MAX_EVENTS} events", "fewer frames, or a larger threshold")
    keys.sort()
    x, y = np.empty(len(keys), np.int32), np.empty(len(keys), np.int32)
    t, p = np.empty(len(keys), np.int64), np.empty(len(keys), np.bool_)
    _unpack(keys, duration - 1, x, y, t, p)
    return Events(x, y, t, p, width, height, duration)


@lru_cache(maxsize=8)
def thresholds(
    height: int, width: int, pixel: Pixel, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw a sensor's thresholds (H, W) for brighter and darker, at least 0.01; do not write.

    >>> on, off = thresholds(50, 50, Pixel(), 1)
    >>> bool(abs(on.mean() - 0.2) < 0.003 and abs(off.std() - 0.03) < 0.003)
    True
    """
    if pixel.sigma == 0.0:
        same = np.full((height, width), pixel.theta)
        return same, same.copy()
    place = np.arange(height * width).reshape(height, width)
    on, off = (
        np.maximum(pixel.theta + pixel.sigma * normal(seed, stream("theta"), k, place), 0.01)
        for k in (1, 0)
    )
    return on, off


def _check(frames: NDArray[Any], seconds: NDArray[np.float64]) -> None:
    if frames.ndim != 3 or len(frames) < 2 or frames.dtype.kind not in "uf":
        raise BadInput("frames", f"{frames.dtype} {frames.shape}", "(T, H, W), two or more frames")
    check_side(frames.shape[2], frames.shape[1], "frames")
    if frames.dtype != np.uint8:
        least, most = float(frames.min()), float(frames.max())
        if not 0.0 <= least <= most <= 255.0:
            raise BadInput("frames", f"intensities {least:g} to {most:g}", "0 to 255")
    good = seconds.shape == (len(frames),) and bool(np.isfinite(seconds).all())
    if not good or not (np.diff(seconds) > 0).all() or seconds[-1] - seconds[0] > 2000.0:
        raise BadInput("frame times", seconds.shape, f"{len(frames)} rising seconds, 2000 at most")
