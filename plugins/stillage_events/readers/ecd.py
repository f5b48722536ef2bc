"""Reads plain text of events, as in the Event-Camera Dataset (Mueggler et al., IJRR 2017).

One event a line: ``t x y p``, t in seconds, p 0 or 1 (or -1 and 1). A first line of only two
numbers is the sensor's width and height. Lines that begin with ``#`` are comments.
"""

from __future__ import annotations

import warnings
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np

from stillage.errors import BadInput
from stillage_events.readers.files import check_count, file_size
from stillage_events.reading import MAX_EVENTS, Events, events_of


def read_text(path: Path) -> Events:
    """Read the events of a text file; see ``decoding.read_events``.

    Raises
    ------
    BadInput
        For a line that is no event, naming it, or a file too large.
    """
    file_size(path)
    width = height = 0
    skipped = 0
    with path.open(encoding="ascii", errors="replace") as handle:
        for line in islice(handle, 100):
            words = line.split()
            if line.startswith("#") or not words:
                skipped += 1
            elif len(words) == 2 and not width and all(w.isdigit() for w in words):
                width, height = (int(word[:6]) for word in words)
                skipped += 1
            else:
                break
        handle.seek(0)
        for _ in islice(handle, skipped):
            pass
        table = _table(path, handle, skipped)
    if not table.size:
        raise BadInput(path, "no event", "lines 't x y p'")
    if table.shape[1:] != (4,):
        raise BadInput(path, f"{table.shape[-1]} numbers a line", "t x y p")
    check_count(path, len(table))
    if not np.isin(table[:, 3], (-1.0, 0.0, 1.0)).all():
        raise BadInput(path, "a polarity other than 0, 1 or -1", "lines 't x y p'")
    if not (np.abs(table[:, 0]) < 1e9).all() or not (table[:, 1:3] == np.rint(table[:, 1:3])).all():
        raise BadInput(path, "a time or pixel that is none", "t in seconds, whole x and y")
    return events_of(
        table[:, 1], table[:, 2], table[:, 0] * 1e6, table[:, 3], width, height, where=path
    )


def _table(
    path: Path, handle: TextIO, skipped: int
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Read the numbers of all lines, (n, 4) float64."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of empty lines, and of none at all
            return np.asarray(
                np.loadtxt(handle, np.float64, comments="#", ndmin=2, max_rows=MAX_EVENTS + 1)
            )
    except (ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())[:100]
        raise BadInput(path, f"{reason} (after {skipped} lines)", "lines 't x y p'") from None
