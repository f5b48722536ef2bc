"""Make entry points of kernels, compiled when first called, and kept on disk afterwards.

What is kept is keyed by everything that it is made of (:mod:`stillage_sim.engine.reach`), by the
processor and by numba's version. So an edited or upgraded function is never served from an old
entry, machines that share a disk do not mix theirs up, and workers that compile at the same time
write the same file, each by renaming. Where nothing can be written (a read-only installation
without a home), kernels are compiled anew in each process.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

from stillage_sim.engine import marks, numba_internals, packing, plain_arrays
from stillage_sim.engine.marks import Function
from stillage_sim.engine.numba_internals import INTERPRETED, decorator, keep_on_disk
from stillage_sim.engine.reach import Reach

_MAKERS = (__file__, *(str(m.__file__) for m in (marks, numba_internals, packing, plain_arrays)))
"""Files that shape the machine code of every kernel."""

_by_value = decorator(inline="always")
_by_address = decorator()


def kernel(function: Function) -> Function:
    """Make an entry point whose arguments are passed by value, for a few arrays.

    >>> import numpy as np
    >>> @kernel
    ... def fill(out: np.ndarray, value: float) -> None:
    ...     out[:] = value
    >>> numbers = np.zeros(2)
    >>> fill(numbers, 3.0)
    >>> numbers.tolist()
    [3.0, 3.0]
    """
    if INTERPRETED:
        return function
    return cast(Function, _kept(_by_value(function), function))


def packed(function: Function) -> Function:
    """Make an entry point whose ``NamedTuple`` arguments are packed, for more than a few arrays.

    Packing takes about a microsecond an array: who calls it for single steps binds it first.
    """
    if INTERPRETED:
        return function
    return cast(Function, Packed(function, _kept(_by_address(function), function)))


def _kept(dispatcher: Any, function: Callable[..., Any]) -> Any:
    """Give the dispatcher a place on disk, found when it is first called and all is defined."""

    def stamp(target: str) -> str:
        found = Reach(function)
        found.files.update(_MAKERS)
        return found.stamp(target)

    keep_on_disk(dispatcher, function, stamp)
    return dispatcher


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
        """Pack the arguments and look up their machine code, once for many calls."""
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


def bound(entry: Callable[..., Any], *args: Any) -> Callable[[], Any]:
    """Pack a kernel's arguments once, to call it again and again at the least cost.

    Arrays are bound by reference and read anew in every call, numbers as they are now.

    >>> bound(max, 1, 2)()
    2
    """
    if isinstance(entry, Packed):
        return entry.bind(*args)
    return functools.partial(entry, *args)
