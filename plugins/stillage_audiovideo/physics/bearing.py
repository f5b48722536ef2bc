"""Sensor model of a microphone at a machine: it renders a bearing that runs and wears.

A defect is struck at its characteristic frequency, the shaft's times (R. B. Randall and
J. Antoni, Mech. Syst. Signal Process. 25, 2011), r = (d / D) cos(phi) with n balls:

    outer n/2 (1 - r)    inner n/2 (1 + r)    cage (1 - r)/2    ball D/d (1 - r^2)

(a ball's defect meets both races, hence twice its spin). Each blow excites a resonance; blows
slip by 1.5 %, and are louder where the defect is under load. Geometry: SKF 6205, as in the
bearing data of Case Western Reserve University. Levels, resonance and hum are assumed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillage.counter import normal, stream, uniform
from stillage.errors import BadInput
from stillage.sensing.scene import Scene
from stillage_audiovideo.mel import RATE_HZ
from stillage_audiovideo.physics.ringing import ring

BALLS, BALL_IN, PITCH_IN = 9, 0.3126, 1.537
"""SKF 6205: balls, their diameter and the pitch diameter in inches, contact angle 0."""

FAULTS = ("none", "outer", "inner", "ball", "cage")
_SLIP = 0.015
_DURATION_S = 1.0
_CHUNK = 64

Array = NDArray[np.float64]


def multiples() -> dict[str, float]:
    """Return the blows a turn of the shaft, by fault.

    >>> {name: round(value, 4) for name, value in multiples().items()}
    {'none': 0.0, 'outer': 3.5848, 'inner': 5.4152, 'ball': 4.7134, 'cage': 0.3983}
    """
    r = BALL_IN / PITCH_IN
    values = (0.0, BALLS / 2 * (1 - r), BALLS / 2 * (1 + r), (1 - r * r) / r, (1 - r) / 2)
    return dict(zip(FAULTS, values, strict=True))


def running(scene: Scene, seed: int, samples: NDArray[np.int64]) -> NDArray[np.float32]:
    """Render waveforms (N, 16000) float32 at 16 kHz of bearings.

    Scene fields: ``speed`` of the shaft in Hz, ``fault`` (one of :data:`FAULTS`), ``health``
    from 1 (new) to 0.

    Raises
    ------
    BadInput
        If a fault is unknown, or the shaft stands still or turns faster than 400 Hz.
    """
    unknown = sorted(set(map(str, scene["fault"])) - set(FAULTS))
    if unknown:
        raise BadInput("scene field 'fault'", unknown[0], f"one of {', '.join(FAULTS)}")
    speed = np.asarray(scene["speed"], np.float64)
    if speed.size and not (speed.min() > 0.0 and speed.max() <= 400.0):
        raise BadInput("scene field 'speed'", f"{speed.min()} to {speed.max()} Hz", "0 to 400 Hz")
    out = np.zeros((len(speed), int(_DURATION_S * RATE_HZ)), np.float32)
    for start in range(0, len(speed), _CHUNK):
        some = slice(start, min(start + _CHUNK, len(speed)))
        out[some] = _some(scene.part(some), seed, samples[some])
    return out


def blows(speed: Array, fault: NDArray[np.str_], seed: int, samples: NDArray[np.int64]) -> Array:
    """Draw impulses (N, 16000) of the defects, 1 where fully loaded.

    Slip keeps them from a comb, whose harmonics no real bearing has.
    """
    length = int(_DURATION_S * RATE_HZ)
    push = np.zeros((len(samples), length))
    rates = multiples()
    for k, (turns, name) in enumerate(zip(speed, map(str, fault), strict=True)):
        rate = rates[name] * turns
        if rate == 0.0:
            continue
        count = int(1.2 * rate * _DURATION_S) + 4  # room for a fifth more than the mean
        jitter = _SLIP * normal(seed, samples[k], stream("slip"), np.arange(count))
        gaps = np.maximum(1.0 + jitter, 0.1) / rate
        moments = uniform(seed, samples[k], stream("phase")) / rate + np.cumsum(gaps) - gaps[0]
        moments = moments[moments < _DURATION_S]
        zone = {"inner": turns, "ball": rates["cage"] * turns, "cage": turns}.get(name, 0.0)
        load = 0.6 + 0.4 * np.cos(2.0 * np.pi * zone * moments)
        np.add.at(push[k], (moments * RATE_HZ).astype(np.int64), load)
    return push


def _some(scene: Scene, seed: int, samples: NDArray[np.int64]) -> Array:
    """Render a chunk of bearings: blows that ring, hum of the shaft's harmonics, and hiss."""
    speed = np.asarray(scene["speed"], np.float64)
    worn = np.clip(1.0 - np.asarray(scene["health"], np.float64), 0.0, 1.0)[:, None]
    push = blows(speed, scene["fault"], seed, samples)
    resonance = 2000.0 + 2000.0 * uniform(seed, samples[:, None], stream("resonance"), np.arange(1))
    struck = ring(push, RATE_HZ, resonance, np.full_like(resonance, 800.0), np.ones_like(resonance))
    length = push.shape[1]
    time = np.arange(length) / RATE_HZ
    phase = 2.0 * np.pi * uniform(seed, samples[:, None], stream("hum"), np.arange(3))
    hum = np.zeros_like(push)
    for order in range(3):
        turn = 2.0 * np.pi * (order + 1) * speed[:, None] * time + phase[:, order : order + 1]
        hum += 0.5**order * np.sin(turn)
    hiss = normal(seed, samples[:, None], stream("machine noise"), np.arange(length))
    level = 10.0 ** (0.1 * normal(seed, samples, stream("machine level")))[:, None]
    sound = 0.25 * worn * struck + 0.01 * hum + (0.003 + 0.006 * worn) * hiss
    return np.asarray(np.clip(level * sound, -1.0, 1.0))
