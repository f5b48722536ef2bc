"""Read recorded series: a column of a CSV file, resampled to periods; it begins anew at its end.

>>> resample(np.array([1.0, 3.0, 5.0, 7.0]), 1.0, 2.0, "mean").tolist()
[2.0, 6.0]
>>> resample(np.array([24.0, 48.0]), 24.0, 12.0, "sum").tolist()
[12.0, 12.0, 24.0, 24.0]
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from stillage.errors import BadInput
from stillage_sim.sources.csvfile import Table, inside, read_csv
from stillage_sim.sources.pv_ice import baseline_of, has_units
from stillage_sim.uncertainty.declared import Declared
from stillage_sim.uncertainty.units import conversion

Floats = NDArray[np.float64]
_MOST_PERIODS = 10_000_000
_YEAR_H = 8760.0


class Recorded(Declared):
    """A recorded series: a CSV column whose rows follow each other every ``interval_h`` hours.

    The name of the column may end in its unit in brackets, ``price [EUR/t]``; then ``column``
    may leave it out, and ``unit`` must agree. With ``every = "episode"`` an episode begins at a
    period that is drawn; otherwise at the first row.
    """

    law: Literal["recorded"] = "recorded"
    file: str = Field(min_length=1, description="CSV file, relative to the file naming it.")
    column: str = Field(min_length=1, description="Name of its column.")
    unit: str = Field(min_length=1, description="Unit of its numbers.")
    interval_h: Annotated[float, Field(gt=0, le=87_600, allow_inf_nan=False)] = Field(
        description="Hours from one row to the next.", json_schema_extra={"unit": "h"}
    )
    first_year: int | None = Field(
        default=None, description="Of a table of PV_ICE: the year to begin with; none: its first."
    )
    resampled: Literal["mean", "sum"] = Field(
        default="mean",
        description="Rows of a period are averaged (rates, prices) or added (amounts).",
    )

    def values(self, folder: Path, period_h: float, unit: str, where: str = "unit") -> Floats:
        """Read the series in ``unit``, one value a period of ``period_h`` hours, float64 (N,).

        Raises
        ------
        BadInput
            If the file leaves ``folder``, lacks the column, has another unit or a cell that is
            no finite number, or is shorter than one period.
        """
        factor = conversion(self.unit, unit, where)
        table = read_csv(inside(folder, self.file, where))
        if has_units(table):
            rows = self._by_year(table, where)
        elif self.first_year is not None:
            raise BadInput(where, f"first_year, but no years in {self.file!r}", "a PV_ICE table")
        else:
            rows = table.numbers(self._title(list(table.columns), where))
        try:
            return resample(rows, self.interval_h, period_h, self.resampled) * factor
        except ValueError as error:
            raise BadInput(f"{table.name}: {error}") from None

    def _by_year(self, table: Table, where: str) -> Floats:
        """Return the rows of a table with a line of units, in the declared unit."""
        baseline = baseline_of(table)
        title, rows = baseline.column(self.column)
        written = table.columns[title][0].strip()
        if written != self.unit:
            raise BadInput(where, f"unit {self.unit!r}", f"{written!r}, as {self.file!r} has it")
        if self.interval_h != _YEAR_H or not (np.diff(baseline.years) == 1).all():
            found = f"rows {self.interval_h:g} h apart"
            raise BadInput(where, found, f"every year, {_YEAR_H:g} h apart, as in {self.file!r}")
        first = 0 if self.first_year is None else baseline.row(self.first_year)
        if np.isnan(rows[first:]).any():
            row = first + int(np.argmax(np.isnan(rows[first:])))
            raise BadInput(baseline.where(row, title), "an empty cell", "a number")
        return np.asarray(rows[first:] * conversion(baseline.units[title], self.unit, where))

    def _title(self, titles: list[str], where: str) -> str:
        """Return the column's name as the file has it."""
        if self.column in titles:
            return self.column
        for title in titles:
            name, bracket, rest = title.rpartition("[")
            if bracket and name.strip() == self.column:
                if rest.rstrip("] ") != self.unit:
                    found = f"column {title!r} of {self.file!r}"
                    raise BadInput(where, found, f"the declared unit {self.unit!r}")
                return title
        return self.column


def resample(
    rows: Floats, interval_h: float, period_h: float, how: Literal["mean", "sum"]
) -> Floats:
    """Turn rows of ``interval_h`` hours into periods of ``period_h``, but for an incomplete last.

    Rows are taken as constant over their interval, so both ``mean`` and ``sum`` are exact
    integrals. Raises ``ValueError`` for under one period of rows, or over 10 million.
    """
    ratio = period_h / interval_h
    # A hair more, so that rounding loses no period that is complete.
    count = int(np.floor(len(rows) / ratio * (1.0 + 1e-12)))
    if not 1 <= count <= _MOST_PERIODS:
        raise ValueError(f"found {count} periods of {period_h:g} h, expected 1 to {_MOST_PERIODS}")
    edges = np.minimum(np.arange(count + 1) * ratio, float(len(rows)))
    reached = np.concatenate(([0.0], np.cumsum(rows)))
    amounts = np.diff(np.interp(edges, np.arange(len(rows) + 1.0), reached))
    return np.asarray(amounts if how == "sum" else amounts / ratio)
