"""Export a student: prune, trace, quantise, check against torch, measure, and write a bundle."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage.bundle.runtime import FILES, Bundle
from stillage.errors import BadInput
from stillage.exporting.checks import (
    against,
    agreement,
    feeds_of,
    heads,
    measure,
    parity,
    tensors_of,
    told,
)
from stillage.exporting.manifest import describe
from stillage.exporting.prune import Pruned, prune, restate
from stillage.exporting.quantise import Quantised, difference, quantise
from stillage.exporting.trace import TraceCache
from stillage.network import Network
from stillage.network.batch import Batch
from stillage.network.exportable import ExportableModule
from stillage.perception.latency import one_thread
from stillage.recording.readings import CALIBRATION, Readings
from stillage.storage.atomic import atomic_folder, write_json
from stillage.storage.provenance import Training

if TYPE_CHECKING:
    from stillage.plugin.host import Host

_CHECKED = 64
"""Readings on which parity is checked."""

Redistil = Callable[[Network], None]
"""Trains a pruned network further, in place."""

_traces = TraceCache()


@dataclass(frozen=True)
class Options:
    """The options of an export.

    Attributes
    ----------
    int8 : bool
        Whether an INT8 model comes beside the FP32 one.
    prune : float
        Share of channels to remove first, in [0, 1).
    redistil : callable or None
        Trains the pruned network further; without it the manifest says that nothing did.
    runs : int
        Inferences whose median is the measured latency.
    """

    int8: bool = True
    prune: float = 0.0
    redistil: Redistil | None = None
    runs: int = 200


def export(
    student: Network | Path | str,
    folder: Path | str,
    *,
    int8: bool = True,
    prune: float = 0.0,
    calibration: Readings | None = None,
    redistil: Redistil | None = None,
    runs: int = 200,
    cache: TraceCache | None = None,
    host: Host | None = None,
) -> dict[str, Any]:
    """Write a student as a bundle that onnxruntime and NumPy alone can run.

    Parameters
    ----------
    student : Network or path
        A network, or a folder that ``Network.save`` wrote.
    folder : path
        Of the bundle; an older bundle there is replaced, anything else is refused.
    int8 : bool
        Whether an INT8 model comes beside the FP32 one.
    prune : float
        Share of channels to remove first, in [0, 1).
    calibration : Readings or None
        Raw readings of training samples; default: ``calibration.npz`` of the student's folder.
    redistil : callable or None
        Trains the pruned network further, in place.
    runs : int
        Inferences whose median is the measured latency.
    cache : TraceCache or None
        Default: one that the process keeps, so that students of one architecture cost one
        trace.
    host : Host, optional
        Default: the installed plugins.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    BadInput
        For a folder that is no student or no bundle, a network that ONNX cannot express, no
        calibration readings for INT8, or a ratio out of range.

    For an example, see docs/export.md.
    """
    options = Options(int8, prune, redistil, runs)
    with one_thread():
        network, readings = _student(student, calibration, host)
        _check_target(Path(folder))
        pruning = _prune(network, options, readings) if prune else None
        learnt = None if isinstance(student, Network) else Training.load(Path(student))
        return _write(network, Path(folder), readings, options, pruning, cache or _traces, learnt)


def export_all(
    students: Iterable[tuple[Network | Path | str, Path | str]], **options: Any
) -> list[dict[str, Any]]:
    """Export several students, tracing each architecture once; options as in export."""
    cache = options.pop("cache", None) or TraceCache()
    return [export(one, folder, cache=cache, **options) for one, folder in students]


def _student(
    student: Network | Path | str, calibration: Readings | None, host: Host | None
) -> tuple[Network, Readings | None]:
    if isinstance(student, Network):
        return copy.deepcopy(student).eval().requires_grad_(False), calibration
    network = Network.load(student, host).requires_grad_(False)
    file = Path(student) / CALIBRATION
    if calibration is None and file.exists():
        calibration = Readings.load(file)
    return network, calibration


def _check_target(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "manifest.json").is_file():
        raise BadInput(folder, "a folder with other files", "a new folder, or a bundle")
    if folder.exists() and not folder.is_dir():
        raise BadInput(folder, "a file", "a folder for the bundle")


def _checked(network: Network, readings: Readings | None) -> Readings:
    """Give readings of the network's modalities, in their order, and refuse unfit ones."""
    if readings is None:
        return _zeros(network)
    raw: dict[str, NDArray[Any]] = {}
    for name, chosen in network.config.modalities.items():
        wanted = (len(readings), *chosen.shape)
        if name not in readings.raw:
            raise BadInput("calibration", f"readings of {', '.join(readings.raw)}", name)
        have = readings.raw[name]
        dtype = network.readings[name].dense.dtype
        if have.shape != wanted or have.dtype != dtype:
            found = f"{have.dtype} {have.shape}"
            raise BadInput(f"calibration: {name}", found, f"{dtype} {wanted}")
        raw[name] = have
    kept = Readings(raw, {name: readings.presence[name] for name in raw})
    if len(raw) == 1:  # its graph has no input for presence: absent readings are left out
        kept = kept.rows(kept.presence[next(iter(raw))])
    if not len(kept):
        raise BadInput("calibration", "no reading", "some readings of training samples")
    return kept


