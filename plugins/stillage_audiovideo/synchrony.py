"""Finds the offset and drift between the clocks of a sound and of its pictures.

It takes three steps, each for what the one before leaves open:

1. timestamps put both streams on one axis;
2. the sound's envelope and the pictures' motion energy are cross-correlated: one offset;
3. banded dynamic time warping of the two, about that offset, follows a drift, and a weighted
   line through the path's moments of action gives offset and drift.

Viewers notice sound 45 ms early or 125 ms late (ITU-R BT.1359). Sound needs 2.9 ms a metre: of
an offset, that much is physics and not the clocks'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_audiovideo.dtw import MAX_CELLS, warping_path

GRID_HZ = 100.0
"""Rate of envelope and motion energy."""

SOUND_DELAY_S_PER_M = 1.0 / 343.0
"""At 20 degC: 2.9 ms a metre."""

MIN_CONFIDENCE = 0.15
"""Below this an offset is a guess. On synthesised clips of 20 s unrelated sounds reached .13,
related ones .18 and more; a drift of 1 % lowers it to .06 (``docs/plugins/audiovideo.md``)."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Offset:
    """The offset of a sound's clock behind the pictures'.

    Attributes
    ----------
    seconds : float
        Sound minus picture of the same event at the middle of their overlap; positive: the
        sound comes late. Add it to a picture's time to find its sound.
    confidence : float
        0..1: by how much the best correlation beats the best one elsewhere, and chance.
    drift : float
        Seconds by which the offset grows each second; 0 where it was not looked for.
    middle : float
        The picture's time (s) that ``seconds`` is for.
    travel : float
        Part of ``seconds`` that the sound needs for the distance given.
    """

    seconds: float
    confidence: float
    drift: float = 0.0
    middle: float = 0.0
    travel: float = 0.0

    @property
    def clocks(self) -> float:
        """The offset of the clocks alone, s: without the sound's way through the air."""
        return self.seconds - self.travel

    @property
    def sure(self) -> bool:
        """Whether the offset can be trusted."""
        return self.confidence >= MIN_CONFIDENCE

    def at(self, time: float) -> float:
        """Return the offset in s at a time of the picture's clock."""
        return self.seconds + self.drift * (time - self.middle)


def _envelope(wave: NDArray[np.float32], rate_hz: float, start: float, grid: Array) -> Array:
    """Compute onsets (G,) of a sound, the growth of its level, at moments ``grid`` (s).

    The level is the logarithm of the mean power in 10 ms above the clip's own median, so that
    neither loudness nor steady noise matters.
    """
    power = np.concatenate([[0.0], np.cumsum(np.asarray(wave, np.float64) ** 2)])
    half = 0.5 / GRID_HZ
    edges = [
        np.clip(np.rint((grid + sign * half - start) * rate_hz), 0, len(wave)).astype(np.int64)
        for sign in (-1, 1)
    ]
    count = edges[1] - edges[0]
    mean = (power[edges[1]] - power[edges[0]]) / np.maximum(count, 1)
    mean = np.where(count > 0, mean, np.nan)
    known = mean[np.isfinite(mean)]
    quiet = max(float(np.median(known)) if known.size else 0.0, 1e-10)
    level = np.nan_to_num(np.log1p(np.where(np.isfinite(mean), mean, quiet) / quiet))
    return np.maximum(np.diff(level, prepend=level[:1]), 0.0)


def _motion(frames: NDArray[np.uint8], times: Array, grid: Array) -> Array:
    """Compute the growth of motion energy (G,) at moments ``grid`` (s).

    Motion is the root mean square difference of two frames above the clip's median, put halfway
    between their times; its growth is what answers to the onset of a sound.
    """
    grey = np.asarray(frames, np.float32).mean(3)
    energy = ((grey[1:] - grey[:-1]) ** 2).mean((1, 2)).astype(np.float64)
    level = np.sqrt(np.maximum(energy - np.median(energy), 0.0))
    between = 0.5 * (times[1:] + times[:-1])
    growth = np.maximum(np.diff(level, prepend=level[:1]), 0.0)
    return np.asarray(np.interp(grid, between, growth, 0.0, 0.0))


def _standard(values: Array) -> Array:
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 1e-12 else np.zeros_like(values)


def _smooth(values: Array, width_s: float) -> Array:
    """Blur by a Gaussian: a frame's time is known to no better than the frames' distance."""
    reach = int(np.ceil(3.0 * width_s * GRID_HZ))  # beyond three deviations 1 % is left
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (width_s * GRID_HZ)) ** 2)
    return np.convolve(values, kernel / kernel.sum(), "same")


def _correlated(sound: Array, seen: Array, reach: int) -> tuple[float, float]:
    """Find the lag of the sound in steps (to a fraction), and the confidence in it."""
    size = 1 << int(2 * len(sound) - 1).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(seen, size))
    whole = np.fft.irfft(spectrum, size)
    lags = np.arange(-reach, reach + 1)
    curve = whole[lags] / (len(sound) - np.abs(lags))
    best = int(curve.argmax())
    if curve[best] <= 0.0:
        return 0.0, 0.0
    # Within 0.2 s lies the same peak, blurred; a rival lies farther off.
    away = np.abs(lags - lags[best]) > 0.2 * GRID_HZ
    second = max(float(curve[away].max()), 0.0) if away.any() else 0.0
    # By chance the best of so many lags still reaches about this height.
    chance = np.sqrt(2.0 * np.log(len(lags)) / len(sound))
    confidence = float(curve[best]) - max(second, chance)
    shift = 0.0  # the top of a parabola through the peak and its neighbours
    if 0 < best < len(curve) - 1:
        left, top, right = curve[best - 1 : best + 2]
        bend = left - 2.0 * top + right
        shift = 0.5 * (left - right) / bend if bend < 0.0 else 0.0
    return float(lags[best] + shift), float(np.clip(confidence, 0.0, 1.0))


