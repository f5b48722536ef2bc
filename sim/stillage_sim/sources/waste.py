"""Read waste compositions: which share of a waste stream is which material.

A CSV file has one of two forms, with the unit in the column's name:

- a row for each stream and material: ``stream, material, share [%]``;
- a row for each material, a column for each stream: ``material, household [%], bulky [%]``.

Units are ``%``, ``1`` (fractions) or masses (``g``, ``kg``, ``t``), whose shares are made here.
One share of a stream may be the word ``rest``: what the others leave of it. Published shares are
rounded, so a sum within half a percent of the whole is scaled to 1; any other sum is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_sim.sources.csvfile import Table, number, read_csv

Floats = NDArray[np.float64]

ROUNDING = 0.005
_REST = "rest"
_SHARES = {"%": 0.01, "1": 1.0}
_MASSES = {"g": 1e-3, "kg": 1.0, "t": 1e3}


class Composition(NamedTuple):
    """The composition of streams: ``share`` float64 (S, M) by materials, each row sums to 1.

    ``mass_kg`` float64 (S,) of each stream, NaN where the file has shares only.
    """

    streams: tuple[str, ...]
    materials: tuple[str, ...]
    share: Floats
    mass_kg: Floats


class _Cell(NamedTuple):
    stream: str
    material: str
    unit: str
    text: str
    where: str


def read_composition(path: Path) -> Composition:
    """Read a table of either form; streams and materials keep the file's order.

    A material that a stream does not list has no share in it. Further columns of the first form
    (a year, a source) are not read.

    Raises
    ------
    BadInput
        One line that names file, line and column: for a cell that is no number from 0 (to 100 %),
        a pair listed twice, a second ``rest``, shares that do not sum to the whole, a stream
        without mass, or a column without a unit.
    """
    table = read_csv(path)
    if "material" not in table.columns:
        raise BadInput(f"{table.name}, line 1", "no column 'material'", "one")
    cells = _long(table) if "stream" in table.columns else _wide(table)
    streams = tuple(dict.fromkeys(cell.stream for cell in cells))
    materials = tuple(dict.fromkeys(cell.material for cell in cells))
    made = [_stream([c for c in cells if c.stream == name], materials) for name in streams]
    return Composition(
        streams,
        materials,
        np.array([share for share, _ in made]),
        np.array([mass for _, mass in made]),
    )


def _long(table: Table) -> list[_Cell]:
    found = [title for title in table.columns if title.split("[")[0].strip() in ("share", "mass")]
    if len(found) != 1:
        wanted = "one of 'share [%]', 'share [1]', 'mass [kg]'"
        raise BadInput(f"{table.name}, line 1", f"{len(found)} columns of amounts", wanted)
    name, unit = _name_and_unit(table, found[0])
    if (name == "share") != (unit in _SHARES):
        raise BadInput(f"{table.name}, line 1", repr(found[0]), "a share in % or 1, mass in kg")
    rows = zip(table.columns["stream"], table.columns["material"], strict=True)
    return [
        _Cell(
            _named(stream, table.where(row, "stream")),
            _named(material, table.where(row, "material")),
            unit,
            table.columns[found[0]][row],
            table.where(row, found[0]),
        )
        for row, (stream, material) in enumerate(rows)
    ]


def _wide(table: Table) -> list[_Cell]:
    cells: list[_Cell] = []
    for title, texts in table.columns.items():
        if title == "material":
            continue
        stream, unit = _name_and_unit(table, title)
        for row, text in enumerate(texts):
            material = _named(table.columns["material"][row], table.where(row, "material"))
            cells.append(_Cell(stream, material, unit, text, table.where(row, title)))
    if not cells:
        raise BadInput(f"{table.name}, line 1", "no stream", "columns such as 'household [%]'")
    return cells


def _named(text: str, where: str) -> str:
    if not text.strip():
        raise BadInput(where, "nothing", "a name")
    return text.strip()


def _name_and_unit(table: Table, title: str) -> tuple[str, str]:
    name, bracket, rest = title.rpartition("[")
    unit = rest.removesuffix("]").strip()
    if not bracket or not rest.endswith("]") or unit not in {**_SHARES, **_MASSES}:
        where = f"{table.name}, line 1, column {title!r}"
        raise BadInput(where, "no known unit", "a name that ends in [%], [1], [g], [kg] or [t]")
    return name.strip(), unit


def _stream(cells: list[_Cell], materials: tuple[str, ...]) -> tuple[Floats, float]:
    """Compute the shares (M,) and the mass of one stream."""
    amounts = np.zeros(len(materials))
    rest, seen = -1, set[str]()
    size = _SHARES.get(cells[0].unit, _MASSES.get(cells[0].unit, 0.0))
    shares = cells[0].unit in _SHARES
    for cell in cells:
        k = materials.index(cell.material)
        if cell.material in seen:
            raise BadInput(cell.where, f"{cell.material!r} twice in {cell.stream!r}", "once")
        seen.add(cell.material)
        if cell.text.strip().lower() == _REST:
            if rest >= 0 or not shares:
                raise BadInput(cell.where, "'rest'", "one rest of a stream, and of shares only")
            rest = k
        else:
            most = 1.0 / size if shares else np.inf
            amounts[k] = number(cell.text, cell.where, 0.0, most) * size
    total, where = float(amounts.sum()), f"{cells[0].where.split(',')[0]}, {cells[0].stream!r}"
    if not shares:
        if total <= 0.0:
            raise BadInput(where, "no mass", "a mass more than 0")
        return amounts / total, total
    if rest >= 0 and total <= 1.0 + ROUNDING:
        amounts[rest] = max(1.0 - total, 0.0)
        total = float(amounts.sum())
    if abs(total - 1.0) > ROUNDING:
        hint = f"100 % (within {100 * ROUNDING:g}), or a declared 'rest'"
        raise BadInput(where, f"a sum of {100 * total:g} %", hint)
    return amounts / total, float("nan")
