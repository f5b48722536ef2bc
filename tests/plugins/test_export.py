"""Every student encoder of the built-in plugins exports to a bundle that says what torch says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from stillage.bundle.runtime import Bundle
from stillage.exporting import export
from stillage.network import build_network
from stillage.network.batch import load_batch
from stillage.plugin.host import get_host
from stillage.plugin.spec import EncoderSpec, ModalitySpec
from stillage.recording import Recording, Stream, TargetColumn, write_recording
from stillage.recording.readings import Readings
from stillage.sensing.modality import get_modality
from stillage.testing.samples import example_scene
from stillage_scenarios.items.scene import build_scene, targets_of

COUNT = 24
STEPS = {"temperature": 20, "pressure": 24, "series": 20}
"""Slow series are cut to so many steps: a recurrent cell is traced once a step."""

BELT = ("video", "thermal", "thermal-image", "nir", "led", "audio", "events")
MACHINE = ("temperature", "vibration", "pressure", "series", "rest_voltage", "pulse_sweep")
SIZES: dict[str, dict[str, str]] = {
    "linear": dict.fromkeys(BELT, "linear"),
    "small": dict.fromkeys(BELT, "small"),
    "attentive": {
        "thermal": "transformer",
        "thermal-image": "transformer",
        "nir": "transformer",
        "led": "transformer",
        "events": "patch",
    },
    "in time": {"video": "tcn", "audio": "tcn"},
    "machine": {
        "temperature": "small",
        "vibration": "linear",
        "pressure": "tcn",
        "series": "gru",
        "rest_voltage": "linear",
        "pulse_sweep": "small",
    },
}
FUSION = {"in time": "audiovideo-gated"}


def encoders() -> list[EncoderSpec]:
    """Every encoder of the distribution."""
    ours = [status for status in get_host().statuses() if status.distribution == "stillage"]
    return [spec for status in ours for spec in status.specs if isinstance(spec, EncoderSpec)]


def test_every_student_encoder_is_exported_here() -> None:
    chosen = {f"{name}-{size}" for sizes in SIZES.values() for name, size in sizes.items()}
    covered = {spec.factory for spec in encoders() if spec.name in chosen}
    for spec in encoders():
        if spec.size != "large":
            assert spec.factory in covered, spec.name


def rows_of(name: str) -> list[np.ndarray]:
    """Readings of a machine's sensor."""
    modality, scene = get_modality(name), example_scene(get_host().spec(ModalitySpec, name))
    assert scene is not None
    rows = [row for seed in range(12) for row in modality.render(scene, seed)][:COUNT]
    return [row[..., : STEPS.get(name)] for row in rows]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    path = tmp_path_factory.mktemp("both") / "both.h5"
    scene = build_scene(COUNT, 3)
    streams = []
    for name in (*BELT, *MACHINE):
        modality = get_modality(name)
        sample = modality.sample
        rows = modality.render(scene, 3) if name in BELT else np.stack(rows_of(name))
        streams.append(Stream(name, rows, sample.unit, axes=sample.axes))
    wear = TargetColumn("wear", "regression", np.linspace(0, 1, COUNT), unit="1")
    groups = [f"item{k}" for k in range(COUNT)]
    write_recording(path, streams, [*targets_of(scene), wear], groups)
    with Recording.open(path) as opened:
        yield opened


@pytest.mark.parametrize("which", SIZES)
def test_bundle_says_what_torch_says(recording: Recording, tmp_path: Path, which: str) -> None:
    """Errors are small beside what tells the items apart: untrained heads differ by little."""
    sizes, samples = SIZES[which], np.arange(COUNT)
    tasks = ["wear"] if which == "machine" else ["material", "quality", "degradation"]
    torch.manual_seed(0)
    network = build_network(
        recording, tuple(sizes), sizes, tasks, fusion=FUSION.get(which, "concat")
    )
    batch = load_batch(recording, samples, tuple(sizes))
    network.fit_standardise([batch])
    network.fit_targets({"wear": torch.linspace(0, 1, COUNT)} if which == "machine" else {})
    network.eval()
    readings = Readings.of(recording, samples, tuple(sizes))
    export(network, tmp_path / "bundle", calibration=readings, runs=1)
    bundle = Bundle.open(tmp_path / "bundle")
    for name, entry in bundle.modalities.items():
        dense = readings.raw[name]
        assert (entry.shape, entry.dtype) == (dense.shape[1:], dense.dtype.name)
    with torch.inference_mode():
        outputs = network(batch)
    for task in network.tasks:
        expected = task.predict(outputs.heads[task.target].numpy())
        spread = (expected - expected.mean(0)).std()
        for precision, share in (("fp32", 0.01), ("int8", 0.25)):
            found = bundle.predict(readings.raw, precision=precision)[task.target]
            error = np.sqrt(((found - expected) ** 2).mean())
            assert error < share * spread, f"{task.target} {precision}"
