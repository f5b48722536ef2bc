"""Condition a continuous law on an interval, with the few methods that a table needs."""

from __future__ import annotations

from typing import Any

import numpy as np

from stillage_sim.engine.quantiles import LIFE_CELLS, cell_means

_LEAST_SHARE = 1e-6


class Truncated:
    """The law ``law`` given that it lies between ``low`` and ``high``; None: not cut there.

    Raises ``ValueError`` if less than 1e-6 of the law lies there.

    >>> from scipy import stats
    >>> half = Truncated(stats.norm(), 0.0, None)
    >>> round(half.mean(), 9), round((2.0 / np.pi) ** 0.5, 9)
    (0.797884561, 0.797884561)
    """

    def __init__(self, law: Any, low: float | None, high: float | None) -> None:
        self._law = law
        self._below = 0.0 if low is None else float(law.cdf(low))
        self._above = 0.0 if high is None else float(law.sf(high))
        self._low = -np.inf if low is None else low
        self._high = np.inf if high is None else high
        self._share = 1.0 - self._below - self._above
        if not self._share >= _LEAST_SHARE:
            found = f"{max(self._share, 0.0):g} of the law between"
            raise ValueError(f"low, high: found {found}, expected at least {_LEAST_SHARE:.0e}")

    def ppf(self, u: Any) -> Any:
        """Return the quantile at u."""
        found = self._law.ppf(self._below + np.asarray(u) * self._share)
        return np.clip(found, self._low, self._high)

    def isf(self, v: Any) -> Any:
        """Return the quantile at 1 - v, accurate for small v."""
        found = self._law.isf(self._above + np.asarray(v) * self._share)
        return np.clip(found, self._low, self._high)

    def mean(self) -> float:
        """Compute the mean as :func:`stillage_sim.engine.quantiles.cell_means` does."""
        return float(cell_means(self, LIFE_CELLS).mean())

    def var(self) -> float:
        """Compute the variance between 4,096 cells, slightly less than the law's."""
        return float(cell_means(self, LIFE_CELLS).var())
