"""Compile loops over arrays, and keep the result on disk where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Give the function compiled at its first call; it runs without Python's global lock.

    >>> compiled(lambda a, b: a + b)(2, 3)
    5
    """
    try:
        return cast(Function, numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:  # nowhere to keep it: neither its folder nor the user's can be written
        return cast(Function, numba.njit(nogil=True)(function))
