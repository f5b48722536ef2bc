"""Rows of kilograms, one number a material, as single values that a processor adds at once.

:func:`row` reads what an account holds, + - x with other rows or numbers work on all materials,
:func:`set_row` writes the result. Interpreted, a row is a NumPy array; compiled, a vector of the
processor, without a loop and without memory in between: the very same operations on every
number, so the very same bits. (Left to itself, compiled code would go number by number, since it
cannot know that the rows of two accounts never overlap.)

>>> glass, jug = np.zeros(2), np.array([1.0, 4.0])
>>> poured = row((0, 1), jug) * 0.5
>>> set_row(glass, row((0, 1), glass) + poured)
>>> set_row(jug, row((0, 1), jug) - poured)
>>> glass.tolist(), jug.tolist()
([0.5, 2.0], [0.5, 2.0])
"""

# mypy: disable-error-code="untyped-decorator,no-untyped-call,override"
from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage_sim.engine.numba_internals import (
    AbstractTemplate,
    cgutils,
    infer_global,
    ir,
    lower_builtin,
    models,
    register_model,
    signature,
    types,
)
from stillage_sim.engine.plain_arrays import PlainArray, constant, of_type

__all__ = ["Row", "positive", "row", "set_row", "sum_row"]

_DOUBLE = ir.DoubleType()
_OPERATIONS = {operator.add: "fadd", operator.sub: "fsub", operator.mul: "fmul"}

Row = NDArray[np.float64]


class _RowType(types.Type):
    """The numba type of a row of so many numbers."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(name=f"Row({count})")


@register_model(_RowType)
class _RowModel(models.PrimitiveModel):
    """A row in compiled code: a vector."""

    def __init__(self, manager: Any, kind: _RowType) -> None:
        super().__init__(manager, kind, ir.VectorType(_DOUBLE, kind.count))


def row(materials: tuple[int, ...], account: np.ndarray) -> Row:
    """Read the numbers of an account (M,); ``materials`` is a tuple of M."""
    return account[: len(materials)].copy()


def set_row(account: np.ndarray, values: Row) -> None:
    """Make an account (M,) hold ``values``."""
    account[:] = values


def positive(values: Row) -> Row:
    """Keep the numbers above 0, and put 0 for the others.

    >>> positive(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return np.where(values > 0.0, values, 0.0)


def sum_row(values: Row) -> float:
    """Sum a row, from the first number to the last.

    >>> sum_row(np.array([1.0, 2.0, 4.0]))
    7.0
    """
    total = 0.0
    for value in values.tolist():
        total += value
    return total


@infer_global(row)
class _RowTyping(AbstractTemplate):
    """The types of :func:`row`, for numba."""

    def generic(self, args: Any, kws: Any) -> Any:
        """Return a row as long as the tuple."""
        materials, account = args
        return signature(_RowType(materials.count), materials, account)


@infer_global(set_row)
class _SetRowTyping(AbstractTemplate):
    """The types of :func:`set_row`, for numba."""

    def generic(self, args: Any, kws: Any) -> Any:
        """Return nothing; what is frozen cannot be set."""
        return None if args[0].frozen else signature(types.none, *args)


@infer_global(positive)
class _PositiveTyping(AbstractTemplate):
    """The types of :func:`positive`, for numba."""

    def generic(self, args: Any, kws: Any) -> Any:
        """Return a row."""
        return signature(args[0], args[0])


@infer_global(sum_row)
class _SumRowTyping(AbstractTemplate):
    """The types of :func:`sum_row`, for numba."""

    def generic(self, args: Any, kws: Any) -> Any:
        """Return a number."""
        return signature(types.float64, args[0])


def _place(context: Any, builder: Any, account: PlainArray, value: Any, count: int) -> Any:
    data = cgutils.create_struct_proxy(account)(context, builder, value).data
    return builder.bitcast(data, ir.VectorType(_DOUBLE, count).as_pointer())


@lower_builtin(row, types.UniTuple, PlainArray)
def _read(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Emit the machine code of :func:`row`."""
    account = sig.args[1]
    place = _place(context, builder, account, args[1], sig.return_type.count)
    found = of_type(builder, builder.load(place, align=8), account.dtype)
    return constant(builder, found) if account.frozen else found


@lower_builtin(set_row, PlainArray, _RowType)
def _write(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Emit the machine code of :func:`set_row`."""
    account, kind = sig.args
    place = _place(context, builder, account, args[0], kind.count)
    of_type(builder, builder.store(args[1], place, align=8), account.dtype)
    return context.get_dummy_value()


@lower_builtin(positive, _RowType)
def _select_positive(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Emit the machine code of :func:`positive`."""
    zero = ir.Constant(args[0].type, [0.0] * sig.args[0].count)
    return builder.select(builder.fcmp_ordered(">", args[0], zero), args[0], zero)


@lower_builtin(sum_row, _RowType)
def _add_up(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Emit the machine code of :func:`sum_row`."""
    total = ir.Constant(_DOUBLE, 0.0)
    for m in range(sig.args[0].count):
        total = builder.fadd(total, builder.extract_element(args[0], _index(m)))
    return total


def _index(m: int) -> Any:
    return ir.Constant(ir.IntType(32), m)


class _ArithmeticTyping(AbstractTemplate):
    """The types of + - x with at least one row, for numba."""

    def generic(self, args: Any, kws: Any) -> Any:
        """Return a row; numbers are taken as float64."""
        rows = [kind for kind in args if isinstance(kind, _RowType)]
        others = [kind for kind in args if not isinstance(kind, _RowType)]
        if not rows or any(kind != rows[0] for kind in rows):
            return None
        if not all(isinstance(kind, types.Number) for kind in others):
            return None
        kinds = [kind if isinstance(kind, _RowType) else types.float64 for kind in args]
        return signature(rows[0], *kinds)


def _arithmetic(instruction: str) -> Any:
    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        count = sig.return_type.count
        operands = [
            value if isinstance(kind, _RowType) else _spread(builder, value, count)
            for kind, value in zip(sig.args, args, strict=True)
        ]
        return getattr(builder, instruction)(*operands)

    return emit


def _spread(builder: Any, value: Any, count: int) -> Any:
    """Make a row of equal numbers."""
    found = ir.Constant(ir.VectorType(_DOUBLE, count), ir.Undefined)
    for m in range(count):
        found = builder.insert_element(found, value, _index(m))
    return found


for _operator, _instruction in _OPERATIONS.items():
    infer_global(_operator)(type(f"{_instruction}Typing", (_ArithmeticTyping,), {}))
    _emit = _arithmetic(_instruction)
    lower_builtin(_operator, _RowType, _RowType)(_emit)
    lower_builtin(_operator, _RowType, types.Float)(_emit)
    lower_builtin(_operator, types.Float, _RowType)(_emit)
