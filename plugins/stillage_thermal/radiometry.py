"""From temperature to what a thermal camera reports, and back: closed forms on arrays.

Temperatures are in kelvin. A camera's signal is ``S(T) = R1 / (R2 (exp(B/T) - F)) - O``; what
reaches it from an item is ``e tau S(T_item) + (1-e) tau S(T_reflected) + (1-tau) S(T_air)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

R1, R2, B, F, O = 21106.77, 0.012545258, 1501.0, 1.0, -7340.0  # noqa: E741
"""Planck constants of an example camera (FLIR's notation)."""

ZERO_CELSIUS = 273.15

Array = NDArray[np.float64]


def signal(kelvin: Any) -> Array:
    """Camera signal (counts) of a black body at ``kelvin``."""
    return np.asarray(R1 / (R2 * (np.exp(B / np.asarray(kelvin, np.float64)) - F)) - O)


def temperature(counts: Any) -> Array:
    """Black-body temperature (K) of a signal: the inverse of :func:`signal`.

    >>> float(np.round(temperature(signal(310.0)), 9))
    310.0
    """
    return np.asarray(B / np.log(R1 / (R2 * (np.asarray(counts, np.float64) + O)) + F))


def apparent(
    kelvin: Any, emissivity: Any, reflected: Any, air: Any = 293.15, transmission: float = 1.0
) -> Array:
    """Temperature (K) that a camera set to emissivity 1 reports of an item.

    >>> float(apparent(330.0, 0.09, 293.15).round(1))  # a warm can looks cold
    297.1
    """
    e, tau = np.asarray(emissivity, np.float64), transmission
    total = e * tau * signal(kelvin) + (1.0 - e) * tau * signal(reflected)
    return temperature(total + (1.0 - tau) * signal(air))


def corrected(
    reported: Any, emissivity: Any, reflected: Any, air: Any = 293.15, transmission: float = 1.0
) -> Array:
    """True temperature (K) from a reported one, for an emissivity believed known.

    >>> float(corrected(apparent(330.0, 0.7, 293.15), 0.7, 293.15).round(6))
    330.0
    """
    e, tau = np.asarray(emissivity, np.float64), transmission
    rest = (1.0 - e) * tau * signal(reflected) + (1.0 - tau) * signal(air)
    return temperature((signal(reported) - rest) / (e * tau))


def time_constant(density: Any, heat_capacity: Any, thickness_m: Any, transfer: Any) -> Array:
    """Cooling time constant (s) of a wall that one side cools: ``rho c d / h``.

    ``density`` kg/m3, ``heat_capacity`` J/(kg K), ``transfer`` h in W/(m2 K).

    >>> float(time_constant(1000.0, 2000.0, 1e-3, 10.0))
    200.0
    """
    return np.asarray(density * heat_capacity * thickness_m / transfer, np.float64)


def cooled(start: Any, surroundings: Any, seconds: Any, constant: Any) -> Array:
    """Newton's law: temperature after ``seconds`` of cooling from ``start``, in its unit."""
    decay = np.exp(-np.asarray(seconds, np.float64) / constant)
    return np.asarray(surroundings + (start - surroundings) * decay)
