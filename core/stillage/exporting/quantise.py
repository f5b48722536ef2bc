"""Quantise a graph to INT8: static with calibrated activations, dynamic if it is recurrent.

``q = clamp(round(x / scale) + zero)``: weights symmetric, one scale an output channel;
activations unsigned with a zero point. Preprocessing and the small last layers stay in
floating point. How ranges are chosen is decided by the error they cause on the calibration
readings, not by taste.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from stillage.errors import BadInput
from stillage.exporting.ranges import Feeds, Ranges, observe, session
from stillage.exporting.trace import Filled

_PERCENTILES = (99.99, 99.9)
_WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_RECURRENT = ("LSTM", "GRU", "RNN")
_STATIC_OPS = [
    *_WEIGHTED,
    *("Add", "AveragePool", "Clip", "Concat", "Flatten", "GlobalAveragePool", "LeakyRelu"),
    *("MaxPool", "Relu", "Reshape", "Squeeze", "Transpose", "Unsqueeze"),
]
_FLOAT = onnx.TensorProto.FLOAT
_OPTIONS = {"MatMulConstBOnly": True, "MinimumRealRange": 1e-6}
"""Products of two activations (attention) stay in floating point; no scale becomes 0."""


@dataclass(frozen=True)
class Quantised:
    """An INT8 graph, how it was made and how far it is from the FP32 graph.

    Attributes
    ----------
    model : onnx.ModelProto
        Same inputs and outputs as the graph it was made from.
    method : str
        ``static`` or ``dynamic``.
    ranges : str
        ``minmax``, ``percentile 99.99`` ...; ``at run time`` when dynamic.
    weight_bits : int
        8, or 7 where the processor's products of two bytes would saturate.
    error : float
        Root mean square difference of the outputs from the FP32 graph's over the calibration
        readings, in standard deviations of each output, averaged over outputs.
    """

    model: onnx.ModelProto
    method: str
    ranges: str
    weight_bits: int
    error: float


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the quantiser's advice on the root logger; other threads' records pass."""
    import threading

    here = threading.get_ident()

    def passes(record: logging.LogRecord) -> bool:
        return record.thread != here or "quantization" not in record.pathname

    logging.getLogger().addFilter(passes)
    try:
        yield
    finally:
        logging.getLogger().removeFilter(passes)


def basic(model: onnx.ModelProto) -> onnx.ModelProto:
    """Give the graph after onnxruntime's basic optimisation, with fresh shapes.

    Stale shapes are dropped first: with them the quantiser leaves recurrent layers alone.
    """
    with tempfile.TemporaryDirectory(prefix="stillage-") as folder:
        file = str(Path(folder) / "basic.onnx")
        session(model, "ORT_ENABLE_BASIC", file)
        plain = onnx.load(file)
    del plain.graph.value_info[:]
    shaped: onnx.ModelProto = onnx.shape_inference.infer_shapes(plain)
    return shaped


def _name_nodes(model: onnx.ModelProto) -> None:
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}_{number}"


def preparation(model: onnx.ModelProto, learnt: frozenset[str]) -> set[str]:
    """Name the nodes of preprocessing: those that depend on no learnt parameter.

    Folding makes constants out of parameters: one whose name continues a parameter's is
    learnt, and so is an array whose name the trace knows as learnt.
    """
    parameters = tuple(name for name in learnt if "." in name)
    tainted = {
        constant.name
        for constant in model.graph.initializer
        if constant.name.startswith(parameters)
        or (constant.name in learnt and constant.data_type == _FLOAT and np.prod(constant.dims) > 1)
    }
    for node in model.graph.node:
        if tainted.intersection(node.input):
            tainted.update(node.output)
    return {node.name for node in model.graph.node if tainted.isdisjoint(node.output)}


def last_layers(model: onnx.ModelProto, weighted: Sequence[str] = _WEIGHTED) -> set[str]:
    """Name the weighted nodes after which no weighted node comes: the heads."""
    makers = {name: node for node in model.graph.node for name in node.output}
    inner: set[str] = set()
    for node in model.graph.node:
        if node.op_type not in (*weighted, *_RECURRENT):
            continue
        todo, seen = list(node.input), set()
        while todo:
            name = todo.pop()
            if name in makers and name not in seen:
                seen.add(name)
                inner.add(makers[name].name)
                todo.extend(makers[name].input)
    return {n.name for n in model.graph.node if n.op_type in weighted and n.name not in inner}


