"""What a thermal camera reports of an item, and how the item cools: closed forms on arrays.

Temperatures are in kelvin. A camera's signal is ``S(T) = R1 / (R2 (exp(B/T) - F)) - O``; what
reaches it from an item is ``e tau S(T_item) + (1-e) tau S(T_reflected) + (1-tau) S(T_air)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput

ZERO_CELSIUS = 273.15

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Planck:
    """The Planck constants of a camera (FLIR's notation); the defaults are those of an example.

    Raises
    ------
    BadInput
        If a constant is not finite, or R1, R2 or B is not above 0.

    >>> round(float(Planck().temperature(Planck().signal(310.0))), 9)
    310.0
    """

    r1: float = 21106.77
    r2: float = 0.012545258
    b: float = 1501.0
    f: float = 1.0
    o: float = -7340.0

    def __post_init__(self) -> None:
        values = (self.r1, self.r2, self.b, self.f, self.o)
        if not all(np.isfinite(values)) or min(self.r1, self.r2, self.b) <= 0:
            raise BadInput("Planck constants", values, "finite, and R1, R2, B above 0")

    def signal(self, kelvin: Any) -> Array:
        """Return the counts of a black body at ``kelvin``, of any shape."""
        power = np.exp(self.b / np.asarray(kelvin, np.float64))
        return np.asarray(self.r1 / (self.r2 * (power - self.f)) - self.o)

    def temperature(self, counts: Any) -> Array:
        """Return the temperature (K) of a black body; NaN where no temperature gives the counts."""
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            radiance = np.asarray(counts, np.float64) + self.o
            inside = np.where(radiance > 0, self.r1 / (self.r2 * radiance) + self.f, np.nan)
            found = self.b / np.log(inside)
        return np.asarray(np.where(found > 0, found, np.nan))


_CAMERA = Planck()
"""The camera that :func:`apparent` models."""


def apparent(
    kelvin: Any, emissivity: Any, reflected: Any, air: Any = 293.15, transmission: float = 1.0
) -> Array:
    """Return the temperature (K) that a camera set to emissivity 1 reports of an item.

    >>> float(apparent(330.0, 0.09, 293.15).round(1))  # a warm can looks cold
    297.1
    """
    e, tau = np.asarray(emissivity, np.float64), transmission
    total = e * tau * _CAMERA.signal(kelvin) + (1.0 - e) * tau * _CAMERA.signal(reflected)
    return _CAMERA.temperature(total + (1.0 - tau) * _CAMERA.signal(air))


def time_constant(density: Any, heat_capacity: Any, thickness_m: Any, transfer: Any) -> Array:
    """Return the time constant (s) of a wall that cools on one side: ``rho c d / h``.

    ``density`` kg/m3, ``heat_capacity`` J/(kg K), ``transfer`` h in W/(m2 K).

    >>> float(time_constant(1000.0, 2000.0, 1e-3, 10.0))
    200.0
    """
    return np.asarray(density * heat_capacity * thickness_m / transfer, np.float64)


def cooled(start: Any, surroundings: Any, seconds: Any, constant: Any) -> Array:
    """Return the temperature after ``seconds`` of cooling from ``start`` by Newton's law.

    ``start``, ``surroundings`` and the answer are in one unit; ``constant`` is in seconds.
    """
    decay = np.exp(-np.asarray(seconds, np.float64) / constant)
    return np.asarray(surroundings + (start - surroundings) * decay)
