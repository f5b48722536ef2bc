"""Read baselines in the format of PV_ICE (NREL, https://github.com/NREL/PV_ICE).

A file has a line of column names, one of their units, then a row a year. Percentages become
fractions and masses kilograms; any other unit stays as it is written, and an empty cell is NaN.
Mass tables of materials have ``mat_virgin_eff, mat_massperm2, mat_MFG_eff, ...``, their energy
tables ``e_mat_extraction, e_mat_MFG, ...`` in kWh/kg, and module tables the routes at the end of
life, ``mod_EOL_pg0_resell`` to ``mod_EOL_pg4_recycled`` for good modules, ``pb1`` to ``pb4`` for
bad.
Releases differ in the names of some columns; those of 2020 to 2024 are known.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_sim.sources.csvfile import Table, number, read_csv

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_SIZES = {"%": (0.01, "1"), "mg": (1e-6, "kg"), "g": (1e-3, "kg"), "kg": (1.0, "kg")}
_SUM_TOLERANCE = 1e-6

_YIELD_COLUMNS: dict[str, tuple[str, ...]] = {
    "virgin_yield": ("mat_virgin_eff",),
    "kg_per_m2": ("mat_massperm2",),
    "manufacturing_yield": ("mat_MFG_eff",),
    "scrap_recycled": ("mat_MFG_scrap_Recycled",),
    "scrap_recycling_yield": ("mat_MFG_scrap_Recycling_eff",),
    "scrap_high_quality": ("mat_MFG_scrap_Recycled_into_HQ",),
    "scrap_reused": ("mat_MFG_scrap_Recycled_into_HQ_Reused4MFG",),
    "eol_recycled": ("mat_PG4_Recycling_target", "mat_EOL_collected_Recycled"),
    "eol_recycling_yield": ("mat_Recycling_yield", "mat_EOL_Recycling_eff"),
    "eol_high_quality": ("mat_EOL_Recycled_into_HQ",),
    "eol_reused": ("mat_EOL_RecycledHQ_Reused4MFG",),
}
"""Fields of :class:`Yields` and the columns that releases of PV_ICE have for them."""

_ENERGY_COLUMNS: dict[str, tuple[str, ...]] = {
    "extraction": ("e_mat_extraction",),
    "manufacturing": ("e_mat_MFG",),
    "scrap_low_quality": ("e_mat_MFGScrap_LQ",),
    "scrap_high_quality": ("e_mat_MFGScrap_HQ",),
    "landfill": ("e_mat_Landfill",),
    "remanufacturing_clean": ("e_mat_EoL_ReMFG_clean",),
    "recycled_low_quality": ("e_mat_Recycled_LQ",),
    "recycled_high_quality": ("e_mat_Recycled_HQ",),
}
"""Fields of :class:`Energies` and their columns."""

ROUTES = ("resell", "landfill", "stored", "reMFG", "recycled")


class Baseline(NamedTuple):
    """A baseline table: its file's name, ``years`` int64 (Y,), columns float64 (Y,), their units.

    ``lines`` (Y,) are the rows' lines in the file.
    """

    name: str
    lines: list[int]
    years: Ints
    values: dict[str, Floats]
    units: dict[str, str]

    def column(self, *names: str) -> tuple[str, Floats]:
        """Return the first of several names that there is, whatever its case, and its values.

        Raises ``BadInput`` if there is none of them.
        """
        known = {name.lower(): name for name in self.values}
        for name in names:
            if name.lower() in known:
                found = known[name.lower()]
                return found, self.values[found]
        raise BadInput(f"{self.name}, line 1", f"no column {names[0]!r}", " or ".join(names))

    def where(self, row: int, column: str) -> str:
        """Name a cell as ``file, line 3, column 'x'``."""
        return f"{self.name}, line {self.lines[row]}, column {column!r}"

    def row(self, year: int) -> int:
        """Return the row of a year, for arrays (Y,).

        Raises ``BadInput`` if the table does not have it; years are not extrapolated.
        """
        rows = np.flatnonzero(self.years == year)
        if not rows.size:
            span = f"one of {self.years[0]} to {self.years[-1]}"
            raise BadInput(f"{self.name}, column 'year'", f"no year {year}", span)
        return int(rows[0])


class Yields(NamedTuple):
    """The yields of a material, float64 (Y,) each: fractions, and kg a square metre of module.

    Virgin extraction and manufacturing have yields; of manufacturing scrap a share is recycled,
    with a yield, a share of which is of high quality, a share of which is used again for the
    same product; likewise at the end of life (``eol_``), of what was collected.
    """

    virgin_yield: Floats
    kg_per_m2: Floats
    manufacturing_yield: Floats
    scrap_recycled: Floats
    scrap_recycling_yield: Floats
    scrap_high_quality: Floats
    scrap_reused: Floats
    eol_recycled: Floats
    eol_recycling_yield: Floats
    eol_high_quality: Floats
    eol_reused: Floats

    @property
    def eol_recovered(self) -> Floats:
        """Compute what recycling yields, at any quality, of what is collected after use."""
        return np.asarray(self.eol_recycled * self.eol_recycling_yield)

    @property
    def eol_closed_loop(self) -> Floats:
        """Compute what becomes the same product again, of what is collected after use."""
        return np.asarray(self.eol_recovered * self.eol_high_quality * self.eol_reused)


class Energies(NamedTuple):
    """The energies of a material's processes, kWh/kg, float64 (Y,) each; NaN where there is none.

    Which share of an energy is fuel is among the baseline's other columns.
    """

    extraction: Floats
    manufacturing: Floats
    scrap_low_quality: Floats
    scrap_high_quality: Floats
    landfill: Floats
    remanufacturing_clean: Floats
    recycled_low_quality: Floats
    recycled_high_quality: Floats


def read_baseline(path: Path) -> Baseline:
    """Read any PV_ICE baseline table.

    Raises
    ------
    BadInput
        One line that names file, line and column: if there is no line of units, a cell is
        neither empty nor a finite number, a percentage leaves 0 to 100, or years do not rise by
        whole numbers.
    """
    return baseline_of(read_csv(path))


def has_units(table: Table) -> bool:
    """Tell whether a table has a line of units below its names, and years: as PV_ICE's have."""
    title = _title_of_years(table)
    return title is not None and table.columns[title][0].strip().lower().startswith("year")


