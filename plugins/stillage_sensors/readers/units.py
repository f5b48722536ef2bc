"""Reads ``units.csv``: group, split and targets of each file of a folder of series."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stillage.errors import BadInput
from stillage.recording import TargetColumn
from stillage.task import LabelState
from stillage_sensors.readers.files import table_of

_NUMBER = re.compile(r"target:([A-Za-z0-9_-]+)\[([^\[\]]*)\]")
_CLASSES = re.compile(r"target:([A-Za-z0-9_-]+)\{([^{}]+)\}")


@dataclass(frozen=True)
class Units:
    """The rows of ``units.csv``: by file name, its cells by column."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    path: str = "units.csv"

    def group(self, file: str) -> str:
        """The file's group; its own name where none is given."""
        return self.rows.get(file, {}).get("group") or file

    def split(self, file: str, count: int) -> list[str] | None:
        """The file's part of the split for each of its windows, if the table has that column."""
        row = self.rows.get(file, {})
        return [row["split"]] * count if "split" in row else None

    def targets(self, file: str, count: int) -> list[TargetColumn]:
        """The file's targets, alike for each of its windows; empty cells are unlabelled."""
        row = self.rows.get(file, {})
        found = []
        for name, cell in row.items():
            number, classes = _NUMBER.fullmatch(name), _CLASSES.fullmatch(name)
            if number:
                found.append(self._number(file, number[1], number[2], cell, count))
            elif classes:
                found.append(_class(classes[1], tuple(classes[2].split("|")), cell, count))
        return found

    def _number(self, file: str, name: str, unit: str, cell: str, count: int) -> TargetColumn:
        try:
            value = float(cell) if cell else 0.0
        except ValueError:
            raise BadInput(f"{self.path} {file} {name}", repr(cell), "a number") from None
        states = np.full(count, LabelState.LABELLED if cell else LabelState.UNLABELLED, np.int8)
        return TargetColumn(name, "regression", np.full(count, value), states, unit=unit)


def _class(name: str, classes: tuple[str, ...], cell: str, count: int) -> TargetColumn:
    state = LabelState.UNLABELLED
    if cell:
        state = LabelState.LABELLED if cell in classes else LabelState.OUT_OF_SET
    value = classes.index(cell) if cell in classes else -1
    states = np.full(count, state, np.int8)
    return TargetColumn(name, "classification", np.full(count, value), states, classes)


def read_units(path: Path, files: list[str]) -> Units:
    """Read the table at ``path``, where there is one; every file needs a row in it.

    Raises
    ------
    BadInput
        For an unknown column or file, a file without a row or with two.
    """
    if not path.is_file():
        return Units()
    header, rows = table_of(path, ("file",))
    unknown = [
        name
        for name in header
        if name not in ("file", "group", "split", "comment")
        and not _NUMBER.fullmatch(name)
        and not _CLASSES.fullmatch(name)
    ]
    if unknown:
        expected = "file, group, split, comment, target:NAME[unit], target:NAME{A|B}"
        raise BadInput(path, f"column {unknown[0]!r}", expected)
    found: dict[str, dict[str, str]] = {}
    for number, row in enumerate(rows, 2):
        cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
        file = cells["file"]
        if file not in files or file in found:
            fault = "a file twice" if file in found else f"no file {file!r}"
            raise BadInput(f"{path} line {number}", fault, "each file of the folder once")
        found[file] = cells
    missing = sorted(set(files) - set(found))
    if missing:
        raise BadInput(path, f"no row for {missing[0]}", "each file of the folder once")
    return Units(found, str(path))
