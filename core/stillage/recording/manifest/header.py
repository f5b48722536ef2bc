"""Parse the header and the lines of a manifest; their meaning is described in ``reader``."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from stillage.errors import BadInput

MAX_MANIFEST_BYTES = 2**28
Line = tuple[int, list[str]]
"""Line number in the file, cells without surrounding blanks."""

_COLUMN = re.compile(
    r"(?P<role>group|split|comment|path|time|target)(?::(?P<name>[^\[\]{}]+))?"
    r"(?:\[(?P<unit>[^\]]*)\])?(?:\{(?P<classes>[^}]*)\})?"
)
_NAMED = {"path", "time", "target"}
_EXPECTED = (
    "group, split, comment, path:MODALITY[unit], time:MODALITY, target:NAME, "
    "target:NAME[unit] or target:NAME{A|B}"
)


@dataclass
class Column:
    """A column of a manifest: its role, its modality's or target's name, and its brackets."""

    role: str
    name: str
    unit: str | None
    classes: tuple[str, ...]
    ordinal: bool
    place: int


def parse(path: Path) -> tuple[list[Column], list[Line]]:
    """Read the columns from the header, and the lines that are not empty.

    Raises
    ------
    BadInput
        If there is no readable CSV, or its header or a line does not fit.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise BadInput(path, found, "a manifest (CSV)")
    if path.stat().st_size > MAX_MANIFEST_BYTES:
        raise BadInput(path, f"{path.stat().st_size} bytes", f"<= {MAX_MANIFEST_BYTES}")
    lines: list[Line] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:  # -sig: spreadsheets mark UTF-8
            reader = csv.reader(handle)
            header = next(reader, [])
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    lines.append((reader.line_num, [cell.strip() for cell in cells]))
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadInput(path, f"no readable CSV ({error})", "UTF-8 comma-separated values") from None
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise BadInput(f"{path} header", "semicolons or tabs between columns", "commas")
    columns = [_column(path, place, text.strip()) for place, text in enumerate(header)]
    _check_header(path, columns)
    for number, cells in lines:
        if len(cells) != len(header):
            raise BadInput(f"{path} line {number}", f"{len(cells)} cells", f"{len(header)}")
    if not lines:
        raise BadInput(path, "no lines", "one line a sample")
    return columns, lines


def _check_header(path: Path, columns: list[Column]) -> None:
    keys = [(c.role, c.name) for c in columns if c.role != "comment"]
    twice = sorted({f"{r}:{n}".rstrip(":") for r, n in keys if keys.count((r, n)) > 1})
    if twice:
        raise BadInput(f"{path} header", f"{twice[0]} twice", "each column once")
    roles = {column.role for column in columns}
    for role in ("group", "path"):
        if role not in roles:
            raise BadInput(f"{path} header", f"no {role} column", _EXPECTED)
    paths = {c.name for c in columns if c.role == "path"}
    for column in columns:
        if column.role == "time" and column.name not in paths:
            raise BadInput(f"{path} header", f"time:{column.name}", f"a time of {sorted(paths)}")


def _column(path: Path, place: int, text: str) -> Column:
    found = _COLUMN.fullmatch(text)
    role = found["role"] if found else ""
    if not found or (role in _NAMED) != bool(found["name"]):
        raise BadInput(f"{path} header", f"column {text!r}", _EXPECTED)
    inside = found["classes"] or ""
    mark = "<" if "<" in inside else "|"
    classes = tuple(c.strip() for c in inside.split(mark)) if inside else ()
    if classes and (role != "target" or found["unit"] is not None):
        raise BadInput(f"{path} header", f"column {text!r}", _EXPECTED)
    return Column(role, (found["name"] or "").strip(), found["unit"], classes, mark == "<", place)


def only(columns: list[Column], role: str) -> Column:
    """Give the column of a role of which a manifest has one."""
    return next(column for column in columns if column.role == role)
