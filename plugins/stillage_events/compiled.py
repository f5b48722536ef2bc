"""Compilation of the kernels, kept on disk between processes where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """The function compiled by numba at its first call; recompiled each run if no disk takes it."""
    try:
        return cast(Function, njit(cache=True)(function))
    except RuntimeError:  # neither its folder nor the user's cache can be written
        return cast(Function, njit(function))
