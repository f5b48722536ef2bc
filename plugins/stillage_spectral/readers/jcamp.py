"""Reads JCAMP-DX 4.24 files of spectra by a parser of its own: text in, checked spectra out.

Read: ``##XYDATA=(X++(Y..Y))`` in AFFN, PAC, SQZ, DIF and DUP, ``##XYPOINTS=(XY..XY)``, and
compound files (LINK) of such blocks. Checked: ``##NPOINTS``, ``##FIRSTY``, the check value of
each line after a difference, and each line's abscissa, so that a lost line is found. Refused:
peak tables, NTUPLES, encrypted or foreign text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stillage.errors import BadInput
from stillage_spectral.readers.asdf import NUMBER, Ordinates
from stillage_spectral.readers.spectra import MAX_BANDS, Spectra, spectra

_MAX_BYTES = 2**26
_MAX_BLOCKS = 4096
MAX_POINTS = 2**22
"""Most points of a file: a repeat count of five letters stands for 65,536 of them."""

_MAX_LABELS = 4096

_LABEL = re.compile(r"##([^=]*)=(.*)", re.DOTALL)
_PAIR = re.compile(rf"([+-]?{NUMBER}(?:[Ee][+-]\d+)?)\s*[,\s]\s*([+-]?{NUMBER}(?:[Ee][+-]\d+)?)")
UNITS = {
    "NANOMETERS": "nm",
    "NANOMETER": "nm",
    "NM": "nm",
    "MICROMETERS": "um",
    "MICROMETER": "um",
    "UM": "um",
    "1/CM": "1/cm",
    "CM-1": "1/cm",
}
QUANTITIES = {
    "REFLECTANCE": "reflectance",
    "%REFLECTANCE": "percent",
    "TRANSMITTANCE": "transmittance",
    "%TRANSMITTANCE": "percent",
    "ABSORBANCE": "absorbance",
    "LOG(1/R)": "absorbance",
    "KUBELKA-MUNK": "kubelka-munk",
    "KUBELKAMUNK": "kubelka-munk",
}
_KEPT = ("TITLE", "CLASSIFICATION", "NAMES", "ORIGIN", "OWNER", "SAMPLEDESCRIPTION", "DATE")


@dataclass
class _Block:
    """One block: its labels, and the lines of its table with their numbers in the file."""

    line: int
    labels: dict[str, str] = field(default_factory=dict)
    table: list[tuple[int, str]] = field(default_factory=list)
    form: str = ""

    def number(self, label: str, where: str, default: float | None = None) -> float:
        """Read a label's number."""
        text = self.labels.get(label, "").strip()
        if not text and default is not None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not np.isfinite(value):
            raise BadInput(where, f"##{label}={text[:40]!r}", "a number")
        return value


def _canonical(label: str) -> str:
    """Strip a label of spaces, dashes, slashes and underscores; capitals (4.24, section 3)."""
    return re.sub(r"[\s\-/_]", "", label).upper()


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise BadInput(path, f"{size} bytes", f"at most {_MAX_BYTES}")
        raw = path.read_bytes()
    except OSError as error:
        raise BadInput(path, error.strerror or error, "a JCAMP-DX file") from None
    text = raw.decode("latin-1").lstrip("\ufeff\xef\xbb\xbf \t\r\n")
    if not text.startswith("##") or "\x00" in text:
        raise BadInput(path, repr(text[:16]), "JCAMP-DX text that begins with ##TITLE=")
    return text


def _blocks(text: str, where: str) -> Iterator[_Block]:
    """Split a file into blocks, the LINK block that only joins others among them.

    Raises
    ------
    BadInput
        If there are too many blocks or labels, or the text ends within a block.
    """
    block: _Block | None = None
    data, count = False, 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.partition("$$")[0]
        match = _LABEL.match(line.strip())
        if match is None:
            if data and block is not None:
                block.table.append((number, line))
            continue
        label, value = _canonical(match.group(1)), match.group(2).strip()
        data = False
        if label == "TITLE":
            if block is not None and block.form:
                raise BadInput(f"{where} line {number}", "##TITLE= in a block", "##END= first")
            count += 1
            if count > _MAX_BLOCKS:
                raise BadInput(where, f"over {_MAX_BLOCKS} blocks", f"at most {_MAX_BLOCKS}")
            block = _Block(number)
        if block is None:
            if label != "END":
                raise BadInput(f"{where} line {number}", f"##{label[:20]}=", "##TITLE= first")
            continue
        if label == "END":
            yield block
            block = None
            continue
        if label in {"XYDATA", "XYPOINTS", "PEAKTABLE", "NTUPLES", "DATATABLE"}:
            block.form, data = f"{label}={value.replace(' ', '')}", True
        elif len(block.labels) < _MAX_LABELS:
            block.labels[label] = value
    if block is not None and (block.form or not count):
        raise BadInput(where, "the end of the file within a block", "##END=")


