"""Write the part of a bundle's manifest that describes the student, its counts and its cost."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import onnx
import onnxruntime
import torch

from stillage.bundle.runtime import FORMAT_VERSION
from stillage.perception.device import PRECISIONS, PROFILES, modelled
from stillage.perception.macs import Counts, count

if TYPE_CHECKING:
    from stillage.network import Network
    from stillage.network.exportable import ExportableModule


def describe(network: Network, module: ExportableModule, int8: bool) -> dict[str, Any]:
    """Make the manifest of a network, before files, parity and measurements are added.

    ``modelled`` is what the device adds to the sensors' ``cost``
    (:mod:`stillage.perception.device`).
    """
    counts: Counts = count(module, module.example(1))
    precisions = PRECISIONS if int8 else PRECISIONS[:1]
    modalities = []
    for name, standard in zip(network.modalities, network.standards, strict=True):
        modality = network.readings[name]
        modalities.append(
            {
                "name": name,
                "shape": list(network.config.modalities[name].shape),
                "dtype": modality.dense.dtype,
                "unit": modality.dense.unit,
                "axes": list(modality.dense.axes),
                "encoder": network.config.modalities[name].size,
                "cost": modality.cost.model_dump(),
                "preprocessing": {
                    "in_graph": True,
                    "prepare": f"{type(modality).__module__}:{type(modality).__qualname__}",
                    "standardise": getattr(standard, "mode", "none"),
                },
            }
        )
    return {
        "format_version": FORMAT_VERSION,
        "modalities": modalities,
        "tasks": [task.model_dump(mode="json") for task in network.tasks],
        "outputs": [*(f"head.{task.target}" for task in network.tasks), "features"],
        "feature_width": network.width,
        "network_fingerprint": network.fingerprint(),
        "macs": counts.macs,
        "parameters": counts.parameters,
        "buffers": counts.buffers,
        "activations": counts.activations,
        "moved_bytes": {name: counts.moved_bytes(name) for name in precisions},
        "modelled": {
            profile.name: {
                precision: dict(
                    zip(
                        ("latency_s", "energy_j"),
                        modelled(counts.macs, counts.moved_bytes(precision), precision, profile),
                        strict=True,
                    )
                )
                for precision in precisions
            }
            for profile in PROFILES.values()
        },
        "made_with": {
            "stillage": _version("stillage"),
            "torch": torch.__version__,
            "onnx": onnx.__version__,
            "onnxruntime": onnxruntime.__version__,
            "machine": platform.machine(),
        },
    }


def _version(distribution: str) -> str:

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"
