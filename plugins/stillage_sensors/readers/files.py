"""Reads files of series that may come from anywhere: no pickle, bounded inflation.

What does not fit is refused in one line.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording.readings import inflation, load_arrays

MAX_BYTES = 1 << 28
"""Most content of one file that is read: 256 MiB."""


def locate(path: str | Path, name: str) -> Path:
    """Find the file ``name`` in the folder ``path``, or ``path`` itself where it is a file.

    Raises
    ------
    BadInput
        If there is none.
    """
    given = Path(path)
    found = given / name if given.is_dir() else given
    if not found.is_file():
        raise BadInput(found, "no such file", f"{name} or its folder")
    return found


def arrays_of(path: Path, limit: int = MAX_BYTES) -> dict[str, NDArray[Any]]:
    """Read the arrays of an NPZ file; sizes are checked before anything is inflated.

    Raises
    ------
    BadInput
        For a file that is damaged, pickled, or promises more than ``limit`` bytes or more than
        readings in a file of its size can be (:func:`stillage.recording.readings.inflation`).
    """
    return load_arrays(path, inflation(path, limit))


def wanted(
    path: Path, arrays: dict[str, NDArray[Any]], shapes: dict[str, tuple[int | None, ...]]
) -> None:
    """Refuse arrays that lack a name of ``shapes`` or have another shape (None: any size).

    Numbers only: names of one dimension ``()`` may be scalars.
    """
    missing = sorted(set(shapes) - set(arrays))
    if missing:
        raise BadInput(path, f"no array {', '.join(missing)}", ", ".join(shapes))
    for name, shape in shapes.items():
        found = arrays[name]
        fits = found.ndim == len(shape) and all(
            want is None or want == have for want, have in zip(shape, found.shape, strict=True)
        )
        if not fits or found.dtype.kind not in "fiu":
            sizes = tuple("any" if size is None else size for size in shape)
            raise BadInput(f"{path} {name}", f"{found.dtype} {found.shape}", f"numbers {sizes}")


def text_of(path: Path, limit: int = MAX_BYTES) -> str:
    """Read text in UTF-8, gunzipped where the file ends in ``.gz``, at most ``limit`` bytes."""
    if path.suffix == ".gz":
        limit = inflation(path, limit)
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as handle:
            content = handle.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(path, str(reason), "a text file that can be read") from None
    if len(content) > limit:
        raise BadInput(path, f"more than {limit} bytes of content", f"at most {limit}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(path, f"no UTF-8 at byte {error.start}", "text in UTF-8") from None


def table_of(path: Path, columns: Iterable[str] = ()) -> tuple[list[str], list[list[str]]]:
    """Read header and rows of a CSV, every row as long as the header.

    Raises
    ------
    BadInput
        For missing ``columns``, a column twice, a row of another length, or no rows.
    """
    try:
        lines = csv.reader(io.StringIO(text_of(path), newline=None))
        return _table(path, lines, tuple(columns))
    except csv.Error as error:
        raise BadInput(path, str(error), "a CSV") from None


def _table(
    path: Path, lines: Iterator[list[str]], columns: tuple[str, ...]
) -> tuple[list[str], list[list[str]]]:
    """Check lines one by one, since most of a hostile file's may be empty; see :func:`table_of`."""
    header = [name.strip() for name in next(lines, [])]
    missing = [name for name in columns if name not in header]
    if missing or not header:
        fault = f"no column {', '.join(missing)}" if missing else "no header"
        raise BadInput(path, fault, ", ".join(columns) or "names of columns in the first line")
    if len(set(header)) < len(header):
        raise BadInput(path, "a column twice", "each once")
    rows: list[list[str]] = []
    for row in filter(None, lines):
        if len(row) != len(header):
            raise BadInput(f"{path} line {len(rows) + 2}", f"{len(row)} cells", f"{len(header)}")
        rows.append(row)
    if not rows:
        raise BadInput(path, "no rows", "at least one below the header")
    return header, rows


def cells_of(path: Path, columns: Iterable[str]) -> dict[str, list[str]]:
    """Read the cells of these columns of a CSV, stripped; refuse as :func:`table_of` does."""
    names = tuple(columns)
    header, rows = table_of(path, names)
    return {name: [row[header.index(name)].strip() for row in rows] for name in names}


def numbers(path: Path, name: str, cells: list[str], empty: bool = False) -> NDArray[np.float64]:
    """Turn cells of a column into numbers; with ``empty``, empty ones become NaN.

    Raises
    ------
    BadInput
        For a cell that is no finite number, with its line.
    """
    out = np.empty(len(cells))
    for place, cell in enumerate(cells):
        try:
            value = float(cell) if cell.strip() or not empty else np.nan
        except ValueError:
            raise BadInput(f"{path} line {place + 2} {name}", repr(cell), "a number") from None
        if not np.isfinite(value) and cell.strip():
            raise BadInput(f"{path} line {place + 2} {name}", repr(cell), "a finite number")
        out[place] = value
    return out
