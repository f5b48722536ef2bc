"""Tabulate quantiles: draws from any law by one look-up, with its exact mean.

Cell k of a table of n cells holds the conditional mean of the law between its quantiles k/n and
(k+1)/n, so that the mean of a draw is the law's mean; its variance falls short of the law's by
the mean variance within a cell (exponential law, 1,024 cells: 0.1 %).

>>> from scipy import stats
>>> table = quantile_table(stats.expon(scale=3.0), 4)
>>> [round(float(value), 4) for value in table], round(float(table.mean()), 12)
([0.4109, 1.4303, 3.0, 7.1589], 3.0)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial.laguerre import laggauss
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from stillage_sim.engine.marks import shared
from stillage_sim.engine.randomness import below, high

__all__ = ["CELLS", "LIFE_CELLS", "cell_means", "discrete_table", "pick", "quantile_table"]

CELLS = 1024
LIFE_CELLS = 4096
"""Cells for lives, whose failures are compared with their quantiles."""

_NODES, _TAIL_NODES, _LEAST_WEIGHT = 16, 48, 1e-18
_TOLERANCE, _NEGLIGIBLE = 1e-4, 1e-12


@shared
def pick(table: np.ndarray, bits: np.uint64) -> float:
    """Draw by 64 random bits; the complement of the bits draws the opposite cell.

    >>> float(pick(np.array([1.0, 2.0]), np.uint64(0)))
    1.0
    """
    value: float = table[below(high(bits), table.shape[0])]
    return value


def quantile_table(law: Any, cells: int = CELLS) -> NDArray[np.float64]:
    """Tabulate the means of ``law`` in ``cells`` equiprobable cells, float64 (cells,), rising.

    ``law`` is a frozen ``scipy.stats`` distribution, continuous or discrete, with a finite mean.
    Means within a cell are integrals of the quantile function: Gauss-Legendre inside, and
    Gauss-Laguerre in the two outer cells, with the tail probability written as exp(-t) / n;
    those of a discrete law are exact sums. What quadrature leaves of the law's own mean (less
    than 1e-4 of its spread, else it is refused; usually nothing) goes into the topmost cell.

    Raises ``ValueError`` for no cells or a law without finite mean.

    >>> from scipy import stats
    >>> quantile_table(stats.bernoulli(0.25), 8).tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]
    """
    mean = float(law.mean())
    if not np.isfinite(mean):
        raise ValueError(f"law: found mean {mean}, expected a finite mean")
    if hasattr(law, "pmf"):
        values = np.arange(law.ppf(1e-18), law.isf(1e-15) + 1.0)
        table = discrete_table(values, law.pmf(values), cells)
    else:
        table = cell_means(law, cells)
    gap = mean - float(table.mean())
    size = max(float(table[-1] - table[0]), abs(mean))
    if not (np.isfinite(table).all() and abs(gap) <= _TOLERANCE * size):
        raise ValueError(f"law: found mean {table.mean()} of its quantiles, expected {mean}")
    if abs(gap) > _NEGLIGIBLE * size:
        table[-1] += gap * cells
    return np.asarray(np.maximum.accumulate(table))


def cell_means(law: Any, cells: int) -> NDArray[np.float64]:
    """Compute cells' means by quadrature over ``law.ppf``, and ``law.isf`` in the uppermost.

    float64 (cells,).
    """
    if cells < 1:
        raise ValueError(f"cells: found {cells}, expected at least 1")
    if cells == 1:
        return np.array([cell_means(law, CELLS).mean()])
    nodes, weights = leggauss(_NODES)
    inside = (np.arange(1, cells - 1)[:, None] + 0.5 * (nodes + 1.0)) / cells
    time, share = laggauss(_TAIL_NODES)
    kept = share > _LEAST_WEIGHT
    tail, share = np.exp(-time[kept]) / cells, share[kept]
    middle = law.ppf(inside) @ weights / 2.0
    return np.concatenate(([law.ppf(tail) @ share], middle, [law.isf(tail) @ share]))


def discrete_table(
    values: NDArray[np.float64], weights: NDArray[np.float64], cells: int = CELLS
) -> NDArray[np.float64]:
    """Tabulate a law of given values (rising) and weights, both (N,), by exact sums.

    >>> discrete_table(np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.0, 2.0]), 4).tolist()
    [1.0, 2.0, 4.0, 4.0]
    """
    if cells < 1:
        raise ValueError(f"cells: found {cells}, expected at least 1")
    share = weights / weights.sum()
    cumulative = np.concatenate(([0.0], np.cumsum(share)))
    cumulative /= cumulative[-1]
    partial = np.concatenate(([0.0], np.cumsum(share * values)))
    edges = np.interp(np.arange(cells + 1) / cells, cumulative, partial)
    means = np.clip(np.diff(edges) * cells, values[0], values[-1])
    return _snapped(means, values, cumulative)


def _snapped(
    means: NDArray[np.float64], values: NDArray[np.float64], cumulative: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Set cells that lie within one value to it, to the last bit, free of the sums' rounding."""
    cells = len(means)
    first = np.searchsorted(cumulative[1:-1], np.arange(cells) / cells + _NEGLIGIBLE)
    last = np.searchsorted(cumulative[1:-1], np.arange(1, cells + 1) / cells - _NEGLIGIBLE)
    return np.asarray(np.where(first == last, values[first], means))