def baseline_of(table: Table) -> Baseline:
    """Read a baseline from a CSV file's cells; raises BadInput as :func:`read_baseline`."""
    titles = {title.lower(): title for title in table.columns}
    if len(titles) < len(table.columns):
        raise BadInput(f"{table.name}, line 1", "column names that differ in case", "distinct")
    title = _title_of_years(table)
    if title is None:
        raise BadInput(f"{table.name}, line 1", "no column 'year'", "a PV_ICE baseline")
    if not has_units(table):
        unit = table.columns[title][0].strip()
        raise BadInput(table.where(0, title), repr(unit), "a line of units that begins with year")
    values, units = {}, {}
    for name, cells in table.columns.items():
        if name != title:
            values[name], units[name] = _converted(table, name, cells[0].strip())
    return Baseline(table.name, table.lines[1:], _years(table, title), values, units)


def _title_of_years(table: Table) -> str | None:
    return next((title for title in table.columns if title.lower() == "year"), None)


def _converted(table: Table, name: str, unit: str) -> tuple[Floats, str]:
    size, ours = _SIZES.get(unit, (1.0, unit))
    if not unit:
        raise BadInput(table.where(0, name), "no unit", "a unit")
    least, most = (0.0, 100.0) if unit == "%" else (-np.inf, np.inf)
    found = [
        number(cell, table.where(row, name), least, most) if cell.strip() else np.nan
        for row, cell in enumerate(table.columns[name][1:], 1)
    ]
    return np.array(found, np.float64) * size, ours


def _years(table: Table, title: str) -> Ints:
    years: list[int] = []
    for row, cell in enumerate(table.columns[title][1:], 1):
        value = number(cell, table.where(row, title))
        if value != int(value) or (years and value <= years[-1]):
            raise BadInput(table.where(row, title), cell, "whole years that rise")
        years.append(int(value))
    if not years:
        raise BadInput(table.name, "no years", "a row a year below the units")
    return np.array(years, np.int64)


def material_yields(baseline: Baseline) -> Yields:
    """Read the yields of a material's mass table.

    Raises ``BadInput`` if a column is missing, has an empty cell, or another unit than percent (g
    or kg for the mass a square metre).
    """
    return Yields(**{
        field: _in(baseline, "kg" if field == "kg_per_m2" else "1", names)
        for field, names in _YIELD_COLUMNS.items()
    })  # fmt: skip


def material_energies(baseline: Baseline) -> Energies:
    """Read the energies of a material's energy table.

    Raises ``BadInput`` if a column is missing or not in kWh/kg; its cells may be empty.
    """
    return Energies(**{
        field: _in(baseline, "kWh/kg", names, empty=True)
        for field, names in _ENERGY_COLUMNS.items()
    })  # fmt: skip


def end_of_life_routes(baseline: Baseline, good: bool = True) -> Floats:
    """Read where collected modules go, (Y, 5) shares by :data:`ROUTES` that sum to 1.

    Of a module table; ``good`` ones (that still work), else bad ones, which are never resold.

    Raises ``BadInput`` if a column is missing, or the routes of a year do not sum to 100 %.
    """
    shares = np.zeros((len(baseline.years), len(ROUTES)))
    letter = "g" if good else "b"
    for k, route in enumerate(ROUTES):
        if good or k > 0:
            shares[:, k] = _in(baseline, "1", (f"mod_EOL_p{letter}{k}_{route}",))
    for row, total in enumerate(shares.sum(1)):
        if abs(total - 1.0) > _SUM_TOLERANCE:
            where = baseline.where(row, f"mod_EOL_p{letter}{int(not good)}...")
            raise BadInput(where, f"a sum of {100.0 * total:g} %", "100 %")
    return shares


def _in(baseline: Baseline, unit: str, names: tuple[str, ...], empty: bool = False) -> Floats:
    name, values = baseline.column(*names)
    if baseline.units[name] != unit:
        where = f"{baseline.name}, line 2, column {name!r}"
        wanted = {"1": "%", "kg": "g or kg"}.get(unit, unit)
        raise BadInput(where, f"unit {baseline.units[name]!r}", wanted)
    wrong = (values < 0.0) | (np.isnan(values) & (not empty))
    if wrong.any():
        row = int(np.argmax(wrong))
        found = "an empty cell" if np.isnan(values[row]) else f"{values[row]:g}"
        raise BadInput(baseline.where(row, name), found, "a number from 0")
    return values
