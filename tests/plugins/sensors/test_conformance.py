"""The modalities pass the kit that third parties use, and their students export."""

from __future__ import annotations

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
from stillage.testing import check_modality
from stillage.testing.samples import example_scene
from stillage_sensors.encoders import Cell, SmallTcn
from stillage_sensors.plugin import POINTS, WAVES


def test_cells_are_those_of_torch() -> None:
    steps = torch.randn(3, 7, 5)
    for kind, module in (("lstm", torch.nn.LSTM), ("gru", torch.nn.GRU)):
        cell, peer = Cell(kind, 5, 4), module(5, 4, batch_first=True)
        peer.load_state_dict(
            {
                "weight_ih_l0": cell.weight_inputs,
                "weight_hh_l0": cell.weight_state,
                "bias_ih_l0": cell.bias_inputs,
                "bias_hh_l0": cell.bias_state,
            }
        )
        torch.testing.assert_close(cell(steps), peer(steps)[0])


@pytest.mark.parametrize("name", [spec.name for spec in (*WAVES, *POINTS)])
def test_modality_conforms(name: str) -> None:
    assert len(check_modality(name)) > 20


def test_causal_network_does_not_see_its_future() -> None:
    torch.manual_seed(0)
    tcn = SmallTcn((2, 48)).eval()
    series = torch.randn(1, 2, 40)
    later = series.clone()
    later[:, :, 25:] += 1.0
    with torch.inference_mode():
        before, after = tcn.states(series), tcn.states(later)
    assert torch.equal(before[:, :, :25], after[:, :, :25])
    assert not torch.equal(before[:, :, 25:], after[:, :, 25:])


SIZES = {
    "temperature": "small",
    "vibration": "linear",
    "pressure": "tcn",
    "series": "gru",
    "pulse_sweep": "small",
}


def test_bundle_says_what_torch_says(tmp_path: Path) -> None:
    names = tuple(SIZES)
    host, count = get_host(), 12
    streams = []
    for name in names:
        scene = example_scene(host.spec("modality", name))
        assert scene is not None
        rows = np.concatenate([host.modality(name).render(scene, seed) for seed in range(6)])
        streams.append(Stream(name, rows[:count], "1"))
    wear = TargetColumn("wear", "regression", np.linspace(0, 1, count), unit="1")
    write_recording(tmp_path / "r.h5", streams, [wear], [f"unit{k}" for k in range(count)])
    samples = np.arange(count)
    with Recording.open(tmp_path / "r.h5") as recording:
        network = build_network(recording, names, SIZES, ["wear"])
        batch = load_batch(recording, samples, names)
        network.fit_standardise([batch])
        network.fit_targets({"wear": torch.linspace(0, 1, count)})
        network.eval()
        raw = {name: recording.read(name, samples) for name in names}
    readings = Readings(raw, {name: np.ones(count, np.bool_) for name in names})
    export(network, tmp_path / "bundle", calibration=readings, runs=1)
    bundle = Bundle.open(tmp_path / "bundle")
    with torch.inference_mode():
        expected = network.tasks[0].predict(network(batch).heads["wear"].numpy())
    for precision, tolerance in (("fp32", 1e-4), ("int8", 0.3)):
        found = bundle.predict(raw, precision=precision)["wear"]
        np.testing.assert_allclose(found, expected, atol=tolerance)
