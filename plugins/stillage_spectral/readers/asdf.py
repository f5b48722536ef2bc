"""Decodes ordinates of JCAMP-DX: AFFN, and the compressed forms PAC, SQZ, DIF and DUP.

McDonald and Wilks, "JCAMP-DX: A Standard Form for Exchange of Infrared Spectra in Computer
Readable Form", Applied Spectroscopy 42 (1988) 151; protocol 4.24, section 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from stillage.errors import BadInput

NUMBER = r"(?:\d+\.?\d*|\.\d+)"
AFFN = re.compile(rf"\s*([+-]?{NUMBER}(?:[Ee][+-]\d+)?)")
_SEPARATORS = re.compile(r"[\s,;]*")
_TOKEN = re.compile(
    rf"(?:(?P<affn>[+-]?{NUMBER}(?:[Ee][+-]\d+)?)"
    r"|(?P<sqz>[@A-Ia-i]\d*\.?\d*)|(?P<dif>[%J-Rj-r]\d*\.?\d*)|(?P<dup>[S-Zs]\d*)|(?P<gap>\?))"
)
_POSITIVE = {"sqz": "@ABCDEFGHI", "dif": "%JKLMNOPQR"}
_NEGATIVE = {"sqz": " abcdefghi", "dif": " jklmnopqr"}
_DUPLICATES = " STUVWXYZs"


def pseudo(kind: str, text: str) -> float:
    """Read a number whose first digit is a letter.

    >>> pseudo("sqz", "A28"), pseudo("sqz", "b3"), pseudo("dif", "%"), pseudo("dif", "j0")
    (128.0, -23.0, 0.0, -10.0)
    """
    first, rest = text[0], text[1:]
    if first in _POSITIVE[kind]:
        return float(f"{_POSITIVE[kind].index(first)}{rest}")
    return -float(f"{_NEGATIVE[kind].index(first)}{rest}")


@dataclass
class Ordinates:
    """The ordinates decoded so far of one table; lines are added in order.

    Parameters
    ----------
    most : int
        Values that the header promises; more are refused before they are made, since ``s9``
        may stand for ten thousand million of them.
    """

    where: str
    most: int
    values: list[float] = field(default_factory=list)
    _checked: bool = False

    def add(self, line: str, number: int) -> tuple[float, int] | None:
        """Decode one line ``X Y Y ...``; return its X and the index of the ordinate at that X.

        A line that ends in a difference makes the next line begin with a check value, which
        must equal the last ordinate and stands for it.

        Raises
        ------
        BadInput
            For a character that means nothing, a check value that differs, or too many values.
        """
        where = f"{self.where} line {number}"
        start = AFFN.match(line)
        if start is None:
            if line.strip():
                raise BadInput(where, repr(line.strip()[:40]), "an abscissa, then ordinates")
            return None
        index = len(self.values) - (1 if self._checked else 0)
        self._ordinates(line[start.end() :], where)
        return float(start.group(1)), index

    def _ordinates(self, text: str, where: str) -> None:
        values, place, check, step = self.values, 0, self._checked, 0.0
        mode, fresh = "", True
        while (place := _SEPARATORS.match(text, place).end()) < len(text):  # type: ignore[union-attr]
            token = _TOKEN.match(text, place)
            if token is None:
                raise BadInput(where, repr(text[place : place + 20]), "an ordinate (AFFN or ASDF)")
            kind, word = str(token.lastgroup), token.group(str(token.lastgroup))
            place = token.end()
            if kind == "dup":
                if fresh:
                    raise BadInput(where, f"{word!r} first in a line", "a value to repeat")
                times = int(f"{_DUPLICATES.index(word[0])}{word[1:]}") - 1
                self._room(times, where)
                for _ in range(times):
                    values.append(values[-1] + step)
                continue
            if kind == "dif":
                if fresh:
                    raise BadInput(where, f"{word!r} first in a line", "a value, then differences")
                step = pseudo("dif", word)
                found = values[-1] + step
            else:
                step = 0.0
                found = float("nan") if kind == "gap" else (
                    pseudo("sqz", word) if kind == "sqz" else float(word)
                )  # fmt: skip
            if fresh and check:
                if found != values[-1]:
                    told = f"check value {found:g} after {values[-1]:g}"
                    raise BadInput(where, told, "the last ordinate of the line before")
            else:
                self._room(1, where)
                values.append(found)
            mode, fresh = kind, False
        self._checked = mode == "dif"

    def _room(self, more: int, where: str) -> None:
        if len(self.values) + more > self.most:
            found = f"{len(self.values) + more} ordinates or more"
            raise BadInput(where, found, f"##NPOINTS={self.most}")


def decode(lines: Iterable[str], most: int = 2**16, where: str = "XYDATA") -> list[float]:
    """Decode all ordinates of lines ``X Y Y ...``.

    >>> decode(["0 1BCCBA@abc"]) == decode(["0 1JT%jX"]) == decode(["0+1+2+3+3+2+1+0-1-2-3"])
    True
    """
    found = Ordinates(where, most)
    for number, line in enumerate(lines, 1):
        found.add(line, number)
    return found.values
