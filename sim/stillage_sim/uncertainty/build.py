"""Build the arrays of uncertain quantities from their declarations.

>>> from stillage_sim.uncertainty.laws import Poisson
>>> law = Poisson(mean=2.0)
>>> built = build_uncertainties([Quantity("returns", law, "1"), Quantity("price", 3.0, "EUR/t")])
>>> built.length.tolist(), expected_values(built, 365).round(6).tolist()
([1024, 1], [2.0, 3.0])
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from stillage.errors import BadInput
from stillage_sim.uncertainty.arrays import (
    EPISODE,
    LAW,
    MONTHS,
    PERIOD,
    ROUNDING_H,
    SERIES,
    WEEKDAYS,
    YEAR_D,
    Uncertainties,
    months,
)
from stillage_sim.uncertainty.laws import AnyLaw, Constant, number_as_constant
from stillage_sim.uncertainty.series import Recorded

Floats = NDArray[np.float64]

Uncertain = Annotated[
    Annotated[AnyLaw | Recorded, Field(discriminator="law")], BeforeValidator(number_as_constant)
]
"""What a chain file may declare for an uncertain quantity: a number, a law, or a series."""


class Quantity(NamedTuple):
    """A quantity: its name in error messages, its declaration, its unit, and its bounds."""

    name: str
    uncertain: AnyLaw | Recorded | float
    unit: str
    least: float = 0.0
    most: float = math.inf


class _Tables(NamedTuple):
    """The tables of one quantity, and which one each month and weekday takes, times what."""

    tables: list[Floats]
    which: NDArray[np.int64]
    factor: Floats


def build_uncertainties(
    quantities: Sequence[Quantity],
    period_h: float = 24.0,
    folder: Path | None = None,
    start_day: int = 0,
    start_weekday: int = 0,
) -> Uncertainties:
    """Build the arrays of V quantities, in their order.

    ``period_h`` hours of a period; ``folder`` of the file that declares them (recorded series
    lie within); period 0 begins on day ``start_day`` of the year (0: 1 January) and on
    ``start_weekday`` (0: Monday).

    Raises
    ------
    BadInput
        If a quantity can leave its bounds, whatever the season, or a series cannot be read.
    """
    first = np.zeros((len(quantities), MONTHS, WEEKDAYS), np.int64)
    factor = np.ones((len(quantities), MONTHS, WEEKDAYS))
    length, kind, every = (np.ones(len(quantities), np.int64) for _ in range(3))
    tables: list[Floats] = []
    size = 0
    for v, quantity in enumerate(quantities):
        made = _tables(quantity, period_h, folder)
        _within(quantity, made)
        length[v] = len(made.tables[0])
        first[v] = size + made.which * length[v]
        factor[v] = made.factor
        kind[v] = SERIES if isinstance(quantity.uncertain, Recorded) else LAW
        every[v] = EPISODE if _declared(quantity).every == "episode" else PERIOD
        tables += made.tables
        size += len(made.tables) * int(length[v])
    return Uncertainties(
        tables=np.concatenate([*tables, np.zeros(1)]),  # NumPy concatenates no empty list
        first=first,
        factor=factor,
        length=length,
        kind=kind,
        every=every,
        month=months(),
        period_h=float(period_h),
        start_day=start_day % YEAR_D,
        start_weekday=start_weekday % WEEKDAYS,
    )


def expected_values(uncertainties: Uncertainties, periods: int) -> Floats:
    """Compute the mean of each quantity over the periods 0 to ``periods`` - 1, float64 (V,).

    For planning rules and theory. A series that begins anywhere counts with its overall mean.
    """
    index = np.arange(max(periods, 1))
    day = ((index * uncertainties.period_h + ROUNDING_H) / 24.0).astype(np.int64)
    month = uncertainties.month[(uncertainties.start_day + day) % YEAR_D]
    weekday = (uncertainties.start_weekday + day) % WEEKDAYS
    result = np.zeros(len(uncertainties.kind))
    for v, length in enumerate(uncertainties.length):
        starts = uncertainties.first[v, month, weekday]
        if uncertainties.kind[v] == SERIES and uncertainties.every[v] == PERIOD:
            means = uncertainties.tables[starts + index % length]
        else:
            unique, back = np.unique(starts, return_inverse=True)
            means = np.array([uncertainties.tables[s : s + length].mean() for s in unique])[back]
        result[v] = (means * uncertainties.factor[v, month, weekday]).mean()
    return result


def _declared(quantity: Quantity) -> AnyLaw | Recorded:
    found = quantity.uncertain
    return Constant(value=found) if isinstance(found, int | float) else found


def _tables(quantity: Quantity, period_h: float, folder: Path | None) -> _Tables:
    declared = _declared(quantity)
    factors = declared.factors()
    same = np.zeros(factors.shape, np.int64)
    if isinstance(declared, Recorded):
        if folder is None:
            raise BadInput(quantity.name, "a recorded series", "a folder to find its file in")
        series = declared.values(folder, period_h, quantity.unit, quantity.name)
        return _Tables([series], same, factors)
    try:
        if declared.scales_draws:
            return _Tables([declared.table()], same, factors)
        means, which = np.unique(factors, return_inverse=True)
        tables = [declared.table(float(mean)) for mean in means]
    except BadInput as error:
        raise BadInput(f"{quantity.name}: {error}") from None
    return _Tables(tables, which.reshape(factors.shape), np.ones(factors.shape))


def _within(quantity: Quantity, made: _Tables) -> None:
    """Refuse a quantity that can leave its bounds in any month, on any weekday."""
    ends = np.array([[table.min(), table.max()] for table in made.tables])
    reached = ends[made.which] * made.factor[..., None]
    low, high = float(reached.min()), float(reached.max())
    if low < quantity.least or high > quantity.most:
        unit = "" if quantity.unit == "1" else f" {quantity.unit}"
        bounds = f"{quantity.least:g} to {quantity.most:g}{unit}"
        hint = "low and high truncate a law"
        raise BadInput(quantity.name, f"values of {low:g} to {high:g}", f"{bounds} ({hint})")
