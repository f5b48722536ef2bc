"""Single-sample latency of an exported CNN student on one core, beside eager torch."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stillage.bundle.runtime import Bundle
from stillage.exporting import export
from stillage.exporting.checks import feeds_of, tensors_of
from stillage.network import Network, NetworkConfig
from stillage.network.config import ModalityConfig
from stillage.network.exportable import ExportableModule
from stillage.perception.latency import median_ms
from stillage.recording.readings import Readings
from stillage.task import Task
from tests.benchmarks.harness import Benchmark

RUNS = 60
"""Inferences of one call, of which the median is taken."""


def video_student() -> tuple[Network, Readings]:
    """The built-in video student (over 90,000 parameters) and photos to calibrate it."""
    draw = np.random.default_rng(0)
    photos = draw.integers(0, 256, (32, 1, 32, 32, 3)).astype(np.uint8)
    some = Readings({"video": photos}, {"video": np.ones(32, bool)})
    config = NetworkConfig(
        modalities={"video": ModalityConfig(size="small", shape=(1, 32, 32, 3))},
        tasks=(Task(target="material", kind="classification", classes=tuple("abcdef")),),
        width=64,
    )
    return Network(config).eval(), some


def benchmarks() -> list[Benchmark]:
    """INT8 and FP32 bundles against the very module that they were traced from, eager."""
    torch.set_num_threads(1)
    network, some = video_student()
    assert sum(p.numel() for p in network.parameters()) >= 90_000
    folder = Path(tempfile.mkdtemp(prefix="stillage-bench-")) / "bundle"
    export(network, folder, calibration=some, runs=5)
    bundle = Bundle.open(folder)
    one = some.rows(slice(0, 1))
    module, feeds = ExportableModule(network), feeds_of(network, one)[0]
    inputs = tensors_of(module, one)

    def eager() -> float:
        with torch.inference_mode():
            return median_ms(lambda: module(*inputs), RUNS, warm=5)

    def exported(precision: str) -> Callable[[], float]:
        session: Any = bundle.session(precision)
        return lambda: median_ms(lambda: session.run(None, feeds), RUNS, warm=5)

    peer = f"torch {torch.__version__} eager"
    return [
        Benchmark(
            f"latency of a CNN student, {precision}",
            "ms",
            exported(precision),
            eager,
            peer,
            target=target,
        )
        for precision, target in (("int8", 4.0), ("fp32", None))
    ]
