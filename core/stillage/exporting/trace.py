"""Turn a network into an ONNX graph of one reading, traced once and filled many times.

Tracing takes seconds and depends on the architecture alone. A trace therefore keeps every
parameter and buffer as an initialiser under its own name, and networks of the same
architecture only swap the values. What can be folded is folded afterwards, per network.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from stillage.errors import BadInput
from stillage.network.exportable import ExportableModule

if TYPE_CHECKING:
    from stillage.network.network import Network

_KEPT_TRACES = 16
"""Traces that a cache keeps; the one unused for longest leaves first."""


@dataclass(frozen=True)
class Trace:
    """An unoptimised ONNX graph whose initialisers carry the names of torch's tensors.

    Attributes
    ----------
    model : onnx.ModelProto
        Inputs ``reading.<modality>`` and, for several modalities, ``presence.<modality>``;
        outputs ``head.<target>`` and ``features``; batch axis 1.
    learnt : frozenset of str
        Names of values that depend on a learnt parameter; all others are preprocessing.
    """

    model: onnx.ModelProto
    learnt: frozenset[str]


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence the warnings of torch's exporter, and its notes on packages that we do not need."""
    registration = logging.getLogger("torch.onnx._internal.exporter._registration")
    before = registration.level
    registration.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # what it warns of differs by torch's and Python's version; the graph is checked after
            warnings.simplefilter("ignore")
            yield
    finally:
        registration.setLevel(before)


def tensors(module: nn.Module) -> dict[str, Tensor]:
    """Give every parameter and buffer under every name it has."""
    return {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }


def _graph_names(module: ExportableModule) -> tuple[list[str], list[str]]:
    """Name the graph's inputs and outputs; prefixed, so that none can collide."""
    inputs: list[str] = []
    for name in module.network.modalities:
        inputs.append(f"reading.{name}")
        if module.several:
            inputs.append(f"presence.{name}")
    outputs = [f"head.{task.target}" for task in module.network.tasks]
    return inputs, [*outputs, "features"]


def _learnt(graph: onnx.GraphProto, parameters: set[str]) -> frozenset[str]:
    learnt = set(parameters)
    for node in graph.node:  # in topological order
        if learnt.intersection(node.input):
            learnt.update(node.output)
    return frozenset(learnt)


def trace(module: ExportableModule) -> Trace:
    """Trace a network's exportable module, which takes seconds.

    Raises
    ------
    BadInput
        If an encoder or fusion does something that ONNX cannot express; the first line of
        torch's reason.
    """
    inputs, outputs = _graph_names(module)
    try:
        with _quiet_exporter(), torch.no_grad():
            program = torch.onnx.export(
                module,
                module.example(1),
                dynamo=True,
                input_names=inputs,
                output_names=outputs,
                optimize=False,
                verbose=False,
            )
    except Exception as error:  # the exporter raises many kinds
        reason = str(error).strip().splitlines()[:1]
        raise BadInput(f"export: {''.join(reason)[:200]}", expected="an ONNX graph") from error
    assert program is not None  # noqa: S101 - torch returns None only without dynamo
    model = program.model_proto
    parameters = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    _forget_sources(model.graph)
    return Trace(model, _learnt(model.graph, parameters))


def _forget_sources(graph: onnx.GraphProto) -> None:
    """Drop notes of where in the source each node came from; they name local paths."""
    del graph.metadata_props[:]
    graph.doc_string = ""
    for part in (*graph.node, *graph.initializer, *graph.value_info, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.doc_string = ""


def fill(traced: Trace, values: Mapping[str, Tensor]) -> onnx.ModelProto:
    """Copy the traced graph with other parameters and buffers."""
    model = onnx.ModelProto()
    model.CopyFrom(traced.model)
    for initializer in model.graph.initializer:
        if initializer.name in values:
            array = values[initializer.name].detach().cpu().contiguous().numpy()
            if tuple(initializer.dims) != array.shape:
                raise ValueError(f"{initializer.name}: {array.shape} for {initializer.dims}")
            initializer.CopyFrom(numpy_helper.from_array(array, initializer.name))
    return model


def _optimise(model: onnx.ModelProto) -> onnx.ModelProto:
    """Fold constants and batch normalisation; drop dead nodes. Inputs and outputs stay."""
    import onnxscript.optimizer

    folded: onnx.ModelProto = onnxscript.optimizer.optimize(model)
    _forget_sources(folded.graph)
    return folded


def architecture(network: Network) -> str:
    """Hash all that a trace depends on, except the values of parameters and buffers."""
    shapes = [f"{n} {tuple(t.shape)} {t.dtype}" for n, t in sorted(tensors(network).items())]
    classes = [f"{type(m).__module__}.{type(m).__qualname__}" for m in network.modules()]
    text = "\n".join([network.config.model_dump_json(), *shapes, *classes])
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class TraceCache:
    """A cache of traces by architecture, so that the seeds of one run cost one trace."""

    kept: OrderedDict[str, Trace] = field(default_factory=OrderedDict)
    traced: int = 0

    def onnx(self, network: Network, module: ExportableModule | None = None) -> Filled:
        """Give the network's ONNX graph, folded, with the names of learnt values in it."""
        module = module or ExportableModule(network)
        key = architecture(network)
        if key not in self.kept:
            self.kept[key] = trace(module)
            self.traced += 1
            while len(self.kept) > _KEPT_TRACES:
                self.kept.popitem(last=False)
        self.kept.move_to_end(key)
        found = self.kept[key]
        return Filled(_optimise(fill(found, tensors(module))), found.learnt)


@dataclass(frozen=True)
class Filled:
    """A folded graph of one network, and the names of values that are learnt (see Trace)."""

    model: onnx.ModelProto
    learnt: frozenset[str]

    def inputs(self) -> list[str]:
        """Names of the graph's inputs."""
        return [value.name for value in self.model.graph.input]