def _static(
    model: onnx.ModelProto, ranges: Ranges, kept: list[str], seven: bool
) -> onnx.ModelProto:
    from onnxruntime.quantization import CalibrationMethod, QuantType
    from onnxruntime.quantization.calibrate import TensorsData
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    # handed over as if the quantiser's own calibration had found them
    data = {n: (np.float32(low), np.float32(high)) for n, (low, high) in ranges.items()}
    quantiser = QDQQuantizer(
        copy,
        True,
        seven,
        QuantType.QInt8,
        QuantType.QUInt8,
        TensorsData(CalibrationMethod.MinMax, data),
        [],
        kept,
        _STATIC_OPS,
        dict(_OPTIONS),
    )
    quantiser.quantize_model()
    made: onnx.ModelProto = quantiser.model.model
    return made


def _dynamic(model: onnx.ModelProto, kept: list[str]) -> onnx.ModelProto:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.value_info[:]
    with tempfile.TemporaryDirectory(prefix="stillage-") as folder:
        file = str(Path(folder) / "dynamic.onnx")
        quantize_dynamic(
            copy,
            file,
            ["LSTM", "Gemm", "MatMul"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=kept,
            extra_options={"MatMulConstBOnly": True},
        )
        loaded: onnx.ModelProto = onnx.load(file)
    return loaded


def outputs_of(model: onnx.ModelProto, readings: Sequence[Feeds]) -> list[Any]:
    """Run a graph on the readings, and stack each output."""
    runner = session(model)
    rows = [runner.run(None, dict(feeds)) for feeds in readings]
    return [np.concatenate(column) for column in zip(*rows, strict=True)]


def difference(reference: Sequence[Any], other: Sequence[Any]) -> float:
    """Average the outputs' RMS differences, in standard deviations of the reference."""
    parts = []
    for want, have in zip(reference, other, strict=True):
        spread = float(want.std(0).mean()) or 1.0
        parts.append(float(np.sqrt(np.mean((have.astype(np.float64) - want) ** 2))) / spread)
    return float(np.mean(parts))


def _tidy(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop parts that no run needs: declared domains without a node, notes, value shapes."""
    used = {node.domain for node in model.graph.node} | {""}
    kept = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    del model.graph.value_info[:]
    del model.metadata_props[:]
    return model


def quantise(filled: Filled, readings: Sequence[Feeds]) -> Quantised:
    """Quantise a graph to INT8.

    Parameters
    ----------
    filled : Filled
        The FP32 graph, folded.
    readings : sequence of feeds
        Calibration readings, each one reading: raw, of training samples.

    Raises
    ------
    BadInput
        If there are no calibration readings, or nothing that could be quantised.
    """
    if not readings:
        raise BadInput("int8", "no calibration readings", "some readings of training samples")
    model = basic(filled.model)
    _name_nodes(model)
    prepared = preparation(model, filled.learnt)
    heads = last_layers(model)
    kinds = {n.name: n.op_type for n in model.graph.node if n.name not in prepared}
    weighted = {name for name, kind in kinds.items() if kind in (*_WEIGHTED, *_RECURRENT)}
    if not weighted:
        raise BadInput("int8", "no layer with weights", "a network to quantise")
    kept = sorted(prepared | heads if weighted - heads else prepared)
    reference = outputs_of(filled.model, readings)
    with _quiet():
        if set(_RECURRENT) & set(kinds.values()):
            made = _tidy(_dynamic(model, kept))
            error = difference(reference, outputs_of(made, readings))
            return Quantised(made, "dynamic", "at run time", 8, error)
        tried = []
        for name, ranges in observe(model, readings, _PERCENTILES).items():
            made = _tidy(_static(model, ranges, kept, seven=False))
            error = difference(reference, outputs_of(made, readings))
            tried.append((Quantised(made, "static", name, 8, error), ranges))
        best, ranges = min(tried, key=lambda one: one[0].error)
        made = _tidy(_static(model, ranges, kept, seven=True))
        error = difference(reference, outputs_of(made, readings))
    seven = Quantised(made, "static", best.ranges, 7, error)
    return min(best, seven, key=lambda one: one.error)
