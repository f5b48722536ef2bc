"""The near-infrared bands of materials, and the spectra that they make.

Centres, absorbances and full widths marked ``measured`` were read from real spectra. Where
only a centre is known (``literature``, ``recalled``), the absorbance and width are assumed:
``ASSUMED_ABSORBANCE`` and ``ASSUMED_WIDTH``. Where a source gives a range of centres, its middle
is taken. Bands beyond 2,100 nm show on instruments that reach them; their tails are small at
the 1,960 nm where the modelled spectrometer ends.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput

ASSUMED_ABSORBANCE, ASSUMED_WIDTH = 0.08, 50.0
_WIDTH_OF_EQUAL_PARTS = 0.5346 + np.sqrt(0.2166 + 1.0)
"""Full width of a Voigt profile whose Gaussian and Lorentzian widths are both 1 (Olivero and
Longbothum 1977, right to 0.02 %)."""


class Band(NamedTuple):
    """An absorption band: centre (nm), peak absorbance, full width at half maximum (nm)."""

    centre: float
    absorbance: float = ASSUMED_ABSORBANCE
    width: float = ASSUMED_WIDTH
    source: str = "measured"


def _centres(source: str, *centres: float) -> tuple[Band, ...]:
    return tuple(Band(centre, source=source) for centre in centres)


BANDS: dict[str, tuple[Band, ...]] = {
    "PP": (Band(1192, 0.12, 71), Band(1393, 0.10, 83), Band(1705, 0.20, 45)),
    "HDPE": (Band(1210, 0.13, 44), Band(1417, 0.09, 79), Band(1726, 0.18, 30)),
    "PET": (
        Band(1129, 0.05, source="measured, width assumed"),
        Band(1168, 0.045, 24),
        Band(1408, 0.05, 116),
        Band(1657, 0.23, 41),
    ),
    "PS": (Band(1144, 0.06, 38), Band(1204, 0.04, 29), Band(1408, 0.04, 80), Band(1675, 0.21, 43)),
    "cotton": (Band(1220, 0.024, 56), Band(1478, 0.19, 233)),
    "polyester": (
        Band(1128, 0.05, source="measured centre"),
        Band(1415, 0.05, source="measured centre"),
        Band(1657, 0.21, 47),
    ),
    "wool": (Band(1188, 0.03, 55), Band(1500, 0.17, 221)),
    "carton": (
        Band(1205, 0.03, 60, "literature"),
        Band(1490, 0.16, 150, "literature"),
        Band(1780, 0.06, 90, "literature"),
        Band(1925, 0.10, 90, "literature"),
    ),
    "PVC": _centres("literature", 1188, 1715, 2295),
    "ABS": _centres("literature", 1145, 1682, 1718, 2172),
    "PA": _centres("literature", 1500, 1720, 2050, 2295),
    "cellulose": _centres("literature", 1490, 1780, 2090, 2280, 2340),
    "wood": (
        *_centres("literature, middle of 1190-1221", 1205.5),
        *_centres("literature, middle of 1440-1491", 1465.5),
        *_centres("literature, water, middle of 1922-1928", 1925),
        *_centres("literature, middle of 2085-2113", 2099),
        *_centres("literature", 2277, 2331),
    ),
    "PLA": _centres("recalled", 1180, 1380, 1690, 1730, 1915, 2245),
    "PC": _centres("recalled", 1140, 1665, 1690, 2140),
    "aluminium": (),
}

WATER = (Band(1450, 0.10, 110, "literature"), Band(1928, 0.20, 100, "literature"))
OXIDATION = (
    Band(1425, 0.100, 90, "assumed: hydroxyl of photo-oxidation"),
    Band(1912, 0.350, 60, "assumed: carbonyl overtone of photo-oxidation"),
)
"""What ageing adds at degradation 1: growth with hydroxyl and carbonyl content is well known,
the strengths here are assumed."""


def profile(wavelength: NDArray[np.float64], band: Band) -> NDArray[np.float64]:
    """Voigt profile of a band at ``wavelength`` (nm), peak = its absorbance.

    Gaussian and Lorentzian parts have equal widths (assumed).

    >>> half = profile(np.array([1705.0, 1705.0 + 22.5]), Band(1705, 0.20, 45))
    >>> half.round(3)
    array([0.2, 0.1])
    """
    from scipy.special import voigt_profile

    part = band.width / _WIDTH_OF_EQUAL_PARTS
    sigma, gamma = part / np.sqrt(8.0 * np.log(2.0)), part / 2.0
    shape = voigt_profile(wavelength - band.centre, sigma, gamma)
    return np.asarray(band.absorbance * shape / voigt_profile(0.0, sigma, gamma))


def mixture(wavelength: NDArray[np.float64], bands: tuple[Band, ...]) -> NDArray[np.float64]:
    """Add up the absorbance (n,) of ``bands`` at ``wavelength`` (n,) nm; zeros for a metal."""
    total = np.zeros(len(wavelength))
    for band in bands:
        total += profile(wavelength, band)
    return total


def bands_of(name: str) -> tuple[Band, ...]:
    """Look up the bands of a material.

    Raises
    ------
    BadInput
        If the table lacks it.
    """
    if name not in BANDS:
        raise BadInput("scene field 'material'", repr(name), f"one of {', '.join(BANDS)}")
    return BANDS[name]
