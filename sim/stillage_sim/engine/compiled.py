"""Compile the simulator's scalar functions, and cache the result where that is safe.

``compiled`` marks a small function that others call; ``kernel`` marks an entry point, the only
thing that is cached. A cache entry is keyed by the text of every module that the kernel is made
of, by the processor and by numba's version, so an edited or upgraded function is never served
from an old entry, machines that share a disk do not mix theirs up, and workers that compile at
the same time write the same file, each by renaming. Where nothing can be written (a read-only
installation without a home), kernels are compiled anew in each process.

With ``NUMBA_DISABLE_JIT=1`` the very same source runs interpreted: the reference in tests.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast

import numba
import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])
Kind = TypeVar("Kind", bound=type)
CHANGING: set[type] = set()
"""The ``NamedTuple`` classes marked by :func:`changing`."""


def changing(kind: Kind) -> Kind:
    """Mark a ``NamedTuple`` whose arrays kernels write; those of all others are never written."""
    CHANGING.add(kind)
    return kind


def _decorator(**options: Any) -> Any:
    """Numba's decorator for code that allocates nothing.

    Without numba's reference counts, which such code does not need, and with callees inlined
    before they are typed, a step takes a tenth of the time; a numba that lacks an option does
    without it.
    """
    try:
        decorate = numba.njit(error_model="numpy", **options)
        decorate(lambda: None)
    except Exception:
        return numba.njit(error_model="numpy")
    return decorate


_njit = _decorator(_nrt=False, inline="always")
_shared = _decorator(_nrt=False, forceinline=True)
_called = _decorator(_nrt=False)
_stage = _decorator(_nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
_inlined = _decorator(_nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True)

INTERPRETED: bool = _njit(_decorator) is _decorator
"""Whether ``NUMBA_DISABLE_JIT`` is set."""


def compiled(function: Function) -> Function:
    """A scalar function, compiled into whatever kernel calls it.

    >>> @compiled
    ... def double(x: int) -> int:
    ...     return 2 * x
    >>> double(21)
    42
    """
    return cast(Function, _njit(function))


def shared(function: Function) -> Function:
    """A small function of many callers: typed once, and inlined when machine code is made.

    As fast as :func:`compiled`, which is typed anew at every place that calls it, and so is
    right for what is large and has one caller.

    >>> @shared
    ... def half(x: float) -> float:
    ...     return x / 2.0
    >>> half(21.0)
    10.5
    """
    return cast(Function, _shared(function))


def called(function: Function) -> Function:
    """A function that is compiled once and called, for what is large and rare, or a leaf.

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
        self._part = decorate(function)
        self._numba_type_ = self._part._numba_type_
        self._entry: Callable[..., Any] | None = None

    def __call__(self, *args: Any) -> Any:
        if self._entry is None:
            self._entry = cast(Callable[..., Any], _called(self._function))
        return self._entry(*args)


def stage(function: Function) -> Function:
    """A part of a packed kernel: typed once, called or inlined as LLVM likes.

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
    """A :func:`stage` that is always inlined, for what every step runs and few call."""
    return function if INTERPRETED else cast(Function, _Stage(function, _inlined))


def kernel(*modules: ModuleType) -> Callable[[Function], Function]:
    """An entry point made of its own module and ``modules``; cached between processes."""

    def decorate(function: Function) -> Function:
        result = _njit(function)
        if result is not function:
            files = (module.__file__ or "" for module in modules)
            _cache(result, function, [__file__, function.__code__.co_filename, *files])
        return cast(Function, result)

    return decorate


class Packed:
    """An entry point whose ``NamedTuple`` arguments are packed; see :func:`bound`."""

    def __init__(self, function: Callable[..., Any], dispatcher: Any) -> None:
        functools.update_wrapper(self, function)
        self.dispatcher = dispatcher
        self._entries: dict[tuple[Any, ...], Callable[..., Any]] = {}

    def __call__(self, *args: Any) -> Any:
        """Pack the arguments and run."""
        return self.bind(*args)()

    def bind(self, *args: Any) -> Callable[[], Any]:
        """The call with these arguments, packed and looked up once."""
        from stillage_sim.engine import packing

        key: list[Any] = []
        blocks = [packing.pack(arg, key) for arg in args]
        known = tuple(key)
        if known not in self._entries:
            kinds = [packing.kind_of(arg, f"argument {n}") for n, arg in enumerate(args)]
            self._entries[known] = self.dispatcher.compile(tuple(kinds))
        raw = [
            arg if block is None else block.ctypes.data
            for arg, block in zip(args, blocks, strict=True)
        ]
        call = functools.partial(self._entries[known], *raw)
        call.kept = args, blocks  # type: ignore[attr-defined]  # their memory is pointed at
        return call


def packed(*modules: ModuleType) -> Callable[[Function], Function]:
    """As :func:`kernel`, for entry points whose arguments have more than a few arrays.

    Packing takes about a microsecond an array: who calls it for single steps binds it first.
    """

    def decorate(function: Function) -> Function:
        result = _called(function)
        if result is function:
            return function
        from stillage_sim.engine import packing, plain_arrays

        files = (module.__file__ or "" for module in (packing, plain_arrays, *modules))
        _cache(result, function, [__file__, function.__code__.co_filename, *files])
        return cast(Function, Packed(function, result))

    return decorate


def bound(entry: Callable[..., Any], *args: Any) -> Callable[[], Any]:
    """A packed kernel with its arguments, to be called again and again at the least cost.

    Arrays are bound by reference and read anew in every call, numbers as they are now.

    >>> bound(max, 1, 2)()
    2
    """
    if isinstance(entry, Packed):
        return entry.bind(*args)
    return functools.partial(entry, *args)


def wrapping() -> contextlib.AbstractContextManager[object]:
    """Where 64-bit products may wrap: compiled code says nothing, interpreted code would warn."""
    return np.errstate(over="ignore") if INTERPRETED else contextlib.nullcontext()


def digest(sources: list[str]) -> str:
    """24 hexadecimal digits for the texts of ``sources``, numba and this processor."""
    from numba.core.registry import cpu_target

    context: Any = cpu_target.target_context
    codegen = context.codegen()
    state = hashlib.sha256(repr((numba.__version__, codegen.magic_tuple())).encode())
    for source in sources:
        state.update(hashlib.sha256(Path(source).read_bytes()).digest())
    return state.hexdigest()[:24]


def _cache(dispatcher: Any, function: Callable[..., Any], sources: list[str]) -> None:
    """Give ``dispatcher`` its cache; whatever goes wrong, it is merely compiled anew."""
    with contextlib.suppress(Exception):
        from numba.core import caching

        base: Any = caching.FunctionCache
        files: Any = caching.IndexDataCacheFile

        class KernelFiles(files):  # type: ignore[misc]
            def _load_index(self) -> Any:
                try:
                    return super()._load_index()
                except Exception:  # a damaged index is an empty one, and soon overwritten
                    return {}

        class KernelCache(base):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__(function)
                stamp = digest(sources)
                name = f"{self._impl.filename_base}-{stamp}"
                self._cache_file = KernelFiles(self._cache_path, name, stamp)

            def _guard_against_spurious_io_errors(self) -> contextlib.AbstractContextManager[None]:
                return contextlib.suppress(Exception)

        dispatcher._cache = KernelCache()
