"""The arrays of uncertain quantities: V laws or series, and what a replica drew of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage_sim.engine import changing

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LAW, SERIES = 0, 1
"""Kinds: a value is drawn from a table, or read off it."""

PERIOD, EPISODE = 0, 1
"""How often a quantity is drawn; of a series, whether its first period is drawn."""

MONTHS, WEEKDAYS, YEAR_D = 12, 7, 365
ROUNDING_H = 1e-6
"""Added to a period's first hour, so that rounding puts no midnight on the day before."""

_MONTH_D = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Uncertainties(NamedTuple):
    """The laws and series of V quantities; no policy and no replica changes them.

    ``tables`` (T,) all quantile tables and series, one after another. ``first`` (V, 12, 7)
    where the table of a month and weekday begins, ``factor`` (V, 12, 7) what it is multiplied
    by, ``length`` (V,) of each table; ``kind`` (V,) LAW or SERIES; ``every`` (V,) PERIOD or
    EPISODE. ``month`` (365,) of a day of the year. A period takes ``period_h`` hours; period 0
    begins on day ``start_day`` of the year (0: 1 January) and on ``start_weekday`` (0: Monday).
    """

    tables: Floats
    first: Ints
    factor: Floats
    length: Ints
    kind: Ints
    every: Ints
    month: Ints
    period_h: float
    start_day: int
    start_weekday: int


@changing
class UncertainState(NamedTuple):
    """The state of V quantities: ``value`` float64 (R, V), ``luck`` uint64 (R, V).

    ``value`` is of this period, ``luck`` of the episode.
    """

    value: Floats
    luck: NDArray[np.uint64]


def new_uncertain_state(uncertainties: Uncertainties, replicas: int) -> UncertainState:
    """Make the state of R replicas; fill ``luck`` by :func:`sampling.episode_luck`."""
    shape = (replicas, len(uncertainties.kind))
    return UncertainState(np.zeros(shape), np.zeros(shape, np.uint64))


def months() -> Ints:
    """List the month (0-11) of each day of a year of 365 days, int64 (365,).

    >>> months()[[0, 30, 31, 364]].tolist()
    [0, 0, 1, 11]
    """
    return np.repeat(np.arange(MONTHS), _MONTH_D)
