"""Decodes raw files of Prophesee sensors: EVT 2.0 and EVT 3.0, little-endian.

Source: "EVT 2.0 Format" and "EVT 3.0 Format", docs.prophesee.ai, Data Encoding Formats. A file
begins with lines ``% key value``; of these the format and the geometry are used.

EVT 2.0, 32-bit words, type in bits 31-28: 0 CD_OFF and 1 CD_ON (bits 27-22: lowest 6 bits of the
time in us, 21-11: x, 10-0: y), 8 EVT_TIME_HIGH (bits 27-0: the time's bits 33-6).

EVT 3.0, 16-bit words, type in bits 15-12: 0 EVT_ADDR_Y (10-0: y), 2 EVT_ADDR_X (11: polarity,
10-0: x; one event), 3 VECT_BASE_X (11: polarity, 10-0: x), 4 VECT_12 and 5 VECT_8 (one bit a
pixel from the base, lowest first; the base then moves on by 12 or 8), 6 EVT_TIME_LOW (11-0),
8 EVT_TIME_HIGH (11-0). The time base has 24 bits and runs over every 16.8 s, which is followed.

All other words (triggers, extensions) are passed over. So are events before the first
EVT_TIME_HIGH (and, in EVT 3.0, before a row or a vector's base is known), which have no time or
place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.compiled import compiled
from stillage.errors import BadInput
from stillage_events.readers.files import check_count, file_size
from stillage_events.reading import Events, check_side, events_of

_MAX_HEADER = 64 * 1024
LOOP_2, LOOP_3 = 1 << 34, 1 << 24
"""Times (us) at which the counters of EVT 2.0 and EVT 3.0 run over."""

Columns = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]


@compiled
def _decode2(words: Any, x: Any, y: Any, t: Any, p: Any) -> int:
    n = 0
    base: Any = 0
    loops, seen = 0, False
    for i in range(len(words)):
        word = np.int64(words[i])
        kind = word >> 28
        if kind == 8:
            high = (word & 0x0FFFFFFF) << 6
            if seen and high + (LOOP_2 >> 1) <= base:
                loops += 1  # a step back by over half the range is an overrun
            base, seen = high, True
        elif kind <= 1 and seen:
            x[n], y[n] = (word >> 11) & 0x7FF, word & 0x7FF
            t[n], p[n] = loops * LOOP_2 + base + ((word >> 22) & 0x3F), kind == 1
            n += 1
    return n


@compiled
def _count3(words: Any) -> int:
    """Count the events that the words may at most stand for."""
    n = 0
    for i in range(len(words)):
        kind = words[i] >> 12
        if kind == 2:
            n += 1
        elif kind in (4, 5):
            bits = words[i] & (0xFFF if kind == 4 else 0xFF)
            while bits:
                n += bits & 1
                bits >>= 1
    return n


@compiled
def _decode3(words: Any, x: Any, y: Any, t: Any, p: Any) -> int:  # noqa: PLR0912 - one automaton
    high: Any = -1
    low: Any = 0
    row: Any = -1
    base: Any = -1
    n, loops, sign = 0, 0, False
    for i in range(len(words)):
        word = np.int64(words[i])
        kind, data = word >> 12, word & 0xFFF
        if kind == 0:
            row = data & 0x7FF
        elif kind == 2:
            if high >= 0 and row >= 0:
                x[n], y[n], p[n] = data & 0x7FF, row, data >> 11 == 1
                t[n] = loops * LOOP_3 + (high << 12) + low
                n += 1
        elif kind == 3:
            base, sign = data & 0x7FF, data >> 11 == 1
        elif kind in (4, 5):
            size = 12 if kind == 4 else 8
            if high >= 0 and row >= 0 and base >= 0:
                for k in range(size):
                    if (data >> k) & 1:
                        x[n], y[n], p[n] = base + k, row, sign
                        t[n] = loops * LOOP_3 + (high << 12) + low
                        n += 1
            if base >= 0:
                base += size
        elif kind == 6:
            low = data
        elif kind == 8:
            if high >= data + 2048:  # the counter ran over; a smaller step back is jitter
                loops += 1
            if high != data:
                low = 0
            high = data
    return n


def decode_evt2(words: NDArray[np.uint32]) -> Columns:
    """Decode EVT 2.0 words to columns x, y, t (us), p; t follows the counter as it runs over.

    >>> words = np.array([0x80000001, 0x10000000 | 5 << 22 | 3 << 11 | 4], np.uint32)
    >>> [column.tolist() for column in decode_evt2(words)]
    [[3], [4], [69], [True]]
    """
    most = int(np.count_nonzero(words >> np.uint32(28) <= 1))
    columns = _columns(most)
    count = _decode2(words, *columns)
    return _first(columns, count)


def decode_evt3(words: NDArray[np.uint16]) -> Columns:
    """Decode EVT 3.0 words to columns x, y, t (us), p; t follows the counter as it runs over.

    >>> words = np.array([0x8001, 0x6002, 0x0007, 0x3805, 0x5003], np.uint16)
    >>> [column.tolist() for column in decode_evt3(words)]
    [[5, 6], [7, 7], [4098, 4098], [True, True]]
    """
    columns = _columns(int(_count3(words)))
    count = _decode3(words, *columns)
    return _first(columns, count)


def _columns(count: int) -> Columns:
    check_count(Path("EVT words"), count)
    x, y = np.empty(count, np.int32), np.empty(count, np.int32)
    return x, y, np.empty(count, np.int64), np.empty(count, np.bool_)


def _first(columns: Columns, count: int) -> Columns:
    x, y, t, p = (column[:count] for column in columns)
    return x, y, t, p


def read_raw(path: Path) -> Events:
    """Read the CD events of a ``.raw`` file; see ``decoding.read_events``.

    Raises
    ------
    BadInput
        If it has no header, is of another format, ends within a word, or holds no event.
    """
    size = file_size(path)
    with path.open("rb") as handle:
        keys, start = _header(path, handle.read(_MAX_HEADER))
        kind, width, height = _stated(path, keys)
        dtype = np.dtype("<u4" if kind == 2 else "<u2")
        if (size - start) % dtype.itemsize:
            raise BadInput(path, f"{size - start} bytes of words", f"words of {dtype.itemsize}")
        handle.seek(start)
        words = np.frombuffer(handle.read(), dtype)
    if kind == 2:
        check_count(path, int(np.count_nonzero(words >> np.uint32(28) <= 1)))
        columns = decode_evt2(words)
    else:
        check_count(path, int(_count3(words)))
        columns = decode_evt3(words)
    if not len(columns[0]):
        raise BadInput(path, "no event with a time and a place", f"events in EVT {kind}.0")
    return events_of(*columns, width, height, where=path)


def _header(path: Path, head: bytes) -> tuple[dict[str, str], int]:
    """Read the keys of the header, and find where the words begin."""
    keys: dict[str, str] = {}
    place = 0
    while head[place : place + 1] == b"%":
        stop = head.find(b"\n", place)
        if stop < 0:
            raise BadInput(path, f"a header over {_MAX_HEADER} bytes", "lines '% key value'")
        words = head[place + 1 : stop].decode("ascii", "replace").split(maxsplit=1)
        place = stop + 1
        if words == ["end"]:
            break
        if words:
            keys[words[0].lower()] = words[1].strip() if len(words) > 1 else ""
    if not place:
        raise BadInput(
            path, f"a file that begins {head[:8]!r}", "a header '% evt 3.0' (EVT2, EVT3)"
        )
    return keys, place


def _stated(path: Path, keys: dict[str, str]) -> tuple[int, int, int]:
    """Find format (2 or 3), width and height; sizes are 0 where the header has none."""
    parts = [part.strip() for part in keys.get("format", "").split(";")]
    named = dict(part.split("=", 1) for part in parts if "=" in part)
    name = parts[0].upper() or {"2.0": "EVT2", "3.0": "EVT3"}.get(keys.get("evt", ""), "")
    if name not in {"EVT2", "EVT3"}:
        raise BadInput(path, f"format {name or keys.get('evt', 'none')!r}", "EVT2 or EVT3")
    sides = (named.get("width", ""), named.get("height", ""))
    if "x" in keys.get("geometry", ""):
        first, _, second = keys["geometry"].partition("x")
        sides = (first.strip(), second.strip())
    if not all(sides):
        return int(name[3]), 0, 0
    if not all(side.isascii() and side.isdigit() and len(side) < 6 for side in sides):
        raise BadInput(path, f"geometry {'x'.join(sides)[:40]!r}", "WIDTHxHEIGHT")
    width, height = int(sides[0]), int(sides[1])
    check_side(width, height, path)
    return int(name[3]), width, height
