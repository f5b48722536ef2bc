"""Converts radiometric counts to temperature: by a closed form, and by a table of all counts.

``S(T) = R1 / (R2 (exp(B/T) - F)) - O``, and what reaches the camera is
``S_tot = e tau S_obj + (1-e) tau S_refl + (1-tau) S_air`` (FLIR's notation; every camera has its
own constants, stated in its files or by its maker). Temperatures are in kelvin.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_thermal.radiometry import ZERO_CELSIUS, Planck

Array = NDArray[np.float64]
COUNTS = 65536
HIGHEST = (COUNTS - 0.5 - 1e-6) / 100.0
"""Counts of 16 bits, and the highest temperature that rounds to one of them in cK, in kelvin; the
millionth keeps the product with 100 below the half, where it would round up."""

EMISSIVITY = {
    "PE": 0.94,
    "PP": 0.94,
    "PVC": 0.94,
    "glass": 0.94,
    "paper": 0.97,
    "wood": 0.94,
    "cotton": 0.77,
    "rubber": 0.94,
    "oxidised steel": 0.79,
    "polished aluminium": 0.09,
}
"""Of usual materials, 8-14 um, from published tables: what to state to :class:`Scenery`."""


@dataclass(frozen=True)
class Scenery:
    """The scenery between an item and the camera: what it reflects, and the air.

    Parameters
    ----------
    emissivity : float
        Of the item, 0 exclusive to 1.
    reflected, air : float
        Temperature of the surroundings that it reflects, and of the air, K.
    transmission : float
        Of the air, 0 exclusive to 1; see :func:`transmission`.
    """

    emissivity: float = 1.0
    reflected: float = 293.15
    air: float = 293.15
    transmission: float = 1.0

    def __post_init__(self) -> None:
        for name, value in (("emissivity", self.emissivity), ("transmission", self.transmission)):
            if not 0.0 < value <= 1.0:
                raise BadInput(name, value, "above 0, at most 1")
        for name, value in (("reflected temperature", self.reflected), ("air", self.air)):
            if not 50.0 <= value <= 5000.0:
                raise BadInput(name, f"{value} K", "50 to 5000 K")


def received(kelvin: Any, camera: Planck, scenery: Scenery) -> Array:
    """Return the counts that an item of ``kelvin`` gives: emitted, reflected and the air's."""
    return _rest(camera, scenery) + _gain(scenery) * camera.signal(kelvin)


def converted(counts: Any, camera: Planck, scenery: Scenery) -> Array:
    """Return the temperature of the item by the closed form, the exact inverse of :func:`received`.

    NaN where no temperature gives the counts.

    >>> camera, scenery = Planck(), Scenery(0.94, 295.0, 290.0, 0.97)
    >>> round(float(converted(received(330.0, camera, scenery), camera, scenery)), 9)
    330.0
    """
    values = np.asarray(counts, np.float64)
    return camera.temperature((values - _rest(camera, scenery)) / _gain(scenery))


def _gain(scenery: Scenery) -> float:
    """Return the share of an item's black-body signal that reaches the camera."""
    return scenery.emissivity * scenery.transmission


def _rest(camera: Planck, scenery: Scenery) -> float:
    """Return the counts that are not the item's own: reflected, and the air's."""
    mirrored = (1.0 - scenery.emissivity) * scenery.transmission
    mirrored *= float(camera.signal(scenery.reflected))
    return mirrored + (1.0 - scenery.transmission) * float(camera.signal(scenery.air))


@lru_cache(maxsize=8)
def table(camera: Planck, scenery: Scenery) -> NDArray[np.float32]:
    """Return the temperature of each of the 65,536 counts, float32, read-only; NaN for none."""
    found = converted(np.arange(COUNTS), camera, scenery).astype(np.float32)
    found.flags.writeable = False
    return found


def looked_up(
    counts: NDArray[np.uint16], camera: Planck, scenery: Scenery, out: Any = None
) -> NDArray[np.float32]:
    """Look the temperature of raw counts up, as :func:`converted` to float32's last digit.

    Parameters
    ----------
    counts : uint16 array
        Of any shape.
    camera, scenery
        As of :func:`converted`.
    out : float32 array like ``counts``, optional
        Written to and returned.

    Raises
    ------
    BadInput
        If counts are not uint16.

    >>> float(looked_up(np.array([18000], np.uint16), Planck(), Scenery())[0]) // 1
    296.0
    """
    if counts.dtype != np.uint16:
        raise BadInput("counts", f"dtype {counts.dtype}", "uint16")
    return np.asarray(np.take(table(camera, scenery), counts, out=out, mode="clip"))


def transmission(distance_m: float, air: float, humidity: float) -> float:
    """Return the transmission of air between item and camera, 7.5 to 14 um.

    FLIR's empirical form: ``tau = X exp(-sqrt(d)(a1 + b1 sqrt(w))) + (1-X) exp(-sqrt(d)(a2 +
    b2 sqrt(w)))`` with the water content w (mm Hg) of air of temperature ``air`` (K) and relative
    humidity 0..1. The constants are the usual ones of its cameras (recalled).

    Raises
    ------
    BadInput
        If the distance is negative or the humidity not 0..1.

    >>> round(transmission(1.0, 293.15, 0.5), 4), transmission(0.0, 293.15, 0.5)
    (0.9939, 1.0)
    """
    if not 0.0 <= distance_m < 1e5 or not 0.0 <= humidity <= 1.0:
        raise BadInput("air", f"{distance_m} m, humidity {humidity}", "m >= 0, humidity 0 to 1")
    celsius = air - ZERO_CELSIUS
    exponent = 1.5587 + celsius * (6.939e-2 + celsius * (-2.7816e-4 + celsius * 6.8455e-7))
    water = np.sqrt(humidity * np.exp(exponent))
    way, x = np.sqrt(distance_m), 1.9
    first = x * np.exp(-way * (0.006569 - 0.002276 * water))
    second = (1.0 - x) * np.exp(-way * (0.01262 - 0.00667 * water))
    return float(min(first + second, 1.0))


def centikelvin(kelvin: Any, where: str) -> NDArray[np.uint16]:
    """Round temperatures to what the modality ``thermal`` stores: uint16, hundredths of a kelvin.

    Raises
    ------
    BadInput
        If any is NaN or beyond 0 .. 655.35 K, with how many and the first place.

    >>> centikelvin([[300.004]], "a picture").tolist()
    [[30000]]
    """
    found = np.asarray(kelvin, np.float64) * 100.0
    bad = ~((found >= 0) & (found <= HIGHEST * 100.0))
    if bad.any():
        place = tuple(map(int, np.argwhere(bad)[0]))
        told = f"{int(bad.sum())} pixels without a temperature, the first at {place}"
        raise BadInput(where, told, "0 to 655.35 K: are these the camera's constants and scale?")
    return np.rint(found).astype(np.uint16)
