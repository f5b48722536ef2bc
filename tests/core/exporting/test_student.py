"""Export: parity with torch, one trace for many, and what the manifest says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stillage.bundle.runtime import Bundle
from stillage.errors import BadInput
from stillage.exporting import TraceCache, export, export_all
from stillage.network import Network
from stillage.network.exportable import ExportableModule
from stillage.recording.readings import CALIBRATION
from tests.core.exporting.conftest import HOST, batch_of, readings, student


def torch_says(network: Network, some: Any) -> dict[str, Any]:
    """What the network itself tells, through Network.forward and Task.predict."""
    with torch.inference_mode():
        outputs = network(batch_of(some))
    told = {t.target: t.predict(outputs.heads[t.target].numpy()) for t in network.tasks}
    return {**told, "features": outputs.features.numpy()}


@pytest.mark.parametrize(
    ("names", "more"),
    [
        (("photo",), {}),
        (("photo",), {"size": "linear", "width": 0}),
        (("series",), {}),
        (("photo", "series"), {}),
        (("series", "photo"), {"fusion": {"name": "gated"}}),
    ],
)
def test_a_bundle_says_what_torch_says(
    names: tuple[str, ...], more: dict[str, Any], tmp_path: Path, traces: TraceCache
) -> None:
    network = student(names, **more)
    some = readings(names, 40, seed=9)
    manifest = export(
        network, tmp_path / "b", calibration=readings(names), cache=traces, runs=5, host=HOST
    )
    assert manifest["parity"]["fp32_max_scaled_error"] <= 1e-4
    bundle = Bundle.open(tmp_path / "b")
    have = bundle.predict(some.raw, some.presence if len(names) > 1 else None)
    want = torch_says(network, some)
    assert set(have) == {"material", "grade", "wear", "features"}
    for name in ("material", "grade", "features"):
        np.testing.assert_allclose(have[name], want[name], atol=1e-5)
    np.testing.assert_allclose(have["wear"], want["wear"], rtol=1e-5)
    quantised = bundle.predict(some.raw, some.presence if len(names) > 1 else None, "int8")
    assert np.abs(quantised["material"] - want["material"]).mean() < 0.02
    assert not np.array_equal(quantised["material"], have["material"])


def test_what_an_absent_reading_holds_changes_nothing(tmp_path: Path, traces: TraceCache) -> None:
    names = ("photo", "series")
    export(
        student(names),
        tmp_path / "b",
        calibration=readings(names),
        cache=traces,
        runs=5,
        host=HOST,
    )
    bundle = Bundle.open(tmp_path / "b")
    some = readings(names, 6)
    some.presence["series"][:] = False
    plain = bundle.predict(some.raw, some.presence)
    some.raw["series"][:] = np.nan
    same = bundle.predict(some.raw, some.presence)
    alone = bundle.predict({"photo": some.raw["photo"]}, {"photo": some.presence["photo"]})
    for name, want in plain.items():
        np.testing.assert_array_equal(same[name], want)
        np.testing.assert_array_equal(alone[name], want)


def test_seeds_of_one_architecture_cost_one_trace(tmp_path: Path) -> None:
    cache = TraceCache()
    pair = [(student(seed=seed), tmp_path / f"{seed}") for seed in (0, 1)]
    common: Any = {"calibration": readings(("photo",)), "runs": 5, "host": HOST}
    export_all(pair, cache=cache, **common)
    assert cache.traced == 1
    export(pair[1][0], tmp_path / "fresh", cache=TraceCache(), **common)
    for name in ("model.onnx", "model.int8.onnx"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "fresh" / name).read_bytes()
        assert (tmp_path / "1" / name).read_bytes() != (tmp_path / "0" / name).read_bytes()
    export(student(size="small"), tmp_path / "other", cache=cache, **common)
    assert cache.traced == 2


def test_a_bundle_tells_nothing_of_the_machine_that_made_it(photo_bundle: Path) -> None:
    here = str(Path(__file__).parents[3]).encode()
    for file in photo_bundle.iterdir():
        assert here not in file.read_bytes()
        assert b"site-packages" not in file.read_bytes()


def test_the_manifest_is_complete(photo_bundle: Path, photo_student: Network) -> None:
    manifest = json.loads((photo_bundle / "manifest.json").read_text())
    network = photo_student
    assert manifest["parameters"] == sum(p.numel() for p in ExportableModule(network).parameters())
    # 3x3 convolutions with stride 2 from 16x16: 8x8, 4x4, 2x2, 1x1
    convolutions = 9 * (3 * 4 * 64 + 4 * 8 * 16 + 8 * 12 * 4 + 12 * 16)
    assert manifest["macs"] == convolutions + 16 * 32 + 32 * (3 + 2 + 1)
    assert set(manifest["measured"]["latency_ms"]) == {"eager", "fp32", "int8"}
    assert all(value > 0 for value in manifest["measured"]["latency_ms"].values())
    for precision, name in (("fp32", "model.onnx"), ("int8", "model.int8.onnx")):
        assert manifest["size_bytes"][precision] == (photo_bundle / name).stat().st_size
    assert manifest["network_fingerprint"] == network.fingerprint()
    entry = manifest["modalities"][0]
    assert entry["shape"] == [16, 16, 3]
    assert entry["dtype"] == "uint8"
    assert entry["preprocessing"]["in_graph"] is True
    assert manifest["tasks"][0]["classes"] == ["PP", "PET", "PE"]


def test_a_saved_student_brings_its_calibration(tmp_path: Path, traces: TraceCache) -> None:
    student().save(tmp_path / "student")
    with pytest.raises(BadInput, match="calibration"):
        export(tmp_path / "student", tmp_path / "b", cache=traces, host=HOST)
    assert not (tmp_path / "b").exists()
    readings(("photo",)).save(tmp_path / "student" / CALIBRATION)
    manifest = export(tmp_path / "student", tmp_path / "b", cache=traces, host=HOST, runs=5)
    assert manifest["int8"]["calibration_readings"] == 48
    assert manifest["parity"]["from"] == "training samples"


def test_only_a_bundle_is_replaced(tmp_path: Path, traces: TraceCache) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInput, match="a folder with other files"):
        export(student(), tmp_path / "mine", int8=False, cache=traces, host=HOST)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    for _ in range(2):
        export(student(), tmp_path / "b", int8=False, cache=traces, host=HOST, runs=5)
    assert sorted(p.name for p in (tmp_path / "b").iterdir()) == ["manifest.json", "model.onnx"]
    assert not list(tmp_path.glob(".*"))


def test_calibration_of_another_shape_is_refused(tmp_path: Path, traces: TraceCache) -> None:
    some = readings(("photo",))
    some.raw["photo"] = some.raw["photo"][:, :8]
    with pytest.raises(BadInput, match=r"calibration: photo: found uint8 \(48, 8, 16, 3\)"):
        export(student(), tmp_path / "b", calibration=some, cache=traces, host=HOST)
