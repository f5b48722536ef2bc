"""The reader `manifest`: mask dead and repeated readings, and read registrations."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording.cleaning import FEWEST, Dead, dead_kind, digest_of, tell
from stillage.recording.manifest.files import locate
from stillage.recording.manifest.header import Column, Line, only
from stillage.recording.registration import Registration, estimate_registration

_MAX_TOML_BYTES = 2**20


class Mark(NamedTuple):
    """A mark of a file's reading: its digest ("" if it is small), and in which way it is dead."""

    digest: str
    dead: Dead

    @classmethod
    def of(cls, reading: NDArray[Any]) -> Mark:
        """Make the mark of a reading."""
        return cls(digest_of(reading) if reading.size >= FEWEST else "", dead_kind(reading))


def clean_lines(
    columns: list[Column], lines: list[Line], marks: Mapping[str, Mapping[str, Mark]]
) -> tuple[list[Line], list[str]]:
    """Give the lines without dead and repeated readings, and notes of what was done.

    A dead reading is masked as absent. A file that equals another one bit for bit is masked
    too where it belongs to another group (it would leak from one side of a split to the
    other); in the same group it is stored once. A sample that has no reading left, or is equal
    to an earlier one in all its files, is dropped. One file named twice is no repetition.
    """
    cleaned = [(number, list(cells)) for number, cells in lines]
    notes: list[str] = []
    paths = [column for column in columns if column.role == "path"]
    group = only(columns, "group").place
    for column in paths:
        notes += _clean_column(column, group, cleaned, marks[column.name])
    kept: list[Line] = []
    bare: list[str] = []
    twice: list[str] = []
    seen: set[tuple[str, ...]] = set()
    for (number, before), (_, after) in zip(lines, cleaned, strict=True):
        files, whole = (tuple(cells[c.place] for c in paths) for cells in (after, before))
        key = (after[group], *files)
        if any(whole) and not any(files):
            bare.append(f"line {number}")
        elif files != whole and key in seen:
            twice.append(f"line {number}")
        else:
            kept.append((number, after))
        seen.add(key)
    for what, which in (("without a reading left", bare), ("equal to an earlier one", twice)):
        if which:
            some = ", ".join(which[:5]) + (f" and {len(which) - 5} more" if which[5:] else "")
            noun = "sample" if len(which) == 1 else "samples"
            notes.append(f"dropped {len(which)} {noun} {what} ({some})")
    return kept, notes


def _clean_column(
    column: Column, group: int, lines: list[Line], marks: Mapping[str, Mark]
) -> list[str]:
    """Empty or exchange the cells of one modality, and give the notes."""
    dead: dict[str, dict[str, None]] = {}
    masked: dict[str, None] = {}
    shared: dict[str, None] = {}
    first: dict[str, tuple[str, str]] = {}
    for _, cells in lines:
        cell = cells[column.place]
        if not cell:
            continue
        mark = marks[cell]
        if mark.dead:
            dead.setdefault(mark.dead, {})[cell] = None
            cells[column.place] = ""
            continue
        known, home = first.setdefault(mark.digest or cell, (cell, cells[group]))
        if known == cell:
            continue
        same = home == cells[group]
        (shared if same else masked)[cell] = None
        cells[column.place] = known if same else ""
    notes = [
        tell(column.name, kind, list(which), "masked as absent")
        for kind, which in sorted(dead.items())
    ]
    if masked:
        what = "repeated (equal to another group's)"
        notes.append(tell(column.name, what, list(masked), "masked as absent"))
    if shared:
        notes.append(tell(column.name, "repeated", list(shared), "stored once"))
    return notes


def registrations(folder: Path, name: str, modalities: list[str]) -> dict[str, Registration]:
    """Read registrations by modality from the TOML file ``name`` in the manifest's folder.

    Each table is a modality: ``onto`` and either ``matrix`` (3 x 3, or 2 x 3) or ``points``
    (pairs ``[[x, y], [x, y]]``, its own pixel first) with ``kind``.

    Raises
    ------
    BadInput
        One line that names the table at fault.
    """
    if not name:
        return {}
    path = locate(folder, name, "-o registration")
    if path.stat().st_size > _MAX_TOML_BYTES:
        raise BadInput(path, f"{path.stat().st_size} bytes", f"<= {_MAX_TOML_BYTES}")
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadInput(path, f"no TOML ({error})", "a table for each modality") from None
    return {key: _registration(path, key, table, modalities) for key, table in tables.items()}


def _registration(path: Path, key: str, table: Any, modalities: list[str]) -> Registration:
    where = f"{path} [{key}]"
    if key not in modalities:
        raise BadInput(where, "no such path column", f"one of {modalities}")
    if not isinstance(table, dict) or not set(table) <= {"onto", "matrix", "points", "kind"}:
        raise BadInput(where, sorted(table) if isinstance(table, dict) else table, _KEYS)
    onto = table.get("onto")
    if onto not in modalities or onto == key:
        raise BadInput(where, f"onto {onto!r}", f"another one of {modalities}")
    if ("matrix" in table) == ("points" in table):
        raise BadInput(where, sorted(table), _KEYS)
    if "matrix" in table:
        return Registration.of(onto, table["matrix"])
    kind = table.get("kind", "homography")
    try:
        pairs = np.asarray(table["points"], np.float64)
    except (TypeError, ValueError):
        pairs = np.zeros(0)
    if kind not in ("homography", "affine") or pairs.shape[1:] != (2, 2):
        raise BadInput(where, f"{kind!r} of points {pairs.shape}", "pairs [[x, y], [x, y]]")
    fit = estimate_registration(pairs[:, 0], pairs[:, 1], onto, kind)
    far = fit.outliers
    if len(far):
        told = ", ".join(f"{k} ({fit.residuals_px[k]:.1f} px)" for k in far[:5])
        raise BadInput(where, f"points far off: {told}", "pairs that fit one mapping")
    return fit.registration


_KEYS = "onto, and matrix or points (with kind)"
