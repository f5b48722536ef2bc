"""Dynamic time warping (Sakoe and Chiba, 1978): distance, band and path, compiled.

    cost[i, j] = (a[i] - b[j])^2 + min(cost[i-1, j-1], cost[i-1, j], cost[i, j-1])

and the distance is the root of the last cost. The conventions, the band's too, are those of
dtaidistance, to the last digit. Without a path the matrix is walked along its anti-diagonals,
three of which are kept: their cells do not depend on each other, so the compiler computes
several at once, which rows do not allow.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.compiled import compiled
from stillage.errors import BadInput

MAX_CELLS = 2**28
"""Most cells of a path's matrix: a byte each."""

Array = NDArray[np.float64]


@compiled
def _diagonals(a: Any, b: Any, back: int, ahead: int) -> float:
    """Return the distance; row i reaches columns i - back to i + ahead."""
    n, m = len(a), len(b)
    turned = b[::-1].copy()
    # Entry i + 1 of a diagonal is its cell of row i; entry 0 and the ends are outside.
    older, old, new = np.full(n + 1, np.inf), np.full(n + 1, np.inf), np.full(n + 1, np.inf)
    older[0] = 0.0
    for k in range(n + m - 1):
        # Column k - i lies within 0..m-1 and within i - back..i + ahead.
        low, high = max(0, k - m + 1, (k - ahead + 1) // 2), min(n - 1, k, (k + back) // 2)
        if low > high:
            new[max(low, 0) : min(low + 2, n + 1)] = np.inf
            older, old, new = old, new, older
            continue
        shift = m - 1 - k
        x, y = a[low : high + 1], turned[shift + low : shift + high + 1]
        both, down = older[low : high + 1], old[low : high + 1]
        right, into = old[low + 1 : high + 2], new[low + 1 : high + 2]
        for i in range(len(x)):
            gap = x[i] - y[i]
            into[i] = gap * gap + min(both[i], down[i], right[i])
        new[low] = np.inf
        if high + 2 <= n:
            new[high + 2] = np.inf
        older, old, new = old, new, older
    return float(np.sqrt(old[n]))


@compiled
def _steps(a: Any, b: Any, back: int, ahead: int, steps: Any) -> float:
    """Return the distance; note in ``steps`` (n, band) how each cell is reached.

    0: a step in both series, 1: in ``a`` alone, 2: in ``b`` alone.
    """
    n, m = len(a), len(b)
    above, here = np.full(m + 1, np.inf), np.full(m + 1, np.inf)
    above[0] = 0.0
    for i in range(n):
        first, last = max(0, i - back), min(m - 1, i + ahead)
        here[first] = np.inf
        for j in range(first, last + 1):
            least, step = above[j], 0
            if above[j + 1] < least:
                least, step = above[j + 1], 1
            if here[j] < least:
                least, step = here[j], 2
            gap = a[i] - b[j]
            here[j + 1] = gap * gap + least
            steps[i, j - i + back] = step
        if last + 2 <= m:
            here[last + 2] = np.inf
        above, here = here, above
    return float(np.sqrt(above[m]))


@compiled
def _trace(steps: Any, back: int, m: int, path: Any) -> int:
    """Follow ``steps`` from the ends back to the beginning; return the path's length."""
    i, j, count = steps.shape[0] - 1, m - 1, 0
    while True:
        path[count, 0], path[count, 1] = i, j
        count += 1
        if i == 0 and j == 0:
            return count
        step = steps[i, j - i + back]
        if step != 2:
            i -= 1
        if step != 1:
            j -= 1


def _series(a: NDArray[Any], b: NDArray[Any], window: int | None) -> tuple[Array, Array, int, int]:
    """Check both series; return them, and how far the band reaches back and ahead."""
    x, y = (np.ascontiguousarray(part, np.float64) for part in (a, b))
    for name, part in (("first", x), ("second", y)):
        if part.ndim != 1 or not part.size or not np.isfinite(part).all():
            raise BadInput(f"{name} series", f"shape {part.shape} or NaN", "finite numbers (time,)")
    if window is not None and window < 1:
        raise BadInput("window", window, "at least 1")
    wide = max(len(x), len(y)) if window is None else min(window, max(len(x), len(y)))
    # The band lies about both diagonals where the lengths differ.
    return x, y, max(0, len(x) - len(y)) + wide - 1, max(0, len(y) - len(x)) + wide - 1


def distance(a: NDArray[Any], b: NDArray[Any], window: int | None = None) -> float:
    """Return the DTW distance of two series ``(time,)``, in their unit.

    Parameters
    ----------
    a, b : arrays (time,)
        Of any two lengths.
    window : int, optional
        Band: at most ``window - 1`` steps off the diagonals; default: none.

    Raises
    ------
    BadInput
        If a series is empty or not finite, or the window is below 1.

    >>> distance(np.array([0.0, 1.0, 2.0]), np.array([0.0, 0.0, 1.0, 2.0]))
    0.0
    """
    return float(_diagonals(*_series(a, b, window)))


def warping_path(
    a: NDArray[Any], b: NDArray[Any], window: int | None = None
) -> tuple[float, NDArray[np.int64]]:
    """Return the DTW distance, and the path ``(steps, 2)`` of indices from ``(0, 0)`` to the ends.

    Raises
    ------
    BadInput
        As :func:`distance`, or if the band has more than 2**28 cells.

    >>> warping_path(np.array([0.0, 1.0]), np.array([0.0, 0.0, 1.0]))[1].tolist()
    [[0, 0], [0, 1], [1, 2]]
    """
    x, y, back, ahead = _series(a, b, window)
    if len(x) * (back + ahead + 1) > MAX_CELLS:
        found = f"{len(x)} x {back + ahead + 1} cells"
        raise BadInput("warping path", found, f"at most {MAX_CELLS}; give a window")
    steps = np.zeros((len(x), back + ahead + 1), np.uint8)
    found_distance = float(_steps(x, y, back, ahead, steps))
    path = np.empty((len(x) + len(y), 2), np.int64)
    return found_distance, path[: _trace(steps, back, len(y), path)][::-1].copy()
