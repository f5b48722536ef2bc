"""Arguments of a kernel as blocks of memory, so that compiled code passes a pointer or two.

A ``NamedTuple`` of arrays, scalars and other such tuples is written into words of 8 bytes: the
*fixed* words hold the shapes of its arrays and the values of its scalars, the *addresses* say
where its arrays begin; a nested tuple lies in place. Compiled code sees a *bundle*, whose
attributes are read from there. Passed by value, a chain's two hundred arrays would be a thousand
variables in every function; as bundles they are a few.

The words are written once and never change, so compiled code may keep what it read. After the
addresses of all replicas follow those of each replica alone: :func:`alone` switches to them, and
a loop that stays with one replica finds its numbers without multiplying by its number.
"""

# mypy: disable-error-code="untyped-decorator,no-untyped-call,override"
# mypy: disable-error-code="call-overload,no-any-return,attr-defined"
from __future__ import annotations

import struct
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.imputils import lower_builtin, lower_getattr_generic
from numba.core.typing.templates import (
    AbstractTemplate,
    AttributeTemplate,
    infer_getattr,
    infer_global,
    signature,
)
from numba.extending import NativeValue, register_model, unbox
from numpy.typing import NDArray

from stillage_sim.engine.compiled import CHANGING
from stillage_sim.engine.plain_arrays import WORD, PlainArray, constant, ir

WORD_BYTES = 8
Tuple = TypeVar("Tuple", bound=tuple[Any, ...])
_FLOAT, _FLOAT_BYTES = struct.Struct("Q"), struct.Struct("d")


class Bundle(types.Type):
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
            words, arrays = room_of(kind)
            self.words += words
            self.arrays += arrays
        told = ",".join(f"{name}:{kind}" for name, kind in fields)
        super().__init__(name=f"Bundle({label};{told})")


def room_of(kind: types.Type) -> tuple[int, int]:
    """How many fixed words and how many addresses a value of this type takes."""
    if isinstance(kind, Bundle):
        return kind.words, kind.arrays
    if isinstance(kind, PlainArray):
        return kind.ndim, 1
    return (kind.count if isinstance(kind, types.UniTuple) else 1), 0


def kind_of(value: Any, name: str = "value", frozen: bool | None = None) -> types.Type:
    """The type of a value that can be packed, or of an array that is passed as it is.

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
        dtype = numba.typeof(value.dtype).dtype
        if frozen is None:
            return types.Array(dtype, value.ndim, "C")
        return PlainArray(dtype, value.ndim, frozen)
    if hasattr(value, "_fields"):
        fixed = type(value) not in CHANGING
        fields = zip(value._fields, value, strict=True)
        return Bundle(
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


class Words:
    """What is written of one argument: fixed words, addresses, and how they grow by replica."""

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
                self.write(item, key, type(value) in CHANGING)
        elif isinstance(value, float):
            self.fixed.append(_FLOAT.unpack(_FLOAT_BYTES.pack(value))[0])
        elif isinstance(value, int | np.integer | np.bool_):
            self.fixed.append(int(value) % 2**64)
        else:
            raise TypeError(f"found {type(value).__name__}, expected arrays, numbers or tuples")

    def block(self) -> NDArray[np.uint64]:
        """Fixed words, addresses, and the addresses of each replica alone."""
        all_of_them = np.array(self.addresses, np.uint64)
        alone = np.arange(self.replicas, dtype=np.uint64)[:, None] * np.array(
            self.strides, np.uint64
        )
        return np.concatenate(
            [np.array(self.fixed, np.uint64), all_of_them, (all_of_them + alone).ravel()]
        )


def pack(value: Any, key: list[Any]) -> NDArray[np.uint64] | None:
    """The words of a ``NamedTuple``, which must outlive them; None for anything else.

    ``key`` gets what :func:`kind_of` depends on: equal keys, equal types.
    """
    words = Words()
    words.write(value, key)
    return words.block() if hasattr(value, "_fields") else None


def alone(states: Tuple, r: int) -> Tuple:
    """Replica r of a ``NamedTuple`` of arrays (R, ...) that change, as its only replica.

    >>> from stillage_sim.engine.ledger import residual
    >>> from stillage_sim.uncertainty.arrays import UncertainState
    >>> states = UncertainState(np.zeros((2, 3)), np.zeros((2, 3), np.uint64))
    >>> alone(states, 1).value[0] = 7.0
    >>> states.value.tolist()
    [[0.0, 0.0, 0.0], [7.0, 7.0, 7.0]]
    """
    changing = type(states) in CHANGING

    def of(item: Any) -> Any:
        if isinstance(item, np.ndarray):
            return item[r : r + 1] if changing else item
        return alone(item, r) if hasattr(item, "_fields") else item

    return type(states)(*map(of, states))


@register_model(Bundle)
class BundleModel(models.StructModel):
    """A bundle in compiled code: where its fixed words and its addresses begin."""

    def __init__(self, manager: Any, bundle: Bundle) -> None:
        members = [("fixed", types.voidptr), ("addresses", types.voidptr)]
        super().__init__(manager, bundle, members)


@unbox(Bundle)
def unbox_bundle(bundle: Bundle, obj: Any, c: Any) -> NativeValue:
    """A bundle's argument is the address of its block."""
    block = c.pyapi.long_as_voidptr(obj)
    found = _bundle(c.context, c.builder, bundle, block, _past(c.builder, block, bundle.words))
    return NativeValue(found, is_error=c.pyapi.c_api_error())