def _line(moment: Array, gap: Array, weight: Array) -> tuple[float, float]:
    """Fit the line ``gap = offset + drift * moment``, outliers dropped in three rounds."""
    keep = np.ones(len(gap), np.bool_)
    offset, drift = float(np.average(gap, weights=weight)), 0.0
    for _ in range(3):
        if keep.sum() < 4 or np.ptp(moment[keep]) < 1.0:
            break
        w = weight[keep]
        x, y = moment[keep], gap[keep]
        centre = np.average(x, weights=w)
        spread = float(np.average((x - centre) ** 2, weights=w))
        mean = float(np.average(y, weights=w))
        drift = float(np.average((x - centre) * (y - mean), weights=w)) / max(spread, 1e-12)
        offset = mean - drift * float(centre)
        # Farther off than three times the usual error, but never less than a step of the grid.
        wrong = np.abs(gap - offset - drift * moment)
        keep = wrong <= max(3.0 * float(np.median(wrong[keep])), 1.0 / GRID_HZ)
    return offset, drift


def synchronise(
    audio: NDArray[np.float32],
    rate_hz: float,
    frames: NDArray[np.uint8],
    frame_times: Array,
    *,
    audio_start: float = 0.0,
    distance_m: float = 0.0,
    reach_s: float = 1.0,
    max_drift: float = 0.01,
) -> Offset:
    """Find the offset between a sound and the pictures of the same events.

    Parameters
    ----------
    audio : float array (time,)
        Waveform.
    rate_hz : float
        Its rate.
    frames : uint8 array (F, H, W, 3)
        At least three.
    frame_times : float64 array (F,)
        Presentation times, s.
    audio_start : float
        Time of the first sample, s.
    distance_m : float
        From the events to the microphone, less that to the camera (light needs no time).
    reach_s : float
        Largest offset that is looked for, s.
    max_drift : float
        Largest drift that is looked for, s/s; 0 looks for none.

    Raises
    ------
    BadInput
        If there are fewer than three frames, times that do not grow, or an overlap shorter
        than a second or than twice the reach.
    """
    times = np.asarray(frame_times, np.float64)
    if len(frames) < 3 or times.shape != (len(frames),) or not (np.diff(times) > 0.0).all():
        raise BadInput("frames", f"{len(frames)} with times {times.shape}", "3 or more, growing")
    begin = max(times[0], audio_start)
    end = min(times[-1], audio_start + len(audio) / rate_hz)
    if not end - begin >= max(1.0, 2.0 * reach_s):
        wanted = f"at least {max(1.0, 2.0 * reach_s):g} s (a smaller reach_s?)"
        raise BadInput("clip", f"an overlap of {max(end - begin, 0.0):.3g} s", wanted)
    grid = np.arange(begin, end, 1.0 / GRID_HZ)
    frame_s = float(np.median(np.diff(times)))
    width = max(0.5 * frame_s, 1.0 / GRID_HZ)
    heard = _smooth(_envelope(audio, rate_hz, audio_start, grid), width)
    # The growth is seen between two frames, half a frame after it began on average.
    seen = _smooth(_motion(frames, times, grid), width)
    sound, sight = _standard(heard), _standard(seen)
    lag, confidence = _correlated(sound, sight, int(reach_s * GRID_HZ))
    middle = float(0.5 * (begin + end))
    offset, drift = lag / GRID_HZ, 0.0
    if max_drift > 0.0 and confidence > 0.0:
        found = _followed(sound, sight, lag, max_drift, grid - middle)
        # A drift that moves less than a frame's time over the clip cannot be told from none.
        if found is not None and frame_s <= abs(found[1]) * (end - begin) <= max_drift * (
            end - begin
        ):
            offset, drift = found
    return Offset(offset, confidence, drift, middle, distance_m * SOUND_DELAY_S_PER_M)


def _followed(
    sound: Array, sight: Array, lag: float, max_drift: float, moment: Array
) -> tuple[float, float] | None:
    """Find offset (s) at the middle and drift (s/s) by banded warping about a lag in steps.

    None where too little happens, or the clip is too long for the matrix.
    """
    shift = round(lag)
    before, after = max(shift, 0), max(-shift, 0)
    late, early = sound[before : len(sound) - after], sight[after : len(sight) - before]
    # What the drift moves either end by, and 80 ms for onsets that are heard and seen apart.
    band = int(np.ceil(0.5 * max_drift * len(late))) + int(0.08 * GRID_HZ)
    if len(late) * (2 * band + 1) > MAX_CELLS:
        return None
    _, path = warping_path(late, early, band + 1)
    weight = np.minimum(late[path[:, 0]], early[path[:, 1]])
    loud = weight > 1.0  # a deviation above the mean in both: an event, not noise
    if loud.sum() < 4:
        return None
    gap = (path[loud, 0] - path[loud, 1] + shift) / GRID_HZ
    return _line(moment[path[loud, 1] + after], gap, weight[loud])
