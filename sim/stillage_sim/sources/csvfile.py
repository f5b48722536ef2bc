"""Read CSV files within bounds; errors name file, line and column.

A file is comma-separated UTF-8 with one line of column names; every row has as many cells.
"""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput

MAX_BYTES = 64 << 20
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class Table(NamedTuple):
    """The columns of a file by name, their cells as text, and each row's line in the file."""

    name: str
    columns: dict[str, list[str]]
    lines: list[int]

    def where(self, row: int, column: str) -> str:
        """Name a cell as ``file, line 3, column 'x'``."""
        return f"{self.name}, line {self.lines[row]}, column {column!r}"

    def column(self, name: str) -> list[str]:
        """Return the cells of a column; raises BadInput if there is none."""
        if name not in self.columns:
            known = ", ".join(map(repr, self.columns))
            raise BadInput(f"{self.name}, line 1", f"no column {name!r}", f"one of {known}")
        return self.columns[name]

    def numbers(
        self, name: str, least: float = -math.inf, most: float = math.inf
    ) -> NDArray[np.float64]:
        """Read a column as float64 (rows,), each within [least, most]; or BadInput."""
        values = [
            number(cell, self.where(row, name), least, most)
            for row, cell in enumerate(self.column(name))
        ]
        return np.array(values, np.float64)


def number(cell: str, where: str, least: float = -math.inf, most: float = math.inf) -> float:
    """Read one finite number, written with a decimal point, within [least, most]; or BadInput.

    >>> number(" 1e-3 ", "here")
    0.001
    """
    text = cell.strip()
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise BadInput(where, repr(text[:40]), "a finite number with a decimal point")
    if not least <= value <= most:
        raise BadInput(where, text[:40], f"a number of {least:g} to {most:g}")
    return value


def inside(folder: Path, name: str, where: str) -> Path:
    """Find the file that ``name`` means inside ``folder``; it never leaves it, not even by a link.

    Raises ``BadInput`` if the path is absolute, leaves the folder, or is no file.
    """
    pure = PurePosixPath(name.replace("\\", "/"))
    root = folder.resolve()
    leaves = pure.is_absolute() or ".." in pure.parts or "\x00" in name
    try:
        path = root if leaves else (root / pure).resolve()
    except RuntimeError:  # links in a circle
        raise BadInput(where, f"path {name!r}, links in a circle", "a file") from None
    if leaves or not path.is_relative_to(root):
        raise BadInput(where, f"path {name!r}", "a path inside the folder of the file naming it")
    if not path.is_file():
        raise BadInput(where, f"no file {name!r}", "a file")
    return path


def read_csv(path: Path) -> Table:
    """Read all columns of a CSV file as text; blank lines are skipped.

    Raises
    ------
    BadInput
        If it is missing, larger than 64 MiB, not UTF-8, has no rows, no or repeated column
        names, or a row of another length; unnamed columns must be empty throughout.
    """
    name = path.name
    rows, lines = _rows(path)
    if len(rows) < 2:
        raise BadInput(name, f"{len(rows)} line(s)", "a line of column names, and rows")
    header = [cell.strip() for cell in rows[0]]
    if len(header) == 1 and ";" in header[0]:
        raise BadInput(f"{name}, line {lines[0]}", "columns parted by ';'", "','")
    for row, line in zip(rows[1:], lines[1:], strict=True):
        if len(row) != len(header):
            raise BadInput(f"{name}, line {line}", f"{len(row)} cells", f"{len(header)}")
    columns: dict[str, list[str]] = {}
    for number_, title in enumerate(header):
        cells = [row[number_] for row in rows[1:]]
        if title in columns:
            raise BadInput(f"{name}, line {lines[0]}", f"column {title!r} twice", "distinct names")
        if title:
            columns[title] = cells
        elif any(cell.strip() for cell in cells):
            place = f"column {number_ + 1} without a name"
            raise BadInput(f"{name}, line {lines[0]}", place, "a name for every column")
    if not columns:
        raise BadInput(f"{name}, line {lines[0]}", "no column names", "names")
    return Table(name, columns, lines[1:])


def _rows(path: Path) -> tuple[list[list[str]], list[int]]:
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise BadInput(path.name, "a device or a pipe", "a file")  # it might never end
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise BadInput(path.name, f"{size} bytes", f"at most {MAX_BYTES}")
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            pairs = [(row, reader.line_num) for row in reader if any(map(str.strip, row))]
    except OSError as error:
        raise BadInput(path.name, error.strerror, "a readable file") from None
    except UnicodeDecodeError:
        raise BadInput(path.name, "bytes that are no UTF-8", "a UTF-8 text file") from None
    except BadInput:
        raise
    except ValueError as error:  # a NUL in the path
        raise BadInput(repr(path.name), str(error), "a readable file") from None
    except csv.Error as error:
        raise BadInput(f"{path.name}, line {reader.line_num}", str(error), "CSV") from None
    return [row for row, _ in pairs], [line for _, line in pairs]
