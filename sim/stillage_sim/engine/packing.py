"""Pack arguments of a kernel into blocks of memory, so that compiled code passes a pointer.

A ``NamedTuple`` of arrays, scalars and other such tuples is written into words of 8 bytes: the
*fixed* words hold the shapes of its arrays and the values of its scalars, the *addresses* say
where its arrays begin; a nested tuple lies in place. Compiled code sees a *packed tuple*, whose
attributes are read from there. Passed by value, a chain's two hundred arrays would be a thousand
variables in every function; packed they are a few.

The words are written once and never change, so compiled code may keep what it read. After the
addresses of all replicas follow those of each replica alone: :func:`alone` switches to them, and
a loop that stays with one replica finds its numbers without multiplying by its number.
"""

# mypy: disable-error-code="untyped-decorator,no-untyped-call,override"
# mypy: disable-error-code="call-overload,no-any-return,attr-defined"
from __future__ import annotations

import struct
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from stillage_sim.engine.numba_internals import (
    AbstractTemplate,
    AttributeTemplate,
    NativeValue,
    cgutils,
    from_dtype,
    infer_getattr,
    infer_global,
    ir,
    lower_builtin,
    lower_getattr_generic,
    models,
    register_model,
    signature,
    types,
    unbox,
)
from stillage_sim.engine.plain_arrays import WORD, PlainArray, constant

_WORD_BYTES = 8
Tuple = TypeVar("Tuple", bound=tuple[Any, ...])
Kind = TypeVar("Kind", bound=type)
_FLOAT, _FLOAT_BYTES = struct.Struct("Q"), struct.Struct("d")


_changing: set[type] = set()


def changing(kind: Kind) -> Kind:
    """Mark a ``NamedTuple`` whose arrays kernels write; those of all others are never written."""
    _changing.add(kind)
    return kind


class PackedTuple(types.Type):
    """The numba type of a packed ``NamedTuple``; equal for equal names and types of fields.

    ``places`` gives the first fixed word and the first address of each field.
    """

    def __init__(self, label: str, fields: tuple[tuple[str, types.Type], ...]) -> None:
        self.label = label
        self.fields = dict(fields)
        self.places: dict[str, tuple[int, int]] = {}
        self.words = self.arrays = 0
        for name, kind in fields:
            self.places[name] = self.words, self.arrays
            words, arrays = _room_of(kind)
            self.words += words
            self.arrays += arrays
        told = ",".join(f"{name}:{kind}" for name, kind in fields)
        super().__init__(name=f"PackedTuple({label};{told})")


def _room_of(kind: types.Type) -> tuple[int, int]:
    """Count the fixed words and the addresses that a value of this type takes."""
    if isinstance(kind, PackedTuple):
        return kind.words, kind.arrays
    if isinstance(kind, PlainArray):
        return kind.ndim, 1
    return (kind.count if isinstance(kind, types.UniTuple) else 1), 0


def kind_of(value: Any, name: str = "value", frozen: bool | None = None) -> types.Type:
    """Return the type of a value that can be packed, or of an array that is passed as it is.

    Raises ``TypeError`` for an array that is not contiguous (C order), aligned and of this
    machine's byte order, for one that changes but cannot be written, or any other value.
    """
    if isinstance(value, np.ndarray):
        if not value.flags.c_contiguous:
            raise TypeError(f"{name}: found strides {value.strides}, expected an array in C order")
        if not value.flags.aligned or not value.dtype.isnative:
            raise TypeError(f"{name}: found {value.dtype.str}, expected aligned, native numbers")
        if frozen is False and not value.flags.writeable:
            raise TypeError(f"{name}: found a read-only array, expected one that can be written")
        dtype = from_dtype(value.dtype)
        if frozen is None:
            return types.Array(dtype, value.ndim, "C")
        return PlainArray(dtype, value.ndim, frozen)
    if hasattr(value, "_fields"):
        fixed = type(value) not in _changing
        fields = zip(value._fields, value, strict=True)
        return PackedTuple(
            type(value).__name__,
            tuple((field, kind_of(item, f"{name}.{field}", fixed)) for field, item in fields),
        )
    if isinstance(value, tuple) and all(type(item) is int for item in value):
        return types.UniTuple(types.int64, len(value))
    if isinstance(value, bool | np.bool_):
        return types.boolean
    if isinstance(value, np.uint64):
        return types.uint64
    if isinstance(value, int | np.int64):
        return types.int64
    if isinstance(value, float):
        return types.float64
    raise TypeError(f"{name}: found {type(value).__name__}, expected arrays, numbers or tuples")


class _Words:
    """The words of one argument: fixed ones, addresses, and how these grow by replica."""

    def __init__(self) -> None:
        self.fixed: list[int] = []
        self.addresses: list[int] = []
        self.strides: list[int] = []
        self.replicas = 0

    def write(self, value: Any, key: list[Any], changing: bool = False) -> None:
        """Add a value, and to ``key`` what its type depends on."""
        if isinstance(value, np.ndarray):
            flags = value.flags
            fit = flags.carray if changing else flags.c_contiguous and flags.aligned
            key.append((value.dtype.num, value.ndim, fit and value.dtype.isnative))
            self.fixed.extend(value.shape)
            self.addresses.append(value.__array_interface__["data"][0])
            self.strides.append(value.strides[0] if changing else 0)
            self.replicas = len(value) if changing else self.replicas
            return
        key.append(type(value))
        if isinstance(value, tuple):
            key.append(len(value))
            for item in value:
                self.write(item, key, type(value) in _changing)
        elif isinstance(value, float):
            self.fixed.append(_FLOAT.unpack(_FLOAT_BYTES.pack(value))[0])
        elif isinstance(value, int | np.integer | np.bool_):
            self.fixed.append(int(value) % 2**64)
        else:
            raise TypeError(f"found {type(value).__name__}, expected arrays, numbers or tuples")

    def block(self) -> NDArray[np.uint64]:
        """Join the fixed words, the addresses, and the addresses of each replica alone."""
        all_of_them = np.array(self.addresses, np.uint64)
        alone = np.arange(self.replicas, dtype=np.uint64)[:, None] * np.array(
            self.strides, np.uint64
        )
        return np.concatenate(
            [np.array(self.fixed, np.uint64), all_of_them, (all_of_them + alone).ravel()]
        )


