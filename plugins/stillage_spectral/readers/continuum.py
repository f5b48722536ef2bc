"""Removes the continuum: divides spectra by their upper convex hull, so that bands compare."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.compiled import compiled
from stillage.errors import BadInput


def hulls(spectra: Any, wavelength: Any, removed: bool, out: Any) -> None:
    """Find the upper hull of each row by Andrew's monotone chain; divide it out if asked.

    Plain loops over arrays: compiled in use, interpreted in tests. The hull's corners are kept
    on a stack; a corner goes when the next point lies on or above the line past it.
    """
    count, bands = spectra.shape
    stack = np.empty(bands, np.int64)
    for row in range(count):
        top = 0
        for band in range(bands):
            while top >= 2:
                a, b = stack[top - 2], stack[top - 1]
                rise = (spectra[row, b] - spectra[row, a]) * (wavelength[band] - wavelength[a])
                line = (spectra[row, band] - spectra[row, a]) * (wavelength[b] - wavelength[a])
                if rise > line:
                    break
                top -= 1
            stack[top] = band
            top += 1
        for corner in range(top - 1):
            a, b = stack[corner], stack[corner + 1]
            slope = (spectra[row, b] - spectra[row, a]) / (wavelength[b] - wavelength[a])
            for band in range(a, b + 1):
                level = spectra[row, a] + slope * (wavelength[band] - wavelength[a])
                if band == b:
                    level = spectra[row, b]
                out[row, band] = spectra[row, band] / level if removed else level


_hulls = compiled(hulls)


def _of_hulls(spectra: Any, wavelength: Any, removed: bool) -> NDArray[np.float32]:
    """Check spectra (n, bands), then apply :func:`hulls`; float32 (n, bands)."""
    values, grid = np.ascontiguousarray(spectra, np.float64), np.asarray(wavelength, np.float64)
    if values.ndim != 2 or grid.shape != values.shape[1:] or len(grid) < 2:
        found = f"spectra {values.shape}, {grid.shape} wavelengths"
        raise BadInput("continuum", found, "(spectra, bands) with as many wavelengths, 2 or more")
    if not (np.diff(grid) > 0).all():
        raise BadInput("continuum", "wavelengths out of order", "ascending wavelengths")
    if not np.isfinite(values).all():
        raise BadInput("continuum", "NaN or infinity", "finite spectra")
    if removed and not (values > 0).all():
        place = tuple(map(int, np.argwhere(~(values > 0))[0]))
        raise BadInput(f"continuum at {place}", "a value <= 0", "reflectance above 0")
    out = np.empty(values.shape, np.float32)
    _hulls(values, grid, removed, out)
    return out


def continuum(spectra: Any, wavelength: Any) -> NDArray[np.float32]:
    """Compute the upper convex hull of each spectrum (Clark and Roush 1984).

    It is linear between its corners.

    Parameters
    ----------
    spectra : array (n, bands)
        Reflectance.
    wavelength : array (bands,)
        Ascending; nm or any unit.

    Raises
    ------
    BadInput
        If shapes do not fit, wavelengths are out of order or values are not finite.

    >>> continuum([[1.0, 0.5, 1.0, 0.2, 0.6]], [0, 1, 2, 3, 4])
    array([[1. , 1. , 1. , 0.8, 0.6]], dtype=float32)
    """
    return _of_hulls(spectra, wavelength, False)


def without_continuum(spectra: Any, wavelength: Any) -> NDArray[np.float32]:
    """Divide reflectance by its continuum: 1 on the hull, less within a band.

    Raises
    ------
    BadInput
        As :func:`continuum`, and if any value is not positive.

    >>> without_continuum([[1.0, 0.5, 1.0, 0.2, 0.6]], [0, 1, 2, 3, 4])
    array([[1.  , 0.5 , 1.  , 0.25, 1.  ]], dtype=float32)
    """
    return _of_hulls(spectra, wavelength, True)
