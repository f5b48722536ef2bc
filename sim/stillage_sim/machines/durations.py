"""Tabulate durations, from which lives, repairs and lead times are drawn.

A table of conditional means has as many atoms as cells, so that a life drawn from it would have
a hazard only now and then. Lives must have the hazard of their law at every age; so a draw
interpolates between quantiles, and the two outermost cells of the table have tables of their
own. Row 0 refines the first cell, row 1 is the body, row 2 refines the last cell.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage_sim.engine import called
from stillage_sim.engine.randomness import LOW_32, U32, high, low

_LAST_SHARE = 0.25
"""Where the very last cell ends, as a share of its tail probability: of no weight."""


def duration_table(law: Any, cells: int) -> NDArray[np.float64]:
    """Tabulate the quantiles of ``law``, a frozen ``scipy.stats`` law: float64 (3, cells + 1).

    >>> from scipy import stats
    >>> table = duration_table(stats.expon(scale=2.0), 1024)
    >>> table.shape, round(float(table[1, 512]), 6)
    ((3, 1025), 1.386294)
    """
    grid = np.arange(cells + 1) / cells
    tail = np.clip(1.0 - grid, _LAST_SHARE / cells, 1.0) / cells
    with np.errstate(all="ignore"):
        first, last = law.ppf(grid / cells), law.isf(tail)
        body = np.where(grid < 0.5, law.ppf(grid), law.isf(1.0 - grid))
    body[-1] = last[-1]  # finite, where the law's last quantile may not be
    table = np.stack([first, body, last])
    if not np.isfinite(table).all() or (np.diff(table) < 0).any() or table.min() < 0:
        raise ValueError("law: found a quantile that is negative, falling or infinite")
    return table


def constant_table(hours: float, cells: int) -> NDArray[np.float64]:
    """Tabulate a duration that is always ``hours``: float64 (3, cells + 1)."""
    return np.full((3, cells + 1), float(hours))


@called
def duration(table: np.ndarray, bits: np.uint64) -> float:
    """Draw from a table (3, cells + 1) by 64 random bits: the quantile at their fraction.

    >>> float(duration(constant_table(8.0, 4), np.uint64(12345)))
    8.0
    """
    cells = np.uint64(table.shape[1] - 1)
    wide = high(bits) * cells
    cell = np.int64(wide >> U32)
    row = 1
    if cell == 0 or cell == table.shape[1] - 2:
        row = 0 if cell == 0 else 2
        wide = (wide & LOW_32) * cells
        cell = np.int64(wide >> U32)
    rest = (np.float64(wide & LOW_32) + np.float64(low(bits)) * 2.0**-32) * 2.0**-32
    start = table[row, cell]
    value: float = start + (table[row, cell + 1] - start) * rest
    return value


def mean_duration(table: NDArray[np.float64]) -> float:
    """Compute the mean of the draws (h).

    Of a linear interpolation it is the mean of the cells' middles.

    >>> from scipy import stats
    >>> round(mean_duration(duration_table(stats.expon(scale=2.0), 4096)), 3)
    2.0
    """
    middles = 0.5 * (table[:, 1:] + table[:, :-1])
    cells = middles.shape[1]
    outer = middles[0].mean() + middles[2].mean()
    return float((middles[1, 1:-1].sum() + outer) / cells)


def aged_table(table: NDArray[np.float64], cells: int) -> NDArray[np.float64]:
    """Tabulate length-biased lives, equally likely, float64 (cells,): what a long run meets.

    A machine that is met at a random instant of a long run is in such a life, at a uniform share
    of it (the inspection paradox).

    >>> from scipy import stats
    >>> round(float(aged_table(duration_table(stats.expon(), 4096), 1024).mean()), 1)
    2.0
    """
    body = 0.5 * (table[1, 1:] + table[1, :-1])
    for cell, row in ((0, 0), (-1, 2)):
        body[cell] = 0.5 * (table[row, 1:] + table[row, :-1]).mean()
    total = np.cumsum(body)
    if total[-1] <= 0:
        return np.zeros(cells)
    spots = (np.arange(cells) + 0.5) / cells * total[-1]
    return np.asarray(body[np.minimum(np.searchsorted(total, spots), len(body) - 1)])
