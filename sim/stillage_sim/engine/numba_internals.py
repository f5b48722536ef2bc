"""Hold everything that the simulator takes from numba: only this file imports numba.

Part of it is numba's own machinery, which any release may change. So the versions that were
tested are named here, pyproject.toml asks for no other, ``tests/sim/engine/test_numba_internals``
tries each name, option and method, and README.md in this folder says what to do at an upgrade.
"""

# mypy: disable-error-code="no-untyped-call,override"
from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from typing import Any, cast

import numba

LEAST, BELOW = (0, 61), (0, 69)
"""The first minor version that was tested, and the first that was not."""


def changed(what: object) -> str:
    """Say in one line that this numba lacks something.

    >>> changed("'fortran' is gone").split(" changed ")[1]
    "what kernels build on: 'fortran' is gone; install numba>=0.61,<0.69"
    """
    wanted = f"numba>={LEAST[0]}.{LEAST[1]},<{BELOW[0]}.{BELOW[1]}"
    return f"numba {numba.__version__} changed what kernels build on: {what}; install {wanted}"


def untested(version: str) -> bool:
    """Tell whether a version of numba lies outside of those that were tested.

    >>> untested("0.68.1"), untested("0.60.0"), untested("0.69.0rc1")
    (False, True, True)
    """
    major, minor = version.split(".")[:2]
    return not LEAST <= (int(major), int(minor)) < BELOW


if untested(numba.__version__):
    warnings.warn(f"numba {numba.__version__} was never tested with these kernels", stacklevel=2)

try:
    # Types of arguments and results, by which compiled code is chosen; public.
    from numba import from_dtype, types

    # Builders of machine code: structs, tuples, loops, and llvmlite's instructions (``ir``).
    from numba.core import cgutils

    # The disk cache of compiled functions: where it lies, how entries are found and kept.
    from numba.core.caching import FunctionCache, IndexDataCacheFile

    # The options that a decorator may have; an unknown one would fail at the first call only.
    from numba.core.cpu import CPUTargetOptions

    # How a value of a new type is held in compiled code: a struct, or one machine value.
    from numba.core.datamodel import models

    # Registration of machine code for a function, an operator, one attribute, or all of them.
    from numba.core.imputils import lower_builtin, lower_getattr, lower_getattr_generic

    # Registration of types: what a function, an operator or an attribute gives.
    from numba.core.typing.templates import (
        AbstractTemplate,
        AttributeTemplate,
        infer_getattr,
        infer_global,
        signature,
    )

    # How an argument from Python becomes a value of a new type.
    from numba.extending import NativeValue, register_model, unbox

    ir: Any = cgutils.ir  # type: ignore[attr-defined]
    njit: Any = numba.njit  # its annotations lack the options below
except (ImportError, AttributeError) as error:
    raise ImportError(changed(error)) from error

__all__ = [
    "INTERPRETED", "VERSION", "AbstractTemplate", "AttributeTemplate", "NativeValue", "call_as",
    "cgutils", "decorator", "from_dtype", "infer_getattr", "infer_global", "ir", "keep_on_disk",
    "lower_builtin", "lower_getattr", "lower_getattr_generic", "models", "register_model",
    "signature", "types", "unbox",
]  # fmt: skip

VERSION: str = numba.__version__
INTERPRETED = bool(numba.config.DISABLE_JIT)  # type: ignore[attr-defined]
"""Whether ``NUMBA_DISABLE_JIT`` is set."""


def decorator(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make numba's decorator for code that allocates nothing, with some of its options.

    Without numba's reference counts (``_nrt``), which such code does not need, a step takes a
    tenth of the time. The others in use: ``inline="always"`` inlines before types are known,
    ``forceinline`` when machine code is made; ``no_cpython_wrapper`` and ``no_cfunc_wrapper``
    leave out the entries from Python and C, which double what a function costs to compile.
    """
    options |= {"error_model": "numpy", "_nrt": False}
    gone = [name for name in options if not hasattr(CPUTargetOptions, name)]
    if gone:
        raise ImportError(changed(f"no option {gone[0]!r}"))
    return cast(Callable[[Callable[..., Any]], Any], njit(**options))


def call_as(function: Any, dispatcher: Any) -> None:
    """Let kernels that call ``function``, an object of ours, call what ``dispatcher`` compiles."""
    function._numba_type_ = dispatcher._numba_type_
    function._callee = dispatcher  # its type holds it weakly


def keep_on_disk(
    dispatcher: Any, function: Callable[..., Any], stamp: Callable[[str], str]
) -> None:
    """Keep what ``dispatcher`` compiles of ``function``; without a place it is compiled anew.

    ``stamp(target)`` digests what it is made of, for this numba and processor; it is asked when an
    entry is first looked for. It may raise ``OSError`` for what cannot be read: then nothing is
    kept.
    """
    with contextlib.suppress(OSError, RuntimeError):  # nowhere to write
        dispatcher._cache = _KernelCache(function, stamp)


class _KernelFiles(IndexDataCacheFile):
    def _load_index(self) -> Any:
        try:
            return super()._load_index()
        except Exception:  # a damaged index is an empty one, and soon overwritten
            return {}


class _KernelCache(FunctionCache):
    """A function's entries; files carry the stamp in their names, so that none is ever stale."""

    def __init__(self, function: Callable[..., Any], stamp: Callable[[str], str]) -> None:
        super().__init__(function)
        self._stamp = stamp
        self._stamped = False

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load the entry for these types; None if there is none. Numba asks before it saves one."""
        if not self._stamped:
            self._stamped = True
            try:
                target = (VERSION, target_context.codegen().magic_tuple())
                stamp = self._stamp(repr(target))
            except OSError:
                self.disable()
            else:
                name = f"{self._impl.filename_base}-{stamp}"
                self._cache_file = _KernelFiles(self._cache_path, name, stamp)
        return super().load_overload(sig, target_context)

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        """Join numba's key (types, processor, the function) with the fields of named tuples."""
        return (*super()._index_key(sig, codegen), tuple(map(_fields, sig)))

    def _guard_against_spurious_io_errors(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.suppress(Exception)  # whatever goes wrong: it is compiled anew


def _fields(kind: types.Type) -> tuple[Any, ...]:
    """Name a named tuple's fields, which numba reads by place, and those of tuples in it."""
    parts = getattr(kind, "types", ())
    return (getattr(kind, "fields", ()), *map(_fields, parts)) if parts else ()
