"""Savitzky-Golay filters of any window, order, derivative and edge, each one matrix product."""

from __future__ import annotations

from functools import lru_cache
from math import factorial
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput

Edges = Literal["crop", "interp", "nearest", "mirror", "wrap", "constant"]
"""``crop`` leaves out bands without a full window; the others are SciPy's: ``interp`` evaluates
the polynomial of the outermost full window, the rest pad the spectrum."""

Array = NDArray[np.float64]

BLOCK = 32
"""Columns of a block of the banded product: wide enough for vectors, narrow beside a spectrum."""

ROWS = 256
"""Spectra of one step of :func:`filtered`, so that its operands stay in the cache."""


def _weights(positions: Array, at: float, order: int, deriv: int) -> Array:
    """Weigh values at ``positions`` to give the fitted polynomial's derivative at ``at``."""
    powers = (positions - at)[:, None] ** np.arange(order + 1)
    return np.asarray(np.linalg.pinv(powers)[deriv] * factorial(deriv))


def _padded(places: NDArray[np.int64], bands: int, edges: Edges) -> NDArray[np.int64]:
    """Give the band that stands for each place beyond the spectrum; -1 for nothing (zero)."""
    if edges == "nearest":
        return np.clip(places, 0, bands - 1)
    if edges == "wrap":
        return places % bands
    if edges == "mirror":
        period = 2 * (bands - 1)
        folded = places % period
        return np.where(folded < bands, folded, period - folded)
    return np.where((places < 0) | (places >= bands), -1, places)


@lru_cache(maxsize=64)
def savgol_matrix(
    bands: int,
    window: int = 15,
    order: int = 2,
    derivative: int = 1,
    edges: Edges = "crop",
    spacing: float = 1.0,
) -> NDArray[np.float32]:
    """Make the filter a matrix, to be multiplied from the right: ``spectra @ matrix``.

    Savitzky and Golay (1964): each output is a derivative of the least-squares polynomial of
    ``order`` through ``window`` bands around it.

    Parameters
    ----------
    bands : int
        Of a spectrum.
    window, order, derivative : int
        ``window`` is odd and above ``order``; ``derivative`` 0 smooths.
    edges : str
        What happens within half a window of the ends, see :data:`Edges`.
    spacing : float
        Distance of two bands, in whose unit the derivative is (1: per band).

    Returns
    -------
    float32 array (bands, bands), or (bands, bands - window + 1) for ``crop``
        Read-only: it is cached.

    Raises
    ------
    BadInput
        If the window does not fit.

    >>> line = 2.0 * np.arange(20.0)
    >>> bool(np.allclose(line @ savgol_matrix(20, edges="interp"), 2.0, atol=1e-5))
    True
    """
    if window < 1 or window % 2 == 0 or not 0 <= derivative <= order < window:
        found = f"window {window}, order {order}, derivative {derivative}"
        raise BadInput("Savitzky-Golay", found, "odd window > order >= derivative >= 0")
    if bands < window:
        raise BadInput("spectrum", f"{bands} bands", f"at least {window} for the filter")
    if edges not in get_args(Edges):
        raise BadInput("Savitzky-Golay edges", repr(edges), ", ".join(get_args(Edges)))
    half = window // 2
    span = np.arange(-half, half + 1)
    middle = _weights(span.astype(np.float64), 0.0, order, derivative)
    matrix = np.zeros((bands, bands))
    for column in range(bands):
        places = column + span
        if half <= column < bands - half or edges == "crop":
            inside = (places >= 0) & (places < bands)
            matrix[places[inside], column] = middle[inside]
        elif edges == "interp":
            first = 0 if column < half else bands - window
            rows = np.arange(first, first + window)
            matrix[rows, column] = _weights(rows.astype(np.float64), column, order, derivative)
        else:
            stands = _padded(places, bands, edges)
            np.add.at(matrix[:, column], stands[stands >= 0], middle[stands >= 0])
    matrix /= spacing**derivative
    kept = matrix[:, half : bands - half] if edges == "crop" else matrix
    out = np.ascontiguousarray(kept, np.float32)
    out.flags.writeable = False
    return out


def filtered(
    spectra: NDArray[np.float32],
    matrix: NDArray[np.float32],
    standardise: bool = False,
) -> NDArray[np.float32]:
    """Multiply ``spectra @ matrix``, as standard normal variates where ``standardise`` is set.

    Parameters
    ----------
    spectra : float32 array (n, bands)
        One a row.
    matrix : float32 array (bands, outputs)
        Of :func:`savgol_matrix`; its zeros away from the diagonal are not multiplied.
    standardise : bool
        Take the standard normal variate of each spectrum first.

    Returns
    -------
    float32 array (n, outputs)

    >>> filtered(np.ones((2, 20), np.float32), savgol_matrix(20), standardise=True).shape
    (2, 6)
    """
    count, bands = spectra.shape
    out = np.empty((count, matrix.shape[1]), np.float32)
    blocks = _blocks(matrix)
    room = np.empty((min(ROWS, count), bands), np.float32)
    for first in range(0, count, ROWS):
        rows = spectra[first : first + ROWS]
        target = out[first : first + ROWS]
        part = rows
        if standardise:
            part = room[: len(rows)]
            np.subtract(rows, rows.mean(1, keepdims=True), out=part)
            spread = np.sqrt(np.einsum("ij,ij->i", part, part) / np.float32(bands))
            part *= (1.0 / np.maximum(spread, 1e-6))[:, None]
        for low, high, start, stop in blocks:
            np.matmul(part[:, start:stop], matrix[start:stop, low:high], out=target[:, low:high])
    return out


def _blocks(matrix: NDArray[np.float32]) -> list[tuple[int, int, int, int]]:
    """List columns low:high with the rows start:stop outside which those columns are zero."""
    found = []
    for low in range(0, matrix.shape[1], BLOCK):
        high = min(low + BLOCK, matrix.shape[1])
        rows = np.flatnonzero(matrix[:, low:high].any(1))
        start, stop = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 1)
        found.append((low, high, start, stop))
    return found