def _table(block: _Block, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Read abscissae and ordinates of a block, in the units of its labels."""
    points = block.number("NPOINTS", where)
    if points != int(points) or not 2 <= points <= MAX_BANDS:
        raise BadInput(where, f"##NPOINTS={points:g}", f"an integer of 2 to {MAX_BANDS}")
    count = int(points)
    across, up = (block.number(f"{axis}FACTOR", where, 1.0) for axis in "XY")
    if block.form == "XYDATA=(X++(Y..Y))":
        return _stepped(block, count, across, up, where)
    if block.form == "XYPOINTS=(XY..XY)":
        return _pairs(block, count, across, up, where)
    kind = block.form.partition("=")[0]
    raise BadInput(where, f"##{block.form[:40]}", "##XYDATA=(X++(Y..Y)) or ##XYPOINTS=(XY..XY)"
                   if kind in {"XYDATA", "XYPOINTS"} else "##XYDATA or ##XYPOINTS")  # fmt: skip


def _stepped(
    block: _Block, count: int, across: float, up: float, where: str
) -> tuple[np.ndarray, np.ndarray]:
    first, last = block.number("FIRSTX", where), block.number("LASTX", where)
    step = (last - first) / (count - 1)
    if step == 0.0:
        raise BadInput(where, f"##FIRSTX={first:g} and ##LASTX={last:g}", "two abscissae")
    ordinates = Ordinates(where, count)
    for number, line in block.table:
        found = ordinates.add(line, number)
        if found is None:
            continue
        x, index = found
        expected = first + index * step
        # Half a step, or the last digit of a rounded abscissa.
        written = re.match(rf"\s*[+-]?{NUMBER}", line)
        decimals = len(written.group(0).partition(".")[2]) if written else 0
        slack = max(0.5 * abs(step), abs(across) * 10.0**-decimals)
        if abs(x * across - expected) > slack:
            told = f"abscissa {x * across:g} at ordinate {index + 1}"
            raise BadInput(f"{where} line {number}", told, f"{expected:g}: a line is missing")
    if len(ordinates.values) != count:
        raise BadInput(where, f"{len(ordinates.values)} ordinates", f"##NPOINTS={count}")
    values = np.array(ordinates.values) * up
    start = block.number("FIRSTY", where, float(values[0]))
    if abs(start - values[0]) > max(abs(up), 1e-3 * abs(start)):
        raise BadInput(where, f"first ordinate {values[0]:g}", f"##FIRSTY={start:g}")
    return first + step * np.arange(count), values


def _pairs(
    block: _Block, count: int, across: float, up: float, where: str
) -> tuple[np.ndarray, np.ndarray]:
    found: list[tuple[float, float]] = []
    for number, line in block.table:
        rest = _PAIR.sub("", line).strip(" \t,;")
        if rest:
            raise BadInput(f"{where} line {number}", repr(rest[:20]), "pairs X,Y")
        found += [(float(x), float(y)) for x, y in _PAIR.findall(line)]
        if len(found) > count:
            break
    if len(found) != count:
        raise BadInput(where, f"{len(found)} points or more", f"##NPOINTS={count}")
    pairs = np.array(found)
    return pairs[:, 0] * across, pairs[:, 1] * up


def read_jcamp(path: str | Path) -> list[Spectra]:
    """Read the spectra of a file, one each, as reflectance on nm.

    Raises
    ------
    BadInput
        One line, with file and line number, for anything that the protocol does not allow or
        that is not read here.
    """
    place = Path(path)
    found, held = [], 0
    for block in _blocks(_text(place), str(place)):
        if not block.form:
            continue
        where = f"{place} block at line {block.line}"
        unit = UNITS.get(block.labels.get("XUNITS", "").upper().replace(" ", ""))
        quantity = QUANTITIES.get(block.labels.get("YUNITS", "").upper().replace(" ", ""))
        for label, known, names in (("XUNITS", unit, UNITS), ("YUNITS", quantity, QUANTITIES)):
            if known is None:
                told = f"##{label}={block.labels.get(label, '')[:40]!r}"
                raise BadInput(where, told, ", ".join(names))
        grid, values = _table(block, where)
        about = {k.lower(): block.labels[k][:200] for k in _KEPT if block.labels.get(k)}
        about["name"] = about.get("title", place.stem)
        held += len(values)
        if held > MAX_POINTS:
            raise BadInput(where, f"over {MAX_POINTS} points so far", "fewer in one file")
        found.append(spectra(grid, values[None], (about,), str(unit), str(quantity), where))
    if not found:
        raise BadInput(place, "no block with ##XYDATA= or ##XYPOINTS=", "one spectrum or more")
    return found
