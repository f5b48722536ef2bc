"""Sums damped sine waves, the impulse response of everything that rings.

``h(t) = sum_n a_n exp(-d_n t) sin(2 pi f_n t)`` is run as one two-pole filter for each mode,
``y[k] = 2 r cos(w) y[k-1] - r^2 y[k-2] + a r sin(w) x[k-1]``, ``r = exp(-d / rate)``, which is
exact at the samples and costs three products a sample instead of a sine and an exponential.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.compiled import compiled

Array = NDArray[np.float64]


@compiled
def _run(push: Any, turn: Any, shrink: Any, gain: Any, out: Any) -> None:
    for item in range(push.shape[0]):
        for mode in range(turn.shape[1]):
            r = shrink[item, mode]
            first, second = 2.0 * r * np.cos(turn[item, mode]), -r * r
            feed = gain[item, mode] * r * np.sin(turn[item, mode])
            if feed == 0.0:
                continue
            one = two = before = 0.0
            for k in range(push.shape[1]):
                value = first * one + second * two + feed * before
                out[item, k] += value
                two, one, before = one, value, push[item, k]
                # Numbers too small to be normal would slow the filter down.
                if abs(value) < 1e-30 and abs(one) + abs(two) < 1e-30:
                    one = two = 0.0


def ring(push: Array, rate_hz: float, hertz: Array, decay: Array, gain: Array) -> Array:
    """Compute the response float64 (N, time) of N sets of modes to pushes (N, time).

    Parameters
    ----------
    push : float64 array (N, time)
        An impulse is one sample of 1.
    rate_hz : float
        Samples a second.
    hertz, decay, gain : float64 arrays (N, modes)
        Frequency in Hz, decay rate d in 1/s, amplitude a. Modes above half the rate are silent.

    >>> push = np.zeros((1, 100)); push[0, 0] = 1.0
    >>> t = np.arange(100) / 8000.0
    >>> heard = ring(push, 8000.0, np.array([[440.0]]), np.array([[30.0]]), np.array([[0.5]]))
    >>> bool(np.allclose(heard[0], 0.5 * np.exp(-30 * t) * np.sin(2 * np.pi * 440 * t)))
    True
    """
    out = np.zeros_like(push)
    audible = np.where(hertz < 0.5 * rate_hz, gain, 0.0)
    _run(push, 2.0 * np.pi * hertz / rate_hz, np.exp(-decay / rate_hz), audible, out)
    return out
