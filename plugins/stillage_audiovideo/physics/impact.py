"""Sensor model of the microphone: it renders an item that is knocked once and rings.

Modal synthesis, ``sum a_n exp(-d_n t) sin(2 pi f_n t)``, of a free plate of the item's outline
and wall (:mod:`stillage_audiovideo.physics.plates`). A mode of loss factor eta decays at
``d = pi f eta``. What is assumed: that the item is a flat plate; where it is hit and heard;
the blow's duration, a half sine of Hertz's ``E^-2/5`` scaling; cracks that soften and damp;
levels and background.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillage.counter import normal, stream, uniform
from stillage.sensing.scene import Scene
from stillage_audiovideo.mel import RATE_HZ
from stillage_audiovideo.physics.plates import free_plate, frequencies, legendre, material
from stillage_audiovideo.physics.ringing import ring

_DURATION_S = 1.0
MODES = 40
"""Modes that are summed; the polynomials give about as many to a few per cent."""

BLOW_S = 1.2e-4
"""Duration of a blow on steel (assumed); softer items take longer."""

SUPPORT_DECAY = 6.0
"""Damping of hand, belt and air, 1/s (assumed)."""

_CHUNK = 64

Array = NDArray[np.float64]


def modes_of(scene: Scene, seed: int, samples: NDArray[np.int64]) -> tuple[Array, Array, Array]:
    """Compute frequencies (Hz), decay rates (1/s) and amplitudes (N, 40) of a scene's items."""
    made_of = [material(str(name)) for name in scene["material"]]
    length, width = scene["length"] * 1e-3, scene["width"] * 1e-3
    factor, shape = free_plate(length / width)
    factor, shape = factor[:, :MODES], shape[:, :MODES]
    hertz = np.zeros(factor.shape)
    for k, one in enumerate(made_of):
        row = slice(k, k + 1)
        hertz[row] = frequencies(factor[row], one, length[row], scene["thickness"][row] * 1e-3)
    damage = np.asarray(scene["damage"], np.float64)[:, None]
    hertz = hertz * (1.0 - 0.15 * damage)
    loss = np.array([one.loss for one in made_of])[:, None] * (1.0 + 4.0 * damage)
    place = 1.8 * uniform(seed, samples[:, None], stream("knock place"), np.arange(4)) - 0.9
    sides = legendre(place)
    struck, heard = (
        np.einsum("nmij,ni,nj->nm", shape, sides[:, k], sides[:, k + 1]) for k in (0, 2)
    )
    stiffness = np.array([one.stiffness for one in made_of])[:, None]
    blow = BLOW_S * (200e9 / stiffness) ** 0.4
    return hertz, np.pi * hertz * loss + SUPPORT_DECAY, struck * heard * _half_sine(hertz * blow)


def _half_sine(cycles: Array) -> Array:
    """Return the spectrum of a half-sine force at ``cycles``: frequency times duration.

    It is 1 at zero frequency.
    """
    near = np.abs(2.0 * cycles - 1.0) < 1e-6  # there the formula is 0 / 0; its limit is pi / 4
    spread = np.where(near, 1.0, 1.0 - (2.0 * cycles) ** 2)
    return np.where(near, np.pi / 4.0, np.abs(np.cos(np.pi * cycles) / spread))


def knocks(scene: Scene, seed: int, samples: NDArray[np.int64]) -> NDArray[np.float32]:
    """Render waveforms (N, 16000) float32 at 16 kHz, each of one blow some 0.1 s from its start."""
    count = scene.items_count
    out = np.zeros((count, int(_DURATION_S * RATE_HZ)), np.float32)
    for start in range(0, count, _CHUNK):
        some = slice(start, min(start + _CHUNK, count))
        out[some] = _some(scene.part(some), seed, samples[some])
    return out


def _some(scene: Scene, seed: int, samples: NDArray[np.int64]) -> Array:
    """Render a chunk of knocks over hiss and the rumble of a hall."""
    hertz, decay, gain = modes_of(scene, seed, samples)
    length = int(_DURATION_S * RATE_HZ)
    push = np.zeros((len(samples), length))
    moment = 0.08 + 0.06 * uniform(seed, samples, stream("knock moment"))
    push[np.arange(len(samples)), (moment * RATE_HZ).astype(np.int64)] = 1.0
    size = np.sqrt((gain**2).sum(1, keepdims=True)) + 1e-9
    level = 0.15 * 10.0 ** (0.2 * normal(seed, samples, stream("knock level")))[:, None]
    sound = level * ring(push, RATE_HZ, hertz, decay, gain / size)
    hiss = normal(seed, samples[:, None], stream("knock noise"), np.arange(length))
    walk = np.cumsum(hiss, 1)
    rumble = walk - _lagged(walk, 400)  # mean of 25 ms: little above 40 Hz
    return np.asarray(np.clip(sound + 4e-4 * hiss + 3e-5 * rumble, -1.0, 1.0))


def _lagged(values: Array, lag: int) -> Array:
    return np.concatenate([np.zeros((len(values), lag)), values[:, :-lag]], 1)
