"""Arguments of a kernel as one block of memory, so that compiled code passes a single pointer.

A ``NamedTuple`` of arrays, scalars and other such tuples is written into words of 8 bytes: of an
array its address, shape and strides; of a scalar its value; a nested tuple lies in place. Compiled
code sees a *bundle*, whose attributes are read from there. Passed by value, a chain's two hundred
arrays would be a thousand variables in every function; as a bundle they are one.

The words are written once and never change, so compiled code may keep what it read.
"""

# mypy: disable-error-code="untyped-decorator,no-untyped-call,override"
# mypy: disable-error-code="call-overload,no-any-return,attr-defined"
from __future__ import annotations

import struct
from typing import Any

import numba
import numpy as np
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import NativeValue, register_model, unbox
from numba.np.numpy_support import as_dtype
from numpy.typing import NDArray

WORD = 8
ir: Any = cgutils.ir  # llvmlite's, as numba depends on it


class Bundle(types.Type):
    """The numba type of a packed ``NamedTuple``; equal for equal names and types of fields."""

    def __init__(self, label: str, fields: tuple[tuple[str, types.Type], ...]) -> None:
        self.label = label
        self.fields = dict(fields)
        self.places: dict[str, int] = {}
        self.words = 0
        for name, kind in fields:
            self.places[name] = self.words
            self.words += words_of(kind)
        told = ",".join(f"{name}:{kind}" for name, kind in fields)
        super().__init__(name=f"Bundle({label};{told})")


def words_of(kind: types.Type) -> int:
    """How many words a value of this type takes."""
    words = 1
    if isinstance(kind, Bundle):
        words = kind.words
    elif isinstance(kind, types.Array):
        words += 2 * kind.ndim
    elif isinstance(kind, types.UniTuple):
        words = kind.count
    return words


def kind_of(value: Any, name: str = "value") -> types.Type:
    """The type of a value that can be packed.

    Raises ``TypeError`` for an array that is not contiguous (C order), or any other value.
    """
    if isinstance(value, np.ndarray):
        if not value.flags.c_contiguous:
            raise TypeError(f"{name}: found strides {value.strides}, expected an array in C order")
        return types.Array(numba.typeof(value.dtype).dtype, value.ndim, "C")
    if hasattr(value, "_fields"):
        fields = zip(value._fields, value, strict=True)
        return Bundle(
            type(value).__name__,
            tuple((field, kind_of(item, f"{name}.{field}")) for field, item in fields),
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


def write(value: Any, words: list[int], key: list[Any]) -> None:
    """Append the words of a value, and to ``key`` what its type depends on."""
    if isinstance(value, np.ndarray):
        key.append((value.dtype.num, value.ndim, value.flags.c_contiguous))
        words.append(value.__array_interface__["data"][0])
        words.extend(value.shape)
        words.extend(value.strides)
        return
    key.append(type(value))
    if isinstance(value, tuple):
        key.append(len(value))
        for item in value:
            write(item, words, key)
    elif isinstance(value, float):
        words.append(_FLOAT.unpack(_FLOAT_BYTES.pack(value))[0])
    else:
        words.append(int(value) % 2**64)


_FLOAT, _FLOAT_BYTES = struct.Struct("Q"), struct.Struct("d")


def pack(value: Any, key: list[Any]) -> NDArray[np.uint64] | None:
    """The words of a ``NamedTuple``, which must outlive them; None for anything else.

    ``key`` gets what :func:`kind_of` depends on: equal keys, equal types.
    """
    words: list[int] = []
    write(value, words, key)
    return np.array(words or [0], np.uint64) if hasattr(value, "_fields") else None


@register_model(Bundle)
class BundleModel(models.OpaqueModel):
    """A bundle in compiled code: where its words begin."""


@unbox(Bundle)
def unbox_bundle(_: Bundle, obj: Any, c: Any) -> NativeValue:
    """A bundle's argument is the address of its words."""
    address = c.pyapi.long_as_voidptr(obj)
    return NativeValue(address, is_error=c.pyapi.c_api_error())


@infer_getattr
class BundleAttribute(AttributeTemplate):
    """Types of attributes."""

    key = Bundle

    def generic_resolve(self, bundle: Bundle, attr: str) -> types.Type | None:
        """The type of a field."""
        return bundle.fields.get(attr)


def _constant(builder: Any, load: Any) -> Any:
    """Tell LLVM that what was read never changes."""
    load.set_metadata("invariant.load", builder.module.add_metadata([]))
    return load


@lower_getattr_generic(Bundle)
def read(context: Any, builder: Any, bundle: Bundle, value: Any, attr: str) -> Any:
    """A field of a bundle."""
    kind = bundle.fields[attr]
    word = ir.IntType(64)
    start = builder.bitcast(value, word.as_pointer())

    def at(place: int) -> Any:
        return builder.gep(start, [ir.Constant(word, place)], inbounds=True)

    def load(place: int, of: Any = word) -> Any:
        pointer = at(place)
        if of is not word:
            pointer = builder.bitcast(pointer, of.as_pointer())
        return _constant(builder, builder.load(pointer, align=WORD))

    place = bundle.places[attr]
    if isinstance(kind, Bundle):
        return builder.bitcast(at(place), value.type)
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder)
        shape = [load(place + 1 + n) for n in range(kind.ndim)]
        strides = [load(place + 1 + kind.ndim + n) for n in range(kind.ndim)]
        size = ir.Constant(word, 1)
        for length in shape:
            size = builder.mul(size, length)
        data = context.get_data_type(kind.dtype).as_pointer()
        array.meminfo = ir.Constant(array.meminfo.type, None)
        array.parent = ir.Constant(array.parent.type, None)
        array.nitems = size
        array.itemsize = ir.Constant(word, as_dtype(kind.dtype).itemsize)
        array.data = load(place, data)
        array.shape = _tuple(builder, shape)
        array.strides = _tuple(builder, strides)
        return array._getvalue()
    if isinstance(kind, types.UniTuple):
        return _tuple(builder, [load(place + n) for n in range(kind.count)])
    if kind == types.boolean:
        return builder.trunc(load(place), ir.IntType(1))
    return load(place, context.get_value_type(kind))


def _tuple(builder: Any, items: list[Any]) -> Any:
    found = ir.Constant(ir.ArrayType(ir.IntType(64), len(items)), ir.Undefined)
    for n, item in enumerate(items):
        found = builder.insert_value(found, item, n)
    return found