@infer_getattr
class BundleAttribute(AttributeTemplate):
    """Types of attributes."""

    key = Bundle

    def generic_resolve(self, bundle: Bundle, attr: str) -> types.Type | None:
        """The type of a field."""
        return bundle.fields.get(attr)


@infer_global(alone)
class AloneTyping(AbstractTemplate):
    """Types of :func:`alone`."""

    def generic(self, args: Any, kws: Any) -> Any:
        """A bundle of the same type."""
        return signature(args[0], args[0], types.int64)


@lower_builtin(alone, Bundle, types.int64)
def alone_compiled(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Machine code of :func:`alone`."""
    bundle = sig.args[0]
    parts = cgutils.create_struct_proxy(bundle)(context, builder, args[0])
    nth = builder.mul(builder.add(args[1], _word(1)), _word(bundle.arrays))
    addresses = _past(builder, parts.addresses, nth)
    return _bundle(context, builder, bundle, parts.fixed, addresses)


@lower_getattr_generic(Bundle)
def read(context: Any, builder: Any, bundle: Bundle, value: Any, attr: str) -> Any:
    """A field of a bundle."""
    kind = bundle.fields[attr]
    parts = cgutils.create_struct_proxy(bundle)(context, builder, value)
    place, address = bundle.places[attr]

    def load(start: Any, place: int, of: Any = WORD) -> Any:
        pointer = builder.bitcast(_past(builder, start, place), of.as_pointer())
        return constant(builder, builder.load(pointer, align=WORD_BYTES))

    if isinstance(kind, Bundle):
        fixed, addresses = (
            _past(builder, parts.fixed, place), _past(builder, parts.addresses, address)
        )  # fmt: skip
        return _bundle(context, builder, kind, fixed, addresses)
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


def _bundle(context: Any, builder: Any, kind: Bundle, fixed: Any, addresses: Any) -> Any:
    found = cgutils.create_struct_proxy(kind)(context, builder)
    found.fixed, found.addresses = fixed, addresses
    return found._getvalue()


def _past(builder: Any, start: Any, words: Any) -> Any:
    """The place so many words past another, each a pointer to bytes."""
    count = _word(words) if isinstance(words, int) else words
    place = builder.gep(builder.bitcast(start, WORD.as_pointer()), [count], inbounds=True)
    return builder.bitcast(place, start.type)


def _word(number: int) -> Any:
    return ir.Constant(WORD, number)
