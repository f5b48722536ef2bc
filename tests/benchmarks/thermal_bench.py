"""Raw counts to temperature: the table against the closed form, which it must equal."""

from __future__ import annotations

import importlib.metadata

import numpy as np

from stillage_thermal.conversion import Scenery, converted, looked_up, table
from stillage_thermal.radiometry import Planck
from tests.benchmarks.harness import Benchmark

HEIGHT, WIDTH, FRAMES = 512, 640, 8
TOLERANCE_K = 0.006


def benchmarks() -> list[Benchmark]:
    camera, scenery = Planck(), Scenery(0.94, 295.0, 290.0, 0.97)
    counts = np.random.default_rng(0).integers(13000, 30000, (FRAMES, HEIGHT, WIDTH))
    raw = counts.astype(np.uint16)
    out = np.empty(raw.shape, np.float32)
    table(camera, scenery)
    found = looked_up(raw, camera, scenery, out)
    assert np.abs(found - converted(raw, camera, scenery)).max() <= TOLERANCE_K

    def ours() -> None:
        looked_up(raw, camera, scenery, out)

    def closed() -> None:
        converted(raw, camera, scenery)

    return [
        Benchmark(
            name=f"counts to kelvin, {FRAMES} x {WIDTH} x {HEIGHT}",
            unit="ms",
            ours=ours,
            peer=closed,
            peer_version=f"closed form, numpy {importlib.metadata.version('numpy')}",
        )
    ]
