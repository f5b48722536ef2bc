"""Reads spectra in CSV files: one a row (wavelengths in the header), or one a column."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from stillage.errors import BadInput
from stillage_spectral.readers.options import Quantity, Unit
from stillage_spectral.readers.spectra import (
    MAX_BANDS,
    MAX_VALUES,
    Array,
    Spectra,
    spectra,
)

_MAX_BYTES = 2**28
Rows = Iterator[tuple[int, list[str]]]
"""Line number and cells of each line that is not empty."""

BAND = re.compile(r"(?:[a-z_]{1,3}[ _]?)?(\d+(?:[.,]\d+)?)(?:[ _]?(?:nm|um|cm-1|1/cm))?", re.I)
"""A column that is a band: a number with or without a unit (``1204``, ``nm1204``, ``R_1204``)."""

LEAST_NM = 50.0
"""A first line of numbers alone is a header if all are at least this, else already values."""

NAMES = ("name", "sample", "id", "item", "title")
"""Columns, in this order, that name a spectrum."""


@contextmanager
def _rows(path: Path) -> Iterator[tuple[Rows, bool]]:
    """Read numbered lines of cells, one at a time, and whether decimals are commas.

    They are in a file that semicolons or tabs separate.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(path, f"{path.stat().st_size} bytes", f"at most {_MAX_BYTES}")
        with path.open(newline="", encoding="utf-8-sig") as handle:
            head = handle.readline(2**20)
            handle.seek(0)
            separator = max(";\t,", key=head.count)
            lines = csv.reader(handle, delimiter=separator)
            yield ((lines.line_num, row) for row in lines if any(row)), separator != ","
    except OSError as error:
        raise BadInput(path, error.strerror or error, "a CSV file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, str(error), "a CSV in UTF-8") from None


def _number(text: str, commas: bool, where: str) -> float:
    try:
        value = float(text.replace(",", ".") if commas else text)
    except ValueError:
        raise BadInput(where, repr(text[:40]), "a number") from None
    if not np.isfinite(value):
        raise BadInput(where, text[:40], "a finite number")
    return value


def _band(text: str, commas: bool) -> float | None:
    match = BAND.fullmatch(text.strip())
    return float(match.group(1).replace(",", ".") if commas else match.group(1)) if match else None


def read_table(
    path: str | Path, unit: Unit = "nm", quantity: Quantity = "reflectance"
) -> list[Spectra]:
    """Read spectra of a CSV file; a header with two bands or more has one spectrum a row.

    Else the first column holds the wavelengths and each further one is a spectrum. Columns of a
    wide table that are no bands are kept as text about the spectrum.

    Raises
    ------
    BadInput
        One line with file and line number.
    """
    place = Path(path)
    with _rows(place) as (rows, commas):
        header = [cell.strip() for cell in next(rows, (1, []))[1]]
        if len(header) < 2:
            raise BadInput(place, f"{len(header)} cells in the first line",
                           "a header, and spectra below it")  # fmt: skip
        known = {k: _band(cell, commas) for k, cell in enumerate(header)}
        bands = {k: band for k, band in known.items() if band is not None}
        if max(len(bands), len(header)) > MAX_BANDS:
            raise BadInput(place, f"{len(header)} columns", f"at most {MAX_BANDS}")
        # A first line of numbers alone may be a header of wavelengths, or the first of a table.
        wide = len(bands) >= 2 and (len(bands) < len(header) or min(bands.values()) >= LEAST_NM)
        sized = _sized(rows, len(header), place)
        if wide:
            return [_wide(sized, header, bands, commas, (unit, quantity), place)]
        return [_tall(sized, header, commas, (unit, quantity), place)]


def _sized(rows: Rows, columns: int, place: Path) -> Rows:
    """Check that lines are as long as the header, and not too many."""
    for count, (line, row) in enumerate(rows, 1):
        if len(row) != columns:
            raise BadInput(f"{place} line {line}", f"{len(row)} cells", f"{columns}")
        if count * columns > MAX_VALUES:
            raise BadInput(place, f"over {MAX_VALUES} values", f"at most {MAX_VALUES}")
        yield line, row


def _numbers(cells: list[str], names: list[str], commas: bool, where: str) -> Array:
    try:
        return np.array(cells, np.float64)
    except ValueError:
        pairs = zip(cells, names, strict=True)
        return np.array([_number(cell, commas, f"{where} {name}".rstrip()) for cell, name in pairs])


def _wide(
    rows: Rows,
    header: list[str],
    bands: Mapping[int, float],
    commas: bool,
    kinds: tuple[Unit, Quantity],
    place: Path,
) -> Spectra:
    columns, titles = list(bands), [header[k] for k in bands]
    told = [k for k in range(len(header)) if k not in bands and header[k]]
    values: list[Array] = []
    about: list[dict[str, str]] = []
    for line, row in rows:
        values.append(_numbers([row[k] for k in columns], titles, commas, f"{place} line {line}"))
        text = {header[k].casefold(): row[k].strip()[:200] for k in told}
        named = next((text[name] for name in NAMES if text.get(name)), f"row {len(values)}")
        about.append({**text, "name": named})
    if not values:
        raise BadInput(place, "no line below the header", "a spectrum a line")
    grid = list(bands.values())
    return spectra(grid, np.array(values), tuple(about), *kinds, str(place))


def _tall(
    rows: Rows, header: list[str], commas: bool, kinds: tuple[Unit, Quantity], place: Path
) -> Spectra:
    count = len(header) - 1
    table: list[Array] = []
    try:
        float(header[0].replace(",", "."))
    except ValueError:
        names = [name or f"column {k}" for k, name in enumerate(header[1:], 2)]
    else:
        names = [place.stem] if count == 1 else [f"{place.stem} {k + 1}" for k in range(count)]
        table.append(_numbers(header, [""] * len(header), commas, f"{place} line 1"))
    table += [_numbers(row, header, commas, f"{place} line {line}") for line, row in rows]
    if len(table) < 2:
        raise BadInput(place, f"{len(table)} lines of numbers", "a header, and two bands or more")
    about = tuple({"name": name[:200]} for name in names)
    values = np.array(table)
    return spectra(values[:, 0], values[:, 1:].T, about, *kinds, str(place))
