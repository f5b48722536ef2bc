"""Rolling-element bearings: how often a defect is struck, and the vibration that it makes.

Kinematics without slip (Harris, Rolling Bearing Analysis; Randall and Antoni, Mechanical
Systems and Signal Processing 25, 2011): with ``r = d / D * cos(phi)`` and n rolling elements,
as multiples of the shaft's frequency,

    BPFO = n/2 (1 - r)   BPFI = n/2 (1 + r)   BSF = D/2d (1 - r^2)   FTF = (1 - r)/2

A local defect gives an impulse at each strike; elements slip, so that intervals vary by 1-2 %;
each impulse rings the structure's resonances.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians

import numpy as np
from numpy.typing import NDArray

from stillage.counter import normal, stream, uniform
from stillage.errors import BadInput

Array = NDArray[np.float64]

FAULTS = ("none", "outer", "inner", "ball", "cage")
"""Where a defect may be; ``none`` is a sound bearing."""


@dataclass(frozen=True)
class Geometry:
    """The geometry of a bearing: ``elements`` balls of ``ball_mm`` on a circle of ``pitch_mm``.

    ``contact_deg`` is the contact angle.

    >>> {name: round(value, 4) for name, value in SKF_6205.multiples().items()}
    {'outer': 3.5848, 'inner': 5.4152, 'ball': 2.3567, 'cage': 0.3983}
    """

    elements: int
    ball_mm: float
    pitch_mm: float
    contact_deg: float = 0.0

    def __post_init__(self) -> None:
        ratio = self.ball_mm / self.pitch_mm * cos(radians(self.contact_deg))
        if self.elements < 1 or not 0.0 < ratio < 1.0:
            found = f"{self.elements} balls of {self.ball_mm} mm on {self.pitch_mm} mm"
            raise BadInput("bearing", found, "balls smaller than their pitch circle")

    def multiples(self) -> dict[str, float]:
        """Give the strikes a turn of the shaft, by the place of the defect.

        Outer race (BPFO), inner race (BPFI), ball (BSF), cage (FTF). CWRU's published ball
        figure, 4.7135, is twice BSF: a ball's defect strikes both races.
        """
        ratio = self.ball_mm / self.pitch_mm * cos(radians(self.contact_deg))
        return {
            "outer": self.elements / 2 * (1.0 - ratio),
            "inner": self.elements / 2 * (1.0 + ratio),
            "ball": self.pitch_mm / (2.0 * self.ball_mm) * (1.0 - ratio**2),
            "cage": (1.0 - ratio) / 2.0,
        }


SKF_6205 = Geometry(elements=9, ball_mm=7.94, pitch_mm=39.04)
"""Deep-groove ball bearing 6205 (CWRU's drive end: .3126 and 1.537 inch)."""


def strikes(
    frequency: Array, duration: float, slip: float, seed: int, samples: NDArray[np.int64]
) -> Array:
    """Draw the times (N, K), in seconds, at which N defects are struck; NaN after ``duration``.

    Parameters
    ----------
    frequency : array (N,)
        Mean strikes a second.
    duration : float
        Seconds.
    slip : float
        Standard deviation of an interval over its mean (0.01 to 0.02).
    seed, samples : int, int64 array (N,)
        Draws are a hash of both.

    >>> times = strikes(np.array([10.0]), 0.35, 0.0, 0, np.array([1]))
    >>> np.diff(times[0])[:2].round(3)
    array([0.1, 0.1])
    """
    # Room for half as many strikes again as the mean: slip of 2 % never needs it all.
    most = int(np.ceil(1.5 * frequency.max(initial=0.0) * duration)) + 4
    first = uniform(seed, samples, stream("strike phase"))
    jitter = normal(seed, samples[:, None], stream("strike slip"), np.arange(most))
    intervals = np.maximum(1.0 + slip * jitter, 0.1)  # time goes forwards, however rare the draw
    intervals[:, 0] = first
    times = np.cumsum(intervals, 1) / np.maximum(frequency, 1e-9)[:, None]
    return np.where(times < duration, times, np.nan)


def ringing(
    times: Array, strength: Array, rate_hz: float, length: int, resonance_hz: float, decay: float
) -> Array:
    """Compute the structure's response (N, length) to impulses at ``times`` (N, K).

    Each of ``strength`` (N, K) gives ``exp(-decay t) sin(2 pi f t)`` from its exact (sub-sample)
    time on.
    """
    out = np.zeros((len(times), length))
    span = min(length, int(np.ceil(7.0 / decay * rate_hz)))  # by then 1e-3 of an impulse is left
    offsets = np.arange(span)
    for column in range(times.shape[1]):
        rows = np.flatnonzero(np.isfinite(times[:, column]))
        if not len(rows):
            continue
        at = times[rows, column] * rate_hz
        first = np.ceil(at).astype(np.int64)
        place = first[:, None] + offsets
        lag = (place - at[:, None]) / rate_hz
        wave = np.exp(-decay * lag) * np.sin(2.0 * np.pi * resonance_hz * lag)
        wave *= strength[rows, column][:, None]
        inside = place < length
        np.add.at(
            out, (np.broadcast_to(rows[:, None], place.shape)[inside], place[inside]), wave[inside]
        )
    return out


def fault_signal(
    shaft_hz: Array,
    fault: NDArray[np.str_],
    seed: int,
    samples: NDArray[np.int64],
    rate_hz: float = 25_600.0,
    length: int = 2560,
    geometry: Geometry = SKF_6205,
    slip: float = 0.015,
    resonance_hz: float = 3000.0,
    decay: float = 800.0,
) -> Array:
    """Render the acceleration (N, length), of unit strength, that a local defect makes.

    An inner-race defect passes through the load zone once a turn of the shaft and a ball's
    once a turn of the cage, so their impulses are modulated at that frequency; an outer-race
    defect stays in the zone. A ball strikes twice a spin. A sound bearing gives zeros.

    Raises
    ------
    BadInput
        For an unknown fault, or a resonance that the rate cannot show.
    """
    unknown = sorted(set(map(str, fault)) - set(FAULTS))
    if unknown:
        raise BadInput("scene field 'fault'", repr(unknown[0]), f"one of {', '.join(FAULTS)}")
    if resonance_hz >= rate_hz / 2:
        raise BadInput("resonance", f"{resonance_hz} Hz", f"below half of {rate_hz} Hz")
    multiple = geometry.multiples() | {"none": 0.0}
    passing = np.array([multiple[str(name)] for name in fault])
    passing = np.where(fault == "ball", 2.0 * passing, passing)
    frequency = passing * shaft_hz
    times = strikes(frequency, length / rate_hz, slip, seed, samples)
    times[passing == 0.0] = np.nan
    turning = np.select(
        [fault == "inner", fault == "ball"], [shaft_hz, multiple["cage"] * shaft_hz], 0.0
    )
    phase = uniform(seed, samples, stream("load zone"))
    angle = 2.0 * np.pi * (turning[:, None] * times + phase[:, None])
    zone = np.where(turning[:, None] > 0, 0.5 * (1.0 + np.cos(angle)), 1.0)
    return ringing(times, zone, rate_hz, length, resonance_hz, decay)


def envelope_spectrum(
    signal: Array, rate_hz: float, band: tuple[float, float] = (2000.0, 4000.0)
) -> tuple[Array, Array]:
    """Return frequencies (F,) in Hz and amplitudes (N, F) of the envelope of signals (N, T).

    The envelope is that of a ``band`` (Hz): the modulus of its analytic signal, less the mean
    (high-frequency resonance technique, McFadden and Smith 1984).
    """
    length = signal.shape[1]
    frequencies = np.fft.fftfreq(length, 1.0 / rate_hz)
    inside = (frequencies >= band[0]) & (frequencies <= band[1])
    envelope = np.abs(np.fft.ifft(2.0 * np.fft.fft(signal, axis=1) * inside, axis=1))
    envelope -= envelope.mean(1, keepdims=True)
    amplitude = np.abs(np.fft.rfft(envelope, axis=1)) * (2.0 / length)
    return np.asarray(np.fft.rfftfreq(length, 1.0 / rate_hz), np.float64), np.asarray(amplitude)
