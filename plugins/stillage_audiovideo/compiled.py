"""Compilation of the loops, kept on disk where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, compiled when it is first called; the lock is released meanwhile.

    >>> compiled(lambda a, b: a + b)(2, 3)
    5
    """
    try:
        kept: Callable[..., Any] = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # nowhere to keep it: an installation that cannot be written
        kept = numba.njit(nogil=True)(function)
    return kept
