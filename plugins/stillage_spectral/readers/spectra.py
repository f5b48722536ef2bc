"""Spectra as files hold them: on a wavelength grid, with names and further columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_spectral.readers.options import Quantity, Unit

Array = NDArray[np.float64]

MAX_BANDS = 2**16
MAX_VALUES = 2**26
"""Most bands of a spectrum, and most values of all spectra that are imported."""


@dataclass(frozen=True)
class Spectra:
    """The spectra of one file.

    Attributes
    ----------
    wavelength : float64 array (bands,)
        nm, ascending.
    values : float32 array (n, bands)
        Reflectance, unit 1.
    about : tuple of mapping, n of them
        What is told of each spectrum (name, columns of a table, labels of a header), as text.
    """

    wavelength: Array
    values: NDArray[np.float32]
    about: tuple[Mapping[str, str], ...]


def wavelengths(values: Any, unit: Unit | str, where: str) -> Array:
    """Convert abscissae to nm.

    Raises
    ------
    BadInput
        If the unit is unknown or a value is not positive and finite.

    >>> wavelengths([4000.0, 10000.0], "1/cm", "header").tolist()
    [2500.0, 1000.0]
    """
    grid = np.asarray(values, np.float64)
    if unit not in get_args(Unit):
        raise BadInput(where, f"unit {unit!r} of the abscissa", ", ".join(get_args(Unit)))
    if not (np.isfinite(grid) & (grid > 0)).all():
        raise BadInput(where, "a wavelength that is not positive", "positive finite numbers")
    return {"nm": grid, "um": grid * 1e3}[unit] if unit != "1/cm" else 1e7 / grid


def _reflectance_of(values: Any, quantity: Quantity | str, where: str) -> NDArray[np.float32]:
    """Convert values of any quantity to reflectance.

    Absorbance is ``log10(1/R)``; transmittance is taken as it is, since ``log10(1/T)`` is
    prepared alike; Kubelka and Munk's ``K = (1-R)^2 / 2R`` is solved for R.

    Raises
    ------
    BadInput
        If the quantity is unknown or a value is not finite.

    >>> _reflectance_of([[0.0, 1.0]], "absorbance", "a file").tolist()[0]
    [1.0, 0.10000000149011612]
    >>> _reflectance_of([[0.25]], "kubelka-munk", "a file").tolist()
    [[0.5]]
    """
    found = np.asarray(values, np.float64)
    if not np.isfinite(found).all():
        place = tuple(map(int, np.argwhere(~np.isfinite(found))[0]))
        raise BadInput(f"{where} at {place}", "NaN or infinity", "finite values")
    if quantity == "percent":
        found = found / 100.0
    elif quantity == "absorbance":
        with np.errstate(over="ignore"):
            found = 10.0**-found
    elif quantity == "kubelka-munk":
        k = np.maximum(found, 0.0)
        found = 1.0 + k - np.sqrt(k * k + 2.0 * k)
    elif quantity not in {"reflectance", "transmittance"}:
        raise BadInput(where, f"quantity {quantity!r}", ", ".join(get_args(Quantity)))
    if not (np.abs(found) < np.finfo(np.float32).max).all():
        raise BadInput(where, "a value that float32 cannot hold", quantity)
    return found.astype(np.float32)


def spectra(
    grid: Any,
    values: Any,
    about: tuple[Mapping[str, str], ...],
    unit: Unit | str,
    quantity: Quantity | str,
    where: str,
) -> Spectra:
    """Bring abscissae to nm, ascending, and ordinates to reflectance.

    Raises
    ------
    BadInput
        As :func:`wavelengths` and :func:`_reflectance_of`, or if bands are doubled.

    >>> found = spectra([5000, 10000], [[0.2, 0.4]], ({},), "1/cm", "reflectance", "here")
    >>> found.wavelength.tolist(), found.values.tolist()[0]
    ([1000.0, 2000.0], [0.4000000059604645, 0.20000000298023224])
    """
    nm, reflected = wavelengths(grid, unit, where), _reflectance_of(values, quantity, where)
    order = np.argsort(nm, kind="stable")
    nm = nm[order]
    if len(nm) < 2 or len(nm) > MAX_BANDS or not (np.diff(nm) > 0).all():
        raise BadInput(where, f"{len(np.unique(nm))} different of {len(nm)} wavelengths",
                       f"2 to {MAX_BANDS}, each once")  # fmt: skip
    return Spectra(nm, np.ascontiguousarray(reflected[:, order]), about)


def grid_text(wavelength: Array) -> str:
    """Write a grid as a recording's provenance keeps it, under ``<modality>_wavelength_nm``.

    >>> grid_text(np.array([1000.0, 1003.25]))
    '1000 1003.25'
    """
    return " ".join(f"{value:.7g}" for value in wavelength)


def grid_of(provenance: Mapping[str, str], modality: str, where: str) -> Array:
    """Read the grid of a modality, nm, from a recording's provenance.

    Raises
    ------
    BadInput
        If there is none, or it is no list of ascending numbers.

    >>> grid_of({"nir_wavelength_nm": "1000 1004"}, "nir", "a.h5").tolist()
    [1000.0, 1004.0]
    """
    text = provenance.get(f"{modality}_wavelength_nm", "")
    try:
        grid = np.array([float(word) for word in text.split()])
    except ValueError:
        grid = np.zeros(0)
    if len(grid) < 2 or not (np.diff(grid) > 0).all():
        found = f"no list of wavelengths of {modality!r}"
        raise BadInput(where, found, f"provenance {modality}_wavelength_nm: ascending nm")
    return grid
