"""Sensor model of the radar: from an item on the belt to the map of its echoes.

A frequency-modulated radar looks down at the belt at 45 degrees. An echo from range r and
radial speed v gives the beat signal ``exp(2 pi j (r / DR * n / N + v / DV * m / M))`` over
sample n and chirp m; a windowed two-dimensional Fourier transform sorts echoes by both
(Stove, "Linear FMCW radar techniques", IEE Proceedings F 139, 1992).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillage.counter import normal, stream, uniform
from stillage.errors import BadInput
from stillage.sensing.scene import Scene

SPEED_OF_LIGHT = 299_792_458.0
CARRIER_HZ, BANDWIDTH_HZ = 60e9, 5e9
SAMPLES, CHIRPS, CHIRP_S = 16, 16, 0.5e-3
WAVELENGTH_MM = 1e3 * SPEED_OF_LIGHT / CARRIER_HZ
RANGE_STEP_M = SPEED_OF_LIGHT / (2.0 * BANDWIDTH_HZ)
SPEED_STEP_M_S = WAVELENGTH_MM / 1e3 / (2.0 * CHIRPS * CHIRP_S)
MOUNT_M, SLANT = 0.30, np.sqrt(0.5)
"""Height of the radar over the belt; sine and cosine of its 45 degrees (assumed)."""

ECHO_DB, CLUTTER_DB, SPREAD_DB = 45.0, 14.0, 1.5
"""Echo of a mirror at the belt, echo of the belt, both over the noise; spread of echoes
between items (all assumed)."""

PERMITTIVITY = {
    "PP": 2.25 - 0.001j,
    "HDPE": 2.30 - 0.001j,
    "PS": 2.53 - 0.003j,
    "PET": 2.90 - 0.030j,
    "carton": 2.50 - 0.200j,
    "aluminium": 1.0 - 1e8j,
}
"""Recalled values near 60 GHz; carton is assumed."""

WATER = 11.9 - 19.5j
"""Water near 60 GHz and 25 degC, recalled (Liebe, Hufford and Manabe 1991)."""


def reflection(material: NDArray[np.str_], thickness: NDArray[np.float64],
               moisture: NDArray[np.float64]) -> NDArray[np.float64]:  # fmt: skip
    """Amplitude reflected by a slab (thickness in mm) at normal incidence, 0 to 1.

    Airy's sum over both faces; moisture (part of the volume) mixes water in linearly.

    >>> half = np.array([WAVELENGTH_MM / np.sqrt(2.25) / 2.0])
    >>> bool(reflection(np.array(["PP"]), half, np.zeros(1))[0] < 0.01)
    True
    """
    unknown = sorted(set(material.tolist()) - set(PERMITTIVITY))
    if unknown:
        raise BadInput("scene field 'material'", unknown[0], f"one of {', '.join(PERMITTIVITY)}")
    dry = np.array([PERMITTIVITY[name] for name in material.tolist()], np.complex128)
    root = np.sqrt(dry + moisture * (WATER - 1.0))
    face = (1.0 - root) / (1.0 + root)
    there_and_back = np.exp(-4j * np.pi * root * thickness / WAVELENGTH_MM)
    return np.asarray(np.abs(face * (1 - there_and_back) / (1 - face**2 * there_and_back)))


def _echo(ranges: NDArray[np.float64], speeds: NDArray[np.float64],
          phases: NDArray[np.float64]) -> NDArray[np.complex128]:  # fmt: skip
    """Beat signals (N, chirps, samples) of unit echoes at ranges (m) and speeds (m/s)."""
    fast = (ranges / RANGE_STEP_M)[:, None, None] * np.arange(SAMPLES) / SAMPLES
    slow = (speeds / SPEED_STEP_M_S)[:, None, None] * np.arange(CHIRPS)[:, None] / CHIRPS
    return np.asarray(np.exp(2j * np.pi * (fast + slow + phases[:, None, None])))


def maps(scene: Scene, seed: int, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
    """Range-Doppler maps (N, 16, 16) in dB of the noise floor; speed 0 in row 8."""

    def draw(name: str) -> NDArray[np.float64]:
        return uniform(seed, numbers, stream(f"radar {name}"))

    radial = scene["speed"] * SLANT
    far = np.full(len(numbers), MOUNT_M / SLANT)
    near = far - scene["height"] / 1e3 / SLANT
    spread = 10.0 ** (SPREAD_DB / 20.0 * normal(seed, numbers, stream("radar spread")))
    strength = reflection(scene["material"], scene["thickness"], scene["moisture"]) * spread
    strength = strength * (far / np.maximum(near, 0.05)) ** 2 * 10.0 ** (ECHO_DB / 20.0)
    beat = strength[:, None, None] * _echo(near, radial, draw("phase"))
    beat = beat + 10.0 ** (CLUTTER_DB / 20.0) * _echo(far, radial, draw("belt"))
    window = np.hanning(CHIRPS + 2)[1:-1, None] * np.hanning(SAMPLES + 2)[1:-1]
    spectrum = np.fft.fft2(beat * window) / window.sum()
    cells = np.arange(CHIRPS)[:, None] * SAMPLES + np.arange(SAMPLES)
    noise = [normal(seed, numbers[:, None, None], stream(f"radar {p}"), cells) for p in "iq"]
    spectrum = np.fft.fftshift(spectrum, axes=1) + (noise[0] + 1j * noise[1]) * np.sqrt(0.5)
    return np.asarray(20.0 * np.log10(np.abs(spectrum) + 1e-3), np.float32)
