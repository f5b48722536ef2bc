"""Check the bytes of an ONNX file before anything loads it, in plain Python.

An ONNX tensor may name a file that holds its values, and runtimes follow such names; a
graph may also hold loops that never end. Bundles need neither, so both are refused before
onnxruntime sees the bytes. Protocol-buffer wire format and field numbers: onnx.proto3,
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.
"""

from __future__ import annotations

from collections.abc import Iterator

from stillage.errors import BadInput

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_NODES = 100_000
_MAX_DEPTH = 8
_REFUSED_OPS = frozenset({"If", "Loop", "Scan", "SequenceMap"})
"""Control flow: no exported network has it, and it can run for ever."""

# message -> field number -> message that the field holds
_CHILDREN = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_NODE_OP, _TENSOR_EXTERNAL, _TENSOR_LOCATION = 4, 13, 14


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("a number that never ends")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield field number and content (an integer, or a view of bytes) of one message."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"wire type {kind}")
        if size > len(data) - at:
            raise ValueError(f"{size} bytes promised, {len(data) - at} there")
        yield key >> 3, data[at : at + size]
        at += size


def check_onnx(content: bytes, where: str) -> None:
    """Refuse ONNX bytes that are damaged, refer to other files, or hold control flow.

    Raises
    ------
    BadInput
        One line that names ``where``.

    >>> check_onnx(b"not a model", "model.onnx")
    Traceback (most recent call last):
        ...
    stillage.errors.BadInput: model.onnx: found wire type 6, expected an ONNX model
    """
    todo: list[tuple[str, memoryview, int]] = [("model", memoryview(content), 0)]
    nodes = graphs = 0
    while todo:
        kind, data, depth = todo.pop()
        if depth > _MAX_DEPTH:
            raise BadInput(where, f"messages nested over {_MAX_DEPTH} deep", "an ONNX network")
        graphs += kind == "graph"
        nodes += kind == "node"
        if nodes > _MAX_NODES:
            raise BadInput(where, f"over {_MAX_NODES} nodes", "an ONNX network")
        try:
            for field, value in _fields(data):
                # location 0 is the default: the values are in this file
                if kind == "tensor" and field in (_TENSOR_EXTERNAL, _TENSOR_LOCATION) and value:
                    raise BadInput(where, "a tensor stored in another file", "one whole file")
                if not isinstance(value, memoryview):
                    continue
                if kind == "node" and field == _NODE_OP and bytes(value).decode() in _REFUSED_OPS:
                    raise BadInput(where, f"control flow ({bytes(value).decode()})", "a network")
                child = _CHILDREN.get(kind, {}).get(field)
                if child:
                    todo.append((child, value, depth + 1))
        except BadInput:
            raise
        except ValueError as error:
            raise BadInput(where, error, "an ONNX model") from None
    if not graphs:
        raise BadInput(where, "no graph", "an ONNX model")