def _zeros(network: Network) -> Readings:
    raw = {
        name: np.zeros((1, *chosen.shape), network.readings[name].dense.dtype)
        for name, chosen in network.config.modalities.items()
    }
    return Readings(raw, {name: np.ones(1, bool) for name in raw})


class _Whole(torch.nn.Module):
    """A module from raw readings to outputs that runs the network's own layers, no copies."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        names, step = self.network.modalities, 2 if len(self.network.modalities) > 1 else 1
        raw = dict(zip(names, inputs[::step], strict=True))
        there = torch.ones(len(inputs[0]), dtype=torch.bool)
        masks = inputs[1::step] if step == 2 else (there,)
        presence = dict(zip(names, masks, strict=True))
        outputs = self.network(Batch(np.arange(len(there)), raw, presence))
        return (*outputs.heads.values(), outputs.features)


def _prune(network: Network, options: Options, readings: Readings | None) -> dict[str, Any]:
    """Prune in place, then restate batch statistics if that brings the outputs nearer."""
    some = _checked(network, readings)
    before = heads(ExportableModule(network), some)
    inputs = tensors_of(ExportableModule(network), some)
    # four readings are enough to see whether the layers still fit together
    done: Pruned = prune(_Whole(network), options.prune, tuple(t[:4] for t in inputs))
    restated = copy.deepcopy(network)
    layers = restate(_Whole(restated), inputs) if readings is not None and len(some) > 1 else 0
    errors = [
        difference(list(before.values()), list(heads(ExportableModule(one), some).values()))
        for one in (network, restated)
    ]
    nearer = bool(layers) and errors[1] < errors[0]
    if nearer:
        network.load_state_dict(restated.state_dict())
    if options.redistil is not None:
        network.requires_grad_(True)
        options.redistil(network)
        network.eval().requires_grad_(False)
    after = told(network, heads(ExportableModule(network), some))
    return {
        "ratio": options.prune,
        "channels_before": done.channels_before,
        "channels_after": done.channels_after,
        "batch_statistics_restated": nearer,
        "redistilled": options.redistil is not None,
        "against_unpruned": agreement(network, told(network, before), after),
        "readings": len(some),
    }


def _write(
    network: Network,
    folder: Path,
    readings: Readings | None,
    options: Options,
    pruning: dict[str, Any] | None,
    cache: TraceCache,
    learnt: Training | None,
) -> dict[str, Any]:
    if options.int8 and readings is None:
        raise BadInput("int8", f"no {CALIBRATION}", "raw readings of training samples")
    some = _checked(network, readings)
    module = ExportableModule(network)
    filled = cache.onnx(network, module)
    models: dict[str, onnx.ModelProto] = {"fp32": filled.model}
    quantised: Quantised | None = None
    if options.int8:
        quantised = quantise(filled, feeds_of(network, some))
        models["int8"] = quantised.model
    with atomic_folder(folder) as part:  # a bundle that fails the checks below never appears
        manifest = {
            **describe(network, module, options.int8),
            "pruning": pruning,
            "files": {},
            "size_bytes": {},
        }
        if learnt is not None:
            learnt.save(part)
        for precision, model in models.items():
            content = model.SerializeToString(deterministic=True)
            (part / FILES[precision]).write_bytes(content)
            manifest["size_bytes"][precision] = len(content)
            manifest["files"][precision] = {
                "name": FILES[precision],
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        bundle = Bundle(part, manifest)
        checked = some.rows(slice(0, _CHECKED))
        manifest["parity"] = parity(network, module, bundle, checked, readings is not None)
        if quantised is not None:
            manifest["int8"] = {
                "method": quantised.method,
                "ranges": quantised.ranges,
                "weight_bits": quantised.weight_bits,
                "calibration_readings": len(some),
                "error_sd": quantised.error,
                "against_fp32": against(network, bundle, some),
            }
        manifest["measured"] = measure(module, bundle, some, options.runs)
        write_json(part / "manifest.json", manifest)
    return manifest
