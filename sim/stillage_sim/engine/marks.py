"""Mark the functions that a kernel is made of: how each is compiled, and when inlined.

The entry points of kernels are marked in :mod:`stillage_sim.engine.entries`. All marks are the
identity under ``NUMBA_DISABLE_JIT=1``: the very same source runs interpreted, the reference in
tests.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from stillage_sim.engine.numba_internals import INTERPRETED, call_as, decorator

Function = TypeVar("Function", bound=Callable[..., Any])

_compiled = decorator(inline="always")
_shared = decorator(forceinline=True)
_called = decorator()
_stage = decorator(no_cpython_wrapper=True, no_cfunc_wrapper=True)
_inlined = decorator(no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True)


def compiled(function: Function) -> Function:
    """Compile a scalar function into whatever kernel calls it.

    >>> @compiled
    ... def double(x: int) -> int:
    ...     return 2 * x
    >>> double(21)
    42
    """
    return cast(Function, _compiled(function))


def shared(function: Function) -> Function:
    """Type a small function of many callers once, and inline it when machine code is made.

    It is as fast as :func:`compiled`, which is typed anew at every place that calls it, and so
    is right for what is large and has one caller.

    >>> @shared
    ... def half(x: float) -> float:
    ...     return x / 2.0
    >>> half(21.0)
    10.5
    """
    return cast(Function, _shared(function))


def called(function: Function) -> Function:
    """Compile a function once and call it: right for what is large and rare, or a leaf.

    Inlining takes time that grows with the square of what is inlined; a call passes every array
    of its arguments, about a tenth of a microsecond for a hundred of them.

    >>> @called
    ... def triple(x: int) -> int:
    ...     return 3 * x
    >>> triple(14)
    42
    """
    return cast(Function, _called(function))


class _Stage:
    """A function with two compiled forms: one for kernels, one, made when needed, for Python."""

    def __init__(self, function: Callable[..., Any], decorate: Any) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        call_as(self, decorate(function))
        self._entry: Callable[..., Any] | None = None

    def __call__(self, *args: Any) -> Any:
        if self._entry is None:
            self._entry = cast(Callable[..., Any], _called(self._function))
        return self._entry(*args)


def stage(function: Function) -> Function:
    """Type a part of a packed kernel once, called or inlined as LLVM likes.

    Its arguments are packed tuples (:mod:`stillage_sim.engine.packing`), rows and scalars, which
    cost nothing to pass. It gets an entry from Python, which would double what it costs to
    compile, only when Python calls it.

    >>> @stage
    ... def third(x: float) -> float:
    ...     return x / 3.0
    >>> third(21.0)
    7.0
    """
    return function if INTERPRETED else cast(Function, _Stage(function, _stage))


def inlined(function: Function) -> Function:
    """Inline a :func:`stage` always: right for what every step runs and few call."""
    return function if INTERPRETED else cast(Function, _Stage(function, _inlined))


def wrapping() -> contextlib.AbstractContextManager[object]:
    """Let 64-bit products wrap in silence, as compiled code does; interpreted code would warn."""
    return np.errstate(over="ignore") if INTERPRETED else contextlib.nullcontext()
