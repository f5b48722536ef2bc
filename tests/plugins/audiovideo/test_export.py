"""Sound and clips export, with their encoders and the gated fusion, and quantise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from stillage.batch import load_batch
from stillage.bundle import Bundle
from stillage.exporting import export
from stillage.network import build_network
from stillage.plugin.host import get_host
from stillage.readings import Readings
from stillage.recording import Recording, Stream, TargetColumn, write_recording
from stillage_scenarios.sorting.scene import build_scene, targets_of

COUNT = 32


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    path = tmp_path_factory.mktemp("knocks") / "knocks.h5"
    scene, host = build_scene(COUNT, 3), get_host()
    streams = [
        Stream(name, host.modality(name).render(scene, 3), host.modality(name).sample.unit)
        for name in ("audio", "video")
    ]
    targets: list[TargetColumn] = targets_of(scene)
    write_recording(path, streams, targets, [f"item{k}" for k in range(COUNT)])
    with Recording.open(path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("names", "size", "fusion"),
    [
        (("audio",), "small", "concat"),
        (("audio", "video"), "tcn", "audiovideo-gated"),
    ],
)
def test_bundle_says_what_torch_says(
    recording: Recording, tmp_path: Path, names: tuple[str, ...], size: str, fusion: str
) -> None:
    network = build_network(recording, names, size, ["material"], fusion=fusion)
    samples = np.arange(COUNT)
    batch = load_batch(recording, samples, names)
    network.fit_standardise([batch])
    network.eval()
    raw = {name: recording.read(name, samples) for name in names}
    readings = Readings(raw, {name: np.ones(COUNT, np.bool_) for name in names})
    export(network, tmp_path / "bundle", calibration=readings, runs=3)
    bundle = Bundle.open(tmp_path / "bundle")
    with torch.inference_mode():
        outputs = network(batch)
    for precision, tolerance in (("fp32", 1e-4), ("int8", 0.3)):
        found = bundle.predict(raw, precision=precision)
        for task in network.tasks:
            expected = task.predict(outputs.heads[task.target].numpy())
            np.testing.assert_allclose(found[task.target], expected, atol=tolerance)
