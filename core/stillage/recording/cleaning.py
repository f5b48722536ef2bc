"""Find readings that carry nothing, or nothing new, while files are imported.

Only what is certain is found: readings equal to the last bit, and readings that are zero,
constant or at a limit throughout. A reader writes in a note what it did with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Dead = Literal["", "all zero", "constant", "saturated"]

FEWEST = 16
"""Readings with fewer values are left alone: they may equal others by chance."""


def digest_of(reading: NDArray[Any]) -> str:
    """Compute the SHA-256 (hex) of a reading's dtype, shape and bytes.

    >>> digest_of(np.zeros(4)) == digest_of(np.zeros(4)) != digest_of(np.zeros((2, 2)))
    True
    """
    reading = np.asarray(reading)
    found = hashlib.sha256(f"{reading.dtype.str} {reading.shape}".encode())
    found.update(np.ascontiguousarray(reading).reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def find_duplicates(rows: Iterable[NDArray[Any]], fewest: int = FEWEST) -> NDArray[np.int64]:
    """Find for each row the first row that equals it bit for bit, (R,) int64; itself if new.

    >>> noise = np.random.default_rng(0).random((3, 20))
    >>> find_duplicates([noise[0], noise[1], noise[0], noise[2]]).tolist()
    [0, 1, 0, 3]
    """
    first: dict[str, int] = {}
    found = []
    for number, row in enumerate(rows):
        small = np.size(row) < fewest
        found.append(number if small else first.setdefault(digest_of(row), number))
    return np.array(found, np.int64)


def dead_kind(
    reading: NDArray[Any],
    limits: tuple[float, float] | None = None,
    fewest: int = FEWEST,
) -> Dead:
    """Say in which way a reading is dead, or "" if it is not.

    ``limits`` are the sensor's lowest and highest values; default: those of an integer dtype.

    >>> dead_kind(np.full(20, 255, np.uint8)), dead_kind(np.arange(20)), dead_kind(np.zeros(20))
    ('saturated', '', 'all zero')
    """
    reading = np.asarray(reading)
    if reading.size < fewest:
        return ""
    low, high = reading.min(), reading.max()
    if low == high == 0:
        return "all zero"
    if limits is None and reading.dtype.kind in "iu":
        bounds = np.iinfo(reading.dtype)
        limits = (bounds.min, bounds.max)
    # Most readings are done with here: the comparison of each value costs some times their size.
    ends = limits is not None and low in limits and high in limits
    if ends and limits is not None and bool(((reading == low) | (reading == high)).all()):
        return "saturated"
    return "constant" if low == high else ""


def find_dead(
    rows: Sequence[NDArray[Any]],
    limits: tuple[float, float] | None = None,
    fewest: int = FEWEST,
) -> list[Dead]:
    """Say of each row in which way it is dead; see :func:`dead_kind`.

    >>> find_dead([np.arange(20.0), np.full(20, 3.5)])
    ['', 'constant']
    """
    return [dead_kind(row, limits, fewest) for row in rows]


def tell(name: str, what: str, which: Sequence[str], done: str, shown: int = 5) -> str:
    """Write a note: how many readings, which (the first few), and what was done.

    >>> tell("led", "constant", ["a.npy", "b.npy"], "masked as absent")
    'led: 2 constant readings (a.npy, b.npy) masked as absent'
    """
    some = ", ".join(which[:shown]) + (f" and {len(which) - shown} more" if which[shown:] else "")
    noun = "reading" if len(which) == 1 else "readings"
    return f"{name}: {len(which)} {what} {noun} ({some}) {done}"
