"""Compute shares of broadcast arrays, without warnings where the whole is nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def share(part: ArrayLike, whole: ArrayLike, empty: float = 0.0) -> Floats:
    """Compute ``part / whole``, and ``empty`` where the whole is not positive; broadcast float64.

    >>> share([1.0, 0.0], [4.0, 0.0]).tolist()
    [0.25, 0.0]
    """
    top, bottom = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    result = np.full(top.shape, empty)
    np.divide(top, bottom, out=result, where=bottom > 0.0)
    return result