def pack(value: Any, key: list[Any]) -> NDArray[np.uint64] | None:
    """Write a ``NamedTuple``, which must outlive them, as words; None for anything else.

    ``key`` gets what :func:`kind_of` depends on: equal keys, equal types.
    """
    words = _Words()
    words.write(value, key)
    return words.block() if hasattr(value, "_fields") else None


def alone(states: Tuple, r: int) -> Tuple:
    """Take replica r of a ``NamedTuple`` of arrays (R, ...) that change, as its only replica.

    >>> from stillage_sim.engine.ledger import residual
    >>> from stillage_sim.uncertainty.arrays import UncertainState
    >>> states = UncertainState(np.zeros((2, 3)), np.zeros((2, 3), np.uint64))
    >>> alone(states, 1).value[0] = 7.0
    >>> states.value.tolist()
    [[0.0, 0.0, 0.0], [7.0, 7.0, 7.0]]
    """
    changing = type(states) in _changing

    def of(item: Any) -> Any:
        if isinstance(item, np.ndarray):
            return item[r : r + 1] if changing else item
        return alone(item, r) if hasattr(item, "_fields") else item

    return type(states)(*map(of, states))


@register_model(PackedTuple)
class _PackedTupleModel(models.StructModel):
    """A packed tuple in compiled code: where its fixed words and its addresses begin."""

    def __init__(self, manager: Any, kind: PackedTuple) -> None:
        members = [("fixed", types.voidptr), ("addresses", types.voidptr)]
        super().__init__(manager, kind, members)


@unbox(PackedTuple)
def _unbox(kind: PackedTuple, obj: Any, c: Any) -> NativeValue:
    """Take the address of a packed tuple's block for its argument."""
    block = c.pyapi.long_as_voidptr(obj)
    found = _made(c.context, c.builder, kind, block, _past(c.builder, block, kind.words))
    return NativeValue(found, is_error=c.pyapi.c_api_error())


@infer_getattr
class _PackedTupleAttribute(AttributeTemplate):
    """The types of attributes, for numba."""

    key = PackedTuple

    def generic_resolve(self, kind: PackedTuple, attr: str) -> types.Type | None:
        """Return the type of a field."""
        return kind.fields.get(attr)


@infer_global(alone)
class _AloneTyping(AbstractTemplate):
    """The types of :func:`alone`, for numba."""

    def generic(self, args: Any, kws: Any) -> Any:
        """Return a packed tuple of the same type."""
        return signature(args[0], args[0], types.int64)


@lower_builtin(alone, PackedTuple, types.int64)
def _alone_compiled(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Emit the machine code of :func:`alone`."""
    kind = sig.args[0]
    parts = cgutils.create_struct_proxy(kind)(context, builder, args[0])
    nth = builder.mul(builder.add(args[1], _word(1)), _word(kind.arrays))
    addresses = _past(builder, parts.addresses, nth)
    return _made(context, builder, kind, parts.fixed, addresses)


@lower_getattr_generic(PackedTuple)
def _read(context: Any, builder: Any, whole: PackedTuple, value: Any, attr: str) -> Any:
    """Read a field of a packed tuple."""
    kind = whole.fields[attr]
    parts = cgutils.create_struct_proxy(whole)(context, builder, value)
    place, address = whole.places[attr]

    def load(start: Any, place: int, of: Any = WORD) -> Any:
        pointer = builder.bitcast(_past(builder, start, place), of.as_pointer())
        return constant(builder, builder.load(pointer, align=_WORD_BYTES))

    if isinstance(kind, PackedTuple):
        fixed, addresses = (
            _past(builder, parts.fixed, place), _past(builder, parts.addresses, address)
        )  # fmt: skip
        return _made(context, builder, kind, fixed, addresses)
    if isinstance(kind, PlainArray):
        array = cgutils.create_struct_proxy(kind)(context, builder)
        array.data = load(parts.addresses, address, array.data.type)
        lengths = [load(parts.fixed, place + axis) for axis in range(kind.ndim)]
        array.shape = cgutils.pack_array(builder, lengths)
        return array._getvalue()
    if isinstance(kind, types.UniTuple):
        return cgutils.pack_array(
            builder, [load(parts.fixed, place + n) for n in range(kind.count)]
        )
    if kind == types.boolean:
        return builder.trunc(load(parts.fixed, place), ir.IntType(1))
    return load(parts.fixed, place, context.get_value_type(kind))


def _made(context: Any, builder: Any, kind: PackedTuple, fixed: Any, addresses: Any) -> Any:
    found = cgutils.create_struct_proxy(kind)(context, builder)
    found.fixed, found.addresses = fixed, addresses
    return found._getvalue()


def _past(builder: Any, start: Any, words: Any) -> Any:
    """Find the place so many words past another, each a pointer to bytes."""
    count = _word(words) if isinstance(words, int) else words
    place = builder.gep(builder.bitcast(start, WORD.as_pointer()), [count], inbounds=True)
    return builder.bitcast(place, start.type)


def _word(number: int) -> Any:
    return ir.Constant(WORD, number)
