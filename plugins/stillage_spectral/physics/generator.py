"""Spectra of known mixtures: Voigt bands, scatter, gain and the noise of a real instrument.

``A = path * sum c_i Voigt_i + polynomial``, ``R = 10**-(A + offset) * gain + noise``. The sensor
models render scenes; this makes spectra whose composition is known exactly, to test chemometrics
on, or to give a student examples of mixtures that nobody has scanned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage.counter import normal, stream
from stillage.errors import BadInput
from stillage_spectral.physics.bands import bands_of, mixture
from stillage_spectral.sensor import GAIN, LONG_NM, NOISE_AU, NOISE_AU_LONG, OFFSET_AU

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Instrument:
    """What an instrument adds, as standard deviations; the defaults were measured on a real one.

    Parameters
    ----------
    noise_au, noise_long_au : float
        Absorbance units, below and above ``LONG_NM``, at half reflectance.
    offset_au, gain : float
        From placement to placement.
    scatter_au : float
        Of each coefficient of the scatter's quadratic (assumed).
    """

    noise_au: float = NOISE_AU
    noise_long_au: float = NOISE_AU_LONG
    offset_au: float = OFFSET_AU
    gain: float = GAIN
    scatter_au: float = 0.03

    @classmethod
    def perfect(cls) -> Instrument:
        """One that adds nothing."""
        return cls(0.0, 0.0, 0.0, 0.0, 0.0)


def spectra_of(
    shares: Array,
    materials: Sequence[str],
    wavelength: Array,
    seed: int = 0,
    path: float | Array = 1.0,
    instrument: Instrument | None = None,
) -> NDArray[np.float32]:
    """Reflectance of mixtures.

    Parameters
    ----------
    shares : array (n, materials)
        Concentration of each material; 1 alone shows a material's bands as the table has them.
    materials : sequence of str
        Names in ``bands.BANDS``.
    wavelength : array (bands,)
        nm.
    seed : int
        Spectrum k has the same draws in any batch that it is number k of.
    path : float or array (n,)
        Effective path, relative to the one that the table was measured on.
    instrument : Instrument, optional
        Default: the measured one.

    Returns
    -------
    float32 array (n, bands)

    Raises
    ------
    BadInput
        If a material is unknown, shares are negative, or shapes do not fit.

    >>> pure = spectra_of(np.array([[1.0]]), ["PP"], np.array([1705.0]),
    ...                   instrument=Instrument.perfect())
    >>> bool(abs(-np.log10(pure[0, 0]) - 0.20) < 0.01)
    True
    """
    by = instrument or Instrument()
    mixed = np.asarray(shares, np.float64)
    if mixed.ndim != 2 or mixed.shape[1] != len(materials) or not (mixed >= 0).all():
        raise BadInput("shares", f"shape {mixed.shape}, or negative", f"(n, {len(materials)})")
    bands = np.array([mixture(wavelength, bands_of(name)) for name in materials])
    count = np.arange(len(mixed))
    absorbed = np.broadcast_to(path, count.shape)[:, None] * (mixed @ bands)
    x = (wavelength - 1450.0) / 450.0
    curve = by.scatter_au * normal(seed, count[:, None], stream("blend scatter"), np.arange(2))
    absorbed = absorbed + curve @ np.stack([x, x * x])
    offset = by.offset_au * normal(seed, count, stream("blend offset"))
    gain = 1.0 + by.gain * normal(seed, count, stream("blend gain"))
    reflected = 10.0 ** -(absorbed + offset[:, None]) * gain[:, None]
    sigma = np.where(wavelength > LONG_NM, by.noise_long_au, by.noise_au) * np.log(10.0) * 0.5
    places = np.arange(len(wavelength))
    noise = sigma * normal(seed, count[:, None], stream("blend noise"), places)
    return np.asarray(reflected + noise, np.float32)
