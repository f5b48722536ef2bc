"""Silence the libraries of readers, so that a refusal is one line."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep warnings and messages of native decoders off standard error; our own lines go there.

    libtiff and others write to file descriptor 2, past Python; arithmetic on numbers that no
    sensor gives warns before the result (an infinity) is refused with its place.
    """
    import numpy as np

    with warnings.catch_warnings(), np.errstate(all="ignore"), _native_silence():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _native_silence() -> Iterator[None]:
    """Point file descriptor 2 at nothing, and ``sys.stderr`` at its old target."""
    try:
        kept = os.dup(2)
    except OSError:  # closed by whoever called: nothing to keep quiet
        yield
        return
    before = sys.stderr
    with (
        os.fdopen(kept, "w", buffering=1, encoding="utf-8", errors="backslashreplace") as own,
        open(os.devnull, "wb") as nowhere,
    ):
        if _leads_to_2(before):
            before.flush()
            sys.stderr = own
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            own.flush()
            os.dup2(kept, 2)
            sys.stderr = before


def _leads_to_2(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.fileno() == 2
    except (OSError, ValueError):  # a test's or a notebook's own
        return False
