"""Plain arrays are arrays as kernels see them: where they begin, how long their axes are.

Numba's own arrays take negative indices, have strides, and may share their memory with any other
array; all of that costs instructions at every access. A *plain array* is in C order, and its
indices are never negative. Plain arrays of different number types never share memory. One that a
kernel never writes is *frozen*: compiled code may keep what it has read of it.

``array[i, j]`` is a number, ``array[i]`` the plain array of what is left, which ``array[i] = x``
fills; ``array.shape`` is a tuple. There is nothing else.
"""

# mypy: disable-error-code="untyped-decorator,no-untyped-call,override,no-any-return"
from __future__ import annotations

import operator
from typing import Any

from stillage_sim.engine.numba_internals import (
    AbstractTemplate,
    AttributeTemplate,
    cgutils,
    infer_getattr,
    infer_global,
    ir,
    lower_builtin,
    lower_getattr,
    models,
    register_model,
    signature,
    types,
)

WORD = ir.IntType(64)


class PlainArray(types.Type):
    """The numba type of a plain array."""

    def __init__(self, dtype: types.Type, ndim: int, frozen: bool) -> None:
        self.dtype = dtype
        self.ndim = ndim
        self.frozen = frozen
        kind = "frozen" if frozen else "changing"
        super().__init__(name=f"PlainArray({dtype},{ndim},{kind})")


@register_model(PlainArray)
class _PlainArrayModel(models.StructModel):
    """A plain array in compiled code: where it begins, and how long its axes are."""

    def __init__(self, manager: Any, array: PlainArray) -> None:
        shape = types.UniTuple(types.int64, array.ndim)
        super().__init__(manager, array, [("data", types.CPointer(array.dtype)), ("shape", shape)])


def constant(builder: Any, load: Any) -> Any:
    """Tell LLVM that what was read never changes."""
    load.set_metadata("invariant.load", builder.module.add_metadata([]))
    return load


def of_type(builder: Any, access: Any, dtype: types.Type) -> Any:
    """Tell LLVM that numbers of another type lie elsewhere (type-based alias analysis)."""
    module = builder.module
    root = module.add_metadata([ir.MetaDataString(module, "plain arrays")])
    zero = ir.Constant(WORD, 0)
    kind = module.add_metadata([ir.MetaDataString(module, str(dtype)), root, zero])
    access.set_metadata("tbaa", module.add_metadata([kind, kind, zero]))
    return access


def _indices(index: types.Type) -> int | None:
    """Count the numbers of an index; None if it has anything else."""
    if isinstance(index, types.Integer):
        return 1
    kinds = getattr(index, "types", ())  # of a tuple
    return len(kinds) if kinds and all(isinstance(i, types.Integer) for i in kinds) else None


@infer_global(operator.getitem)
class _GetPlainArray(AbstractTemplate):
    """The types of ``array[index]``, for numba."""

    def generic(self, args: Any, kws: Any) -> Any:
        """Return a number, or an array of the axes that are left."""
        array, index = args
        count = _indices(index) if isinstance(array, PlainArray) else None
        if count is None or count > array.ndim:
            return None
        rest = array.ndim - count
        found = PlainArray(array.dtype, rest, array.frozen) if rest else array.dtype
        return signature(found, array, index)


@infer_global(operator.setitem)
class _SetPlainArray(AbstractTemplate):
    """The types of ``array[index] = number``, for numba."""

    def generic(self, args: Any, kws: Any) -> Any:
        """Return nothing; what is frozen cannot be set."""
        array, index, value = args
        count = _indices(index) if isinstance(array, PlainArray) and not array.frozen else None
        if (
            count is None
            or count > array.ndim
            or not isinstance(value, types.Number | types.Boolean)
        ):
            return None
        return signature(types.none, array, index, array.dtype)


@infer_getattr
class _PlainArrayAttribute(AttributeTemplate):
    """The types of attributes, for numba."""

    key = PlainArray

    def resolve_shape(self, array: PlainArray) -> types.Type:
        """Return the lengths of all axes."""
        return types.UniTuple(types.int64, array.ndim)


@lower_getattr(PlainArray, "shape")
def _shape_of(context: Any, builder: Any, array: PlainArray, value: Any) -> Any:
    """Return the lengths of all axes."""
    return cgutils.create_struct_proxy(array)(context, builder, value).shape


def _find(context: Any, builder: Any, sig: Any, args: Any) -> tuple[Any, list[Any]]:
    """Find where ``array[index]`` begins, and the lengths of the axes that are left."""
    array, index = sig.args[0], sig.args[1]
    parts = cgutils.create_struct_proxy(array)(context, builder, args[0])
    if isinstance(index, types.Integer):
        kinds, numbers = [index], [args[1]]
    else:
        kinds, numbers = list(index), cgutils.unpack_tuple(builder, args[1], len(index))
    lengths = cgutils.unpack_tuple(builder, parts.shape, array.ndim)
    place = ir.Constant(WORD, 0)
    for axis, length in enumerate(lengths):
        place = builder.mul(place, length) if axis else place
        if axis < len(kinds):
            number = context.cast(builder, numbers[axis], kinds[axis], types.int64)
            place = builder.add(place, number)
    return builder.gep(parts.data, [place], inbounds=True), lengths[len(kinds) :]


@lower_builtin(operator.getitem, PlainArray, types.Integer)
@lower_builtin(operator.getitem, PlainArray, types.BaseTuple)
def _get(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Read ``array[index]``."""
    place, rest = _find(context, builder, sig, args)
    array = sig.args[0]
    if rest:
        found = cgutils.create_struct_proxy(sig.return_type)(context, builder)
        found.data = place
        found.shape = cgutils.pack_array(builder, rest)
        return found._getvalue()
    value = builder.load(place)
    of_type(builder, value, array.dtype)
    if array.frozen:
        constant(builder, value)
    return context.data_model_manager[array.dtype].from_data(builder, value)


@lower_builtin(operator.setitem, PlainArray, types.Integer, types.Any)
@lower_builtin(operator.setitem, PlainArray, types.BaseTuple, types.Any)
def _put(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Write ``array[index] = number``, in all places where axes are left."""
    place, rest = _find(context, builder, sig, args)
    dtype = sig.args[0].dtype
    value = context.data_model_manager[dtype].as_data(builder, args[2])
    if not rest:
        of_type(builder, builder.store(value, place), dtype)
        return context.get_dummy_value()
    count = rest[0]
    for length in rest[1:]:
        count = builder.mul(count, length)
    with cgutils.for_range(builder, count) as loop:
        of_type(builder, builder.store(value, builder.gep(place, [loop.index])), dtype)
    return context.get_dummy_value()
