"""Reads and checks files of the Plastic Scanner pairs: diode readings, spectra and photos."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording.readings import inflation, load_arrays

DIODES = ("nm940", "nm1050", "nm1200", "nm1300", "nm1450", "nm1550", "nm1650", "nm1720")
COUNTS = ("sample_counts", "dark_counts", "reference_counts")
NO_ITEM = re.compile(r"ref\d*|reference_end_measurement.*")
"""Case-folded names of white references."""

MAX_BYTES = 2**28
"""Largest file, and largest content of the NPZ, that is read."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Readings:
    """The readings of one device, in the order they were taken.

    ``items`` (R,) are case-folded names, ``values`` (R, bands), ``seconds`` (R,) since 1970 or
    None where the device keeps no time.
    """

    items: list[str]
    values: NDArray[np.float32]
    seconds: Array | None = None

    def rows(self) -> dict[str, list[int]]:
        """Return the rows of each item, in order."""
        found: dict[str, list[int]] = defaultdict(list)
        for row, item in enumerate(self.items):
            found[item].append(row)
        return dict(found)


def _table(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    if not path.is_file():
        raise BadInput(path, "no such file", f"a CSV with columns {', '.join(columns)}")
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(path, f"{path.stat().st_size} bytes", f"at most {MAX_BYTES}")
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            reader = csv.DictReader(handle)
            missing = [c for c in columns if c not in (reader.fieldnames or ())]
            if missing:
                raise BadInput(path, f"no column {', '.join(missing)}", ", ".join(columns))
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, str(error), "a CSV in UTF-8") from None
    for number, row in enumerate(rows, 2):
        if any(row[c] is None for c in columns):
            raise BadInput(f"{path} line {number}", "a short line", f"{len(columns)} columns")
    return rows


def _seconds(text: str, where: str) -> float:
    """Read ``2023-04-19 9:55:26``, local time, as seconds since 1970; hours may be short."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise BadInput(where, f"time {text!r}", "YYYY-MM-DD H:MM:SS") from None


def _numbers(row: Mapping[str, str], where: str) -> list[float]:
    values = []
    for column in DIODES:
        try:
            value = float(row[column])
        except ValueError:
            raise BadInput(f"{where} {column}", repr(row[column]), "a number") from None
        if not 0.0 < value < 1e6:
            raise BadInput(f"{where} {column}", row[column], "a positive finite reading")
        values.append(value)
    return values


def read_led(path: Path) -> Readings:
    """Read diode readings relative to the latest preceding calibration, in order of time.

    Raises
    ------
    BadInput
        For a missing column, a value that is no positive number, an unknown kind of row, or a
        reading with no calibration before it.
    """
    rows = _table(path, ("Name", "sample", "MeasurementType", "DateTime", *DIODES))
    readings: list[tuple[float, bool, str, list[float], str]] = []
    for number, row in enumerate(rows, 2):
        where = f"{path} line {number}"
        kind = row["MeasurementType"]
        if kind not in {"calibration", "regular"}:
            raise BadInput(where, f"MeasurementType {kind!r}", "calibration or regular")
        item = row["sample"].strip().casefold()
        if kind == "regular":
            if not item:
                raise BadInput(where, "a reading of no sample", "an item's name")
            if NO_ITEM.fullmatch(item):
                continue
        time = _seconds(row["DateTime"], where)
        readings.append((time, kind == "regular", item, _numbers(row, where), where))
    readings.sort(key=lambda r: (r[0], r[1]))
    white: Array | None = None
    items, values, seconds = [], [], []
    for time, regular, item, numbers, where in readings:
        if not regular:
            white = np.array(numbers)
            continue
        if white is None:
            raise BadInput(where, "a reading before any calibration", "a calibration row first")
        items.append(item)
        values.append(np.array(numbers) / white)
        seconds.append(time)
    if not items:
        raise BadInput(path, "no readings of items", "at least one")
    return Readings(items, np.array(values, np.float32), np.array(seconds))


def _arrays(path: Path, rows: int) -> dict[str, NDArray[Any]]:
    """Read the spectrometer's count arrays; nothing is unpickled, nor inflated beyond MAX_BYTES."""
    if not path.is_file():
        raise BadInput(path, "no such file", f"an NPZ with {', '.join(COUNTS)}")
    arrays = load_arrays(path, inflation(path, MAX_BYTES))
    missing = [k for k in ("wavelength_nm", *COUNTS) if k not in arrays]
    if missing:
        raise BadInput(path, f"no array {', '.join(missing)}", ", ".join(COUNTS))
    bands = arrays["wavelength_nm"].shape[0] if arrays["wavelength_nm"].ndim == 1 else 0
    for name in COUNTS:
        found = arrays[name]
        if found.shape != (rows, bands) or found.dtype.kind not in "fiu" or bands < 1:
            expected = f"numbers ({rows}, {bands}), one row for each line of the index"
            raise BadInput(f"{path} {name}", f"{found.dtype} {found.shape}", expected)
    return arrays


def read_nir(folder: Path) -> tuple[Readings, dict[str, str], NDArray[np.float32]]:
    """Read the spectrometer's readings by scan number, each item's polymer, and wavelengths (nm).

    Raises
    ------
    BadInput
        If index and spectra do not fit, a reference is not above its dark counts, a value is
        not finite, or an item has two polymers.
    """
    index = folder / "nir_index.csv"
    rows = _table(index, ("sample", "scan", "polymer"))
    path = folder / "nir_spectra.npz"
    arrays = _arrays(path, len(rows))
    sample, dark, reference = (arrays[name].astype(np.float64) for name in COUNTS)
    if not (reference > dark).all():
        row, band = map(int, np.argwhere(~(reference > dark))[0])
        raise BadInput(f"{path} row {row} band {band}", "reference <= dark", "a lit reference")
    reflectance = (sample - dark) / (reference - dark)
    if not np.isfinite(reflectance).all():
        row, band = map(int, np.argwhere(~np.isfinite(reflectance))[0])
        raise BadInput(f"{path} row {row} band {band}", "NaN or infinity", "finite counts")
    polymers: dict[str, str] = {}
    kept: list[tuple[str, int, int]] = []
    for number, line in enumerate(rows):
        item, where = line["sample"].strip().casefold(), f"{index} line {number + 2}"
        if NO_ITEM.fullmatch(item):
            continue
        if not line["scan"].strip().isdecimal() or not item or not line["polymer"].strip():
            raise BadInput(where, f"sample {item!r}, scan {line['scan']!r}", "a name and a number")
        polymer = line["polymer"].strip()
        if polymers.setdefault(item, polymer) != polymer:
            raise BadInput(where, f"polymer {polymer}", f"{polymers[item]}, as before")
        kept.append((item, int(line["scan"]), number))
    if not kept:
        raise BadInput(index, "no readings of items", "at least one")
    order = [number for _, _, number in sorted(kept, key=lambda k: (k[0], k[1]))]
    names = [rows[number]["sample"].strip().casefold() for number in order]
    wavelength = arrays["wavelength_nm"].astype(np.float32)
    return Readings(names, reflectance[order].astype(np.float32)), polymers, wavelength


def find_photos(folder: Path, items: Mapping[str, str]) -> dict[str, Path]:
    """Find the photo of each item, by file name without case.

    One whose name lacks the polymer (``KL200.jpg``) belongs to the only item that it begins.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("*.jpg")) if folder.is_dir() else ():
        stem = path.stem.casefold()
        begun = [item for item in items if item.startswith(f"{stem}_")]
        if stem in items:
            found[stem] = path
        elif len(begun) == 1 and begun[0] not in found:
            found[begun[0]] = path
    return found
