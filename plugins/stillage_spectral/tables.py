"""Spectra in CSV files: one a row (wavelengths in the header), or one a column."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from stillage.errors import BadInput
from stillage_spectral.spectra import MAX_BANDS, MAX_VALUES, Quantity, Spectra, Unit, spectra

MAX_BYTES = 2**30
BAND = re.compile(r"(?:[a-z_]{1,3}[ _]?)?(\d+(?:[.,]\d+)?)(?:[ _]?(?:nm|um|cm-1|1/cm))?", re.I)
"""A column that is a band: a number with or without a unit (``1204``, ``nm1204``, ``R_1204``)."""

LEAST_NM = 50.0
"""A first line of numbers alone is a header if all are at least this, else already values."""

NAMES = ("name", "sample", "id", "item", "title")
"""Columns, in this order, that name a spectrum."""


def _rows(path: Path) -> tuple[list[list[str]], bool]:
    """Cells, and whether decimals are commas (a file that semicolons or tabs separate)."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(path, f"{path.stat().st_size} bytes", f"at most {MAX_BYTES}")
        with path.open(newline="", encoding="utf-8-sig") as handle:
            head = handle.readline(2**20)
            handle.seek(0)
            separator = max(";\t,", key=head.count)
            rows = [row for row in csv.reader(handle, delimiter=separator) if any(row)]
    except OSError as error:
        raise BadInput(path, error.strerror or error, "a CSV file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, str(error), "a CSV in UTF-8") from None
    if len(rows) < 2 or len(rows[0]) < 2:
        raise BadInput(path, f"{len(rows)} lines of {len(rows[0]) if rows else 0} cells",
                       "a header, and spectra below it")  # fmt: skip
    return rows, separator != ","


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
    """Spectra of a CSV file; a header with two bands or more has one spectrum a row.

    Else the first column holds the wavelengths and each further one is a spectrum. Columns of a
    wide table that are no bands are kept as text about the spectrum.

    Raises
    ------
    BadInput
        One line with file and line number.
    """
    place = Path(path)
    rows, commas = _rows(place)
    header = [cell.strip() for cell in rows[0]]
    bands = {k: band for k, cell in enumerate(header) if (band := _band(cell, commas)) is not None}
    # A first line of numbers alone may be a header of wavelengths, or the first of two columns.
    wide = len(bands) >= 2 and (len(bands) < len(header) or min(bands.values()) >= LEAST_NM)
    cells = (len(rows) - 1) * (len(bands) if wide else len(header))
    if len(bands) > MAX_BANDS or cells > MAX_VALUES:
        raise BadInput(place, f"{len(bands)} bands, {cells} values", f"{MAX_BANDS}, {MAX_VALUES}")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            raise BadInput(f"{place} line {number}", f"{len(row)} cells", f"{len(header)}")
    if wide:
        return [_wide(rows, header, bands, commas, unit, quantity, str(place))]
    return [_tall(rows, header, commas, unit, quantity, place)]


def _wide(
    rows: list[list[str]],
    header: list[str],
    bands: Mapping[int, float],
    commas: bool,
    unit: Unit,
    quantity: Quantity,
    where: str,
) -> Spectra:
    told = [k for k in range(len(header)) if k not in bands]
    columns = list(bands)
    values = np.empty((len(rows) - 1, len(columns)))
    about: list[dict[str, str]] = []
    for number, row in enumerate(rows[1:]):
        at = f"{where} line {number + 2}"
        try:
            values[number] = [row[k] for k in columns]
        except ValueError:
            values[number] = [_number(row[k], commas, f"{at} {header[k]}") for k in columns]
        text = {header[k].casefold(): row[k].strip()[:200] for k in told if header[k]}
        named = next((text[name] for name in NAMES if text.get(name)), f"row {number + 1}")
        about.append({**text, "name": named})
    return spectra(list(bands.values()), values, tuple(about), unit, quantity, where)


def _tall(
    rows: list[list[str]],
    header: list[str],
    commas: bool,
    unit: Unit,
    quantity: Quantity,
    place: Path,
) -> Spectra:
    numbers = rows[1:]
    try:
        float(header[0].replace(",", "."))
    except ValueError:
        names = [name or f"column {k}" for k, name in enumerate(header[1:], 2)]
    else:
        numbers, names = rows, [place.stem]
        if len(header) > 2:
            names = [f"{place.stem} {k}" for k in range(1, len(header))]
    first = 1 if numbers is rows else 2
    table = np.array([
        [_number(cell, commas, f"{place} line {line}") for cell in row]
        for line, row in enumerate(numbers, first)
    ])  # fmt: skip
    about = tuple({"name": name[:200]} for name in names)
    return spectra(table[:, 0], table[:, 1:].T, about, unit, quantity, str(place))
