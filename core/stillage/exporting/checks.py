"""Compare a bundle with the network it came from: its outputs, predictions and latency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage.bundle.readout import readout
from stillage.bundle.runtime import Bundle
from stillage.errors import StillageError
from stillage.network.batch import Batch
from stillage.perception.device import PRECISIONS
from stillage.perception.latency import median_ms
from stillage.recording.readings import Readings

if TYPE_CHECKING:
    from stillage.network import Network
    from stillage.network.exportable import ExportableModule

_PARITY = 1e-4
"""Largest difference from torch that an FP32 bundle may have, for outputs of up to 1;
larger outputs may differ by this share of their largest."""


def tensors_of(module: ExportableModule, readings: Readings) -> tuple[Tensor, ...]:
    """Turn readings into the inputs of an exportable module."""
    tensors: list[Tensor] = []
    for name in module.network.modalities:
        tensors.append(torch.from_numpy(np.ascontiguousarray(readings.raw[name])))
        if module.several:
            tensors.append(torch.from_numpy(readings.presence[name]))
    return tuple(tensors)


def feeds_of(network: Network, readings: Readings) -> list[dict[str, NDArray[Any]]]:
    """Turn readings into inputs of the network's graph, one reading each."""
    several = len(network.modalities) > 1
    rows = []
    for one in readings:
        feeds = {f"reading.{name}": one.raw[name] for name in network.modalities}
        if several:
            feeds |= {f"presence.{name}": one.presence[name] for name in network.modalities}
        rows.append(feeds)
    return rows


def told(network: Network, outputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
    """Turn raw head outputs by target into probabilities and values by target."""
    return {t.target: readout(t.kind, outputs[t.target]) for t in network.tasks}


def agreement(
    network: Network, want: Mapping[str, NDArray[Any]], have: Mapping[str, NDArray[Any]]
) -> dict[str, dict[str, float]]:
    """Measure how far predictions differ: share of equal classes, or difference in deviations."""
    found: dict[str, dict[str, float]] = {}
    for task in network.tasks:
        a, b = want[task.target], have[task.target]
        if task.kind == "regression":
            spread = float(a.std()) or 1.0
            rms = float(np.sqrt(np.mean((a - b) ** 2)))
            found[task.target] = {"rms_difference": rms, "rms_difference_sd": rms / spread}
        else:
            same = float((a.argmax(1) == b.argmax(1)).mean())
            largest = float(np.abs(a - b).max())
            found[task.target] = {"same_class": same, "max_abs_difference": largest}
    return found


def heads(module: ExportableModule, readings: Readings) -> dict[str, NDArray[Any]]:
    """Compute raw head outputs by target, and ``features``, with torch."""
    with torch.inference_mode():
        outputs = module(*tensors_of(module, readings))
    names = [*(task.target for task in module.network.tasks), "features"]
    return {name: value.numpy() for name, value in zip(names, outputs, strict=True)}


def parity(
    network: Network, module: ExportableModule, bundle: Bundle, readings: Readings, real: bool
) -> dict[str, Any]:
    """Measure the largest differences of the FP32 bundle from the network, output by output.

    Raises
    ------
    StillageError
        If an output differs by more than 1e-4 (of its largest value, where that is above 1).
    """
    raw = {name: torch.from_numpy(np.ascontiguousarray(v)) for name, v in readings.raw.items()}
    masks = {name: torch.from_numpy(mask) for name, mask in readings.presence.items()}
    with torch.inference_mode():
        outputs = network(Batch(np.arange(len(readings)), raw, masks))
    said = bundle.run(readings.raw, readings.presence if module.several else None)
    worst = relative = 0.0
    wanted = {f"head.{t.target}": outputs.heads[t.target].numpy() for t in network.tasks}
    wanted["features"] = outputs.features.numpy()
    for name, want in wanted.items():
        error = float(np.abs(said[name] - want).max(initial=0.0))
        scale = max(1.0, float(np.abs(want).max(initial=0.0)))
        worst, relative = max(worst, error), max(relative, error / scale)
    if not relative <= _PARITY:
        raise StillageError(
            f"export: the bundle differs from torch by {relative:.2g} of its outputs' size, "
            f"more than {_PARITY:g}; a part of the network does not export faithfully"
        )
    return {
        "fp32_max_abs_error": worst,
        "fp32_max_scaled_error": relative,
        "readings": len(readings),
        "from": "training samples" if real else "zeros",
    }


def against(network: Network, bundle: Bundle, readings: Readings) -> dict[str, dict[str, float]]:
    """Measure how far the INT8 bundle's predictions differ from the FP32 one's."""
    presence = readings.presence if len(network.modalities) > 1 else None
    each = [bundle.predict(readings.raw, presence, name) for name in PRECISIONS]
    return agreement(network, *each)


def measure(
    module: ExportableModule, bundle: Bundle, readings: Readings, runs: int
) -> dict[str, Any]:
    """Measure the median latency of one reading, in eager torch and onnxruntime, on one thread."""
    inputs = tensors_of(module, readings.rows(slice(0, 1)))
    feeds = feeds_of(module.network, readings.rows(slice(0, 1)))[0]
    with torch.inference_mode():
        latency = {"eager": median_ms(lambda: module(*inputs), runs)}
    for precision in bundle.precisions:
        session = bundle.session(precision)
        latency[precision] = median_ms(lambda s=session: s.run(None, feeds), runs)  # type: ignore[misc]
    return {"latency_ms": latency, "threads": 1, "runs": runs, "note": "never simulated"}
