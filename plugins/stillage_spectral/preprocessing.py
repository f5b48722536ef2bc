"""The classical pre-processing of spectra on NumPy arrays: float32, whole batches at once.

The pipeline of the field: raw counts -> :func:`reflectance` (dark and white) ->
:func:`absorbance` -> :func:`snv` or :class:`Msc` -> :func:`savgol`. What networks and exported
bundles apply is the same in torch: ``stillage_spectral.filters``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_spectral.smoothing import Edges, filtered, savgol_matrix

FLOOR, CEILING = 1e-3, 10.0
"""Reflectance is clipped to this range before the logarithm (0.1 % to 1,000 %)."""

Spectra = NDArray[np.float32]


def _spectra(values: Any, where: str = "spectra") -> Spectra:
    found = np.asarray(values, np.float32)
    if found.ndim != 2 or found.shape[1] < 1:
        raise BadInput(where, f"shape {found.shape}", "(spectra, bands)")
    return found


def reflectance(sample: Any, dark: Any, white: Any) -> Spectra:
    """Compute reflectance relative to white: ``(sample - dark) / (white - dark)``.

    Parameters
    ----------
    sample : array (..., bands)
        Raw counts.
    dark, white : array
        Counts of the closed shutter and of the white reference; anything that broadcasts.

    Raises
    ------
    BadInput
        If white is not above dark somewhere, with the place.

    >>> reflectance([[60.0, 35.0]], dark=[10.0, 10.0], white=[110.0, 60.0])
    array([[0.5, 0.5]], dtype=float32)
    """
    span = np.asarray(white, np.float64) - np.asarray(dark, np.float64)
    if not (span > 0).all():
        place = tuple(map(int, np.argwhere(~(span > 0))[0]))
        raise BadInput(f"white reference at {place}", "white <= dark", "a lit reference")
    return np.asarray((np.asarray(sample, np.float64) - dark) / span, np.float32)


def absorbance(reflected: Any) -> Spectra:
    """Compute apparent absorbance ``log10(1/R)`` of reflectance clipped to 0.001 .. 10.

    >>> absorbance([[1.0, 0.1, 0.0]]).round(4)
    array([[-0.,  1.,  3.]], dtype=float32)
    """
    return np.asarray(-np.log10(np.clip(np.asarray(reflected, np.float32), FLOOR, CEILING)))


def snv(spectra: Any) -> Spectra:
    """Take the mean off each spectrum and divide by its population deviation.

    The standard normal variate of Barnes, Dhanoa and Lister (1989). A flat spectrum gives zeros.

    >>> snv([[1.0, 3.0], [2.0, 2.0]])
    array([[-1.,  1.],
           [ 0.,  0.]], dtype=float32)
    """
    found = _spectra(spectra)
    centred = found - found.mean(1, keepdims=True)
    spread = np.sqrt(np.einsum("ij,ij->i", centred, centred) / np.float32(found.shape[1]))
    return np.asarray(centred / np.maximum(spread, np.float32(1e-6))[:, None])


@dataclass(frozen=True)
class Msc:
    """Multiplicative scatter correction, which fits each spectrum by a reference.

    ``x = a + b reference`` by least squares, then ``(x - a) / b`` (Geladi, MacDougall and
    Martens 1985). The reference is the mean of the *training* spectra: keep it with the model.

    Parameters
    ----------
    reference : float64 array (bands,)

    Raises
    ------
    BadInput
        If the reference is flat, or spectra have other bands.

    >>> shape = np.array([0.1, 0.5, 0.2, 0.4])
    >>> Msc(shape)(np.stack([shape, 3.0 * shape + 1.0])).round(4)
    array([[0.1, 0.5, 0.2, 0.4],
           [0.1, 0.5, 0.2, 0.4]], dtype=float32)
    """

    reference: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.reference.ndim != 1 or not np.ptp(self.reference) > 0:
            raise BadInput("MSC reference", f"shape {self.reference.shape}, or flat", "a spectrum")

    @classmethod
    def fit(cls, spectra: Any) -> Msc:
        """Take the mean of training spectra (n, bands) as the reference."""
        return cls(_spectra(spectra).mean(0, dtype=np.float64))

    def __call__(self, spectra: Any) -> Spectra:
        """Correct spectra (n, bands); one that has nothing of the reference becomes zeros."""
        found = _spectra(spectra)
        if found.shape[1] != len(self.reference):
            raise BadInput("MSC", f"{found.shape[1]} bands", f"{len(self.reference)}, as fitted")
        centred = self.reference - self.reference.mean()
        # One product gives the slopes; taking means first keeps float32 accurate.
        mean = found.mean(1, keepdims=True)
        fitter = (centred / (centred @ centred)).astype(np.float32)[:, None]
        slope = (found - mean) @ fitter
        known = np.abs(slope) > 1e-12
        corrected = (found - mean) / np.where(known, slope, 1.0) + self.reference.mean()
        return np.asarray(np.where(known, corrected, 0.0), np.float32)


def savgol(
    spectra: Any,
    window: int = 15,
    order: int = 2,
    derivative: int = 1,
    edges: Edges = "crop",
    spacing: float = 1.0,
) -> Spectra:
    """Filter spectra after Savitzky and Golay, as one (banded) product; see ``savgol_matrix``.

    >>> savgol(np.arange(20.0)[None] ** 2, window=5, derivative=2, edges="interp")[0, :3].round(3)
    array([2., 2., 2.], dtype=float32)
    """
    found = _spectra(spectra)
    return filtered(found, savgol_matrix(found.shape[1], window, order, derivative, edges, spacing))


def snv_savgol(
    spectra: Any, window: int = 15, order: int = 2, derivative: int = 1, edges: Edges = "crop"
) -> Spectra:
    """Do :func:`snv`, then :func:`savgol`, in one pass that stays in the cache.

    >>> spectra = np.random.default_rng(0).random((3, 40))
    >>> bool(np.allclose(snv_savgol(spectra), savgol(snv(spectra)), atol=1e-6))
    True
    """
    found = _spectra(spectra)
    matrix = savgol_matrix(found.shape[1], window, order, derivative, edges)
    return filtered(found, matrix, standardise=True)
