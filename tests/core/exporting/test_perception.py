"""Perception tables: equal to live inference, whoever else is in the batch."""

from __future__ import annotations

import json
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillage.bundle.runtime import Bundle
from stillage.errors import BadInput, StillageError
from stillage.network import Network
from stillage.network.exportable import ExportableModule
from stillage.perception.device import DeviceProfile, modelled
from stillage.perception.macs import count
from stillage.perception.table import PerceptionTable, check_live, perceive
from stillage.recording import Recording, Stream, TargetColumn, write_recording
from stillage.recording.readings import Readings
from stillage.teaching.teacher import EnsembleTeacher, NetworkTeacher
from tests.core.exporting.conftest import COST, HOST, TASKS, batch_of, readings, student

BOX = DeviceProfile("box", (1e9, 4e9), 1e8, 0.001, 1.5, 2.0, 3e-9, "made up")
SAMPLES = np.array([3, 5, 8, 13, 21, 2, 34])


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    some = readings(("photo", "series"), 40)
    here = np.arange(40)
    series = np.where(some.presence["series"], here, -1)
    path = tmp_path_factory.mktemp("recording") / "toy.h5"
    write_recording(
        path,
        [
            Stream("photo", some.raw["photo"], "1", axes=("row", "column", "colour")),
            Stream("series", some.raw["series"], "V", series, axes=("time", "channel")),
        ],
        [TargetColumn("material", "classification", here % 3, classes=TASKS[0].classes)],
        [f"item-{k // 2}" for k in here],
    )
    return Recording.open(path)


def same(a: PerceptionTable, b: PerceptionTable, rows: Any) -> None:
    for target, told in a.heads.items():
        np.testing.assert_array_equal(told, b.heads[target][rows])
    np.testing.assert_array_equal(a.features, b.features[rows])


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_bundle_perceives_alike_in_any_company(
    precision: str, opened: Bundle, recording: Recording
) -> None:
    whole = perceive(opened, recording, SAMPLES, "distilled", 4, precision, BOX)
    some = perceive(opened, recording, SAMPLES[[6, 1]], "distilled", 4, precision, BOX)
    same(some, whole, [6, 1])
    assert whole.groups.tolist() == [f"item-{k // 2}" for k in SAMPLES]
    assert whole.heads["material"].shape == (7, 3)
    assert whole.heads["wear"].shape == (7,)
    np.testing.assert_allclose(whole.heads["grade"].sum(1), 1)


def test_a_teacher_perceives_alike_in_any_company(recording: Recording) -> None:
    teacher = NetworkTeacher(student(("photo", "series"), "small"))
    samples = np.arange(40)
    whole = perceive(teacher, recording, samples, "teacher", host=HOST)
    for rows in ([17], [39, 0], list(range(40))[::-1], [5] * 20):
        some = perceive(teacher, recording, samples[rows], "teacher", host=HOST)
        same(some, whole, rows)


def test_a_table_says_what_its_network_says(
    photo_student: Network, opened: Bundle, recording: Recording
) -> None:
    live = NetworkTeacher(photo_student)
    tables = [
        perceive(opened, recording, SAMPLES, "distilled"),
        perceive(live, recording, SAMPLES, "live", host=HOST),
    ]
    photos = readings(("photo", "series"), 40).raw["photo"][SAMPLES]
    outputs = live.predict(batch_of(Readings({"photo": photos}, {"photo": np.ones(7, bool)})))
    for table in tables:
        for task in TASKS:
            want = task.predict(outputs.heads[task.target].numpy())
            np.testing.assert_allclose(table.heads[task.target], want, rtol=1e-5, atol=1e-5)
    assert tables[1].fingerprint == photo_student.fingerprint()
    assert tables[0].fingerprint == opened.fingerprint


def test_a_reading_costs_its_sensors_and_its_inference(
    opened: Bundle, photo_student: Network, recording: Recording
) -> None:
    module = ExportableModule(photo_student)
    counts = count(module, module.example(1))
    for precision in ("fp32", "int8"):
        table = perceive(opened, recording, SAMPLES, "distilled", 0, precision, BOX)
        seconds, joules = modelled(counts.macs, counts.moved_bytes(precision), precision, BOX)
        assert table.latency_s == pytest.approx(COST.time_s + seconds)
        assert table.energy_j == pytest.approx(COST.energy_j + joules)
    teacher = NetworkTeacher(photo_student)
    table = perceive(teacher, recording, SAMPLES, "teacher", device=BOX, host=HOST)
    pair = EnsembleTeacher([teacher, NetworkTeacher(student(("photo", "series")))])
    both = perceive(pair, recording, SAMPLES, "both", device=BOX, host=HOST)
    assert both.latency_s > table.latency_s + COST.time_s
    assert both.features.shape == (7, 64)


def test_what_is_saved_is_what_is_loaded(
    opened: Bundle, recording: Recording, tmp_path: Path
) -> None:
    table = perceive(opened, recording, SAMPLES, "distilled_int8", 7, "int8", BOX)
    table.save(tmp_path / "t.npz")
    back = PerceptionTable.load(tmp_path / "t.npz")
    same(back, table, slice(None))
    for name in ("model", "seed", "precision", "fingerprint", "latency_s", "energy_j", "device"):
        assert getattr(back, name) == getattr(table, name)
    assert back.samples.dtype == np.int64
    assert back.groups.tolist() == table.groups.tolist()
    first = (tmp_path / "t.npz").read_bytes()
    table.save(tmp_path / "t.npz")
    assert (tmp_path / "t.npz").read_bytes() == first
    with np.load(tmp_path / "t.npz", allow_pickle=False) as plain:
        assert json.loads(bytes(plain["meta"]))["model"] == "distilled_int8"


def test_live_inference_equals_the_table(opened: Bundle, recording: Recording) -> None:
    table = perceive(opened, recording, SAMPLES, "distilled")
    assert check_live(table, opened, recording, np.array([6, 0])) == 0.0
    other = {**table.heads, "wear": table.heads["wear"] * (1 + 1e-4)}
    with pytest.raises(StillageError, match="live wear differs"):
        check_live(replace(table, heads=other), opened, recording)


def test_a_sample_without_the_only_reading_is_refused(recording: Recording, tmp_path: Path) -> None:
    from stillage.exporting import export

    some = readings(("series",))
    export(student(("series",)), tmp_path / "b", calibration=some, int8=False, runs=5, host=HOST)
    with pytest.raises(BadInput, match="no reading of sample 6"):
        perceive(Bundle.open(tmp_path / "b"), recording, np.array([5, 6]), "series")


def hostile(tmp_path: Path, name: str, content: bytes) -> Path:
    file = tmp_path / "t.npz"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file


def header(shape: str, dtype: str = "<f8") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no NPZ file"),
        (header("(1000000000000,)"), "elements in"),
        (header("(1000000000000, 1000000000000)"), "elements in"),
        (header("(-1, -1)"), "NPZ|elements"),
        (header("(1,)", "|O") + b"\x80\x04N.", "dtype object"),
        (header("(2,)") + b"\0" * 8, "cut short"),
        (header("(1,)") + b"\0" * 8, "no perception table"),
    ],
)
def test_a_hostile_table_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        PerceptionTable.load(hostile(tmp_path, "meta.npy", content))
    assert "\n" not in str(caught.value)


def test_damaged_files_are_refused(opened: Bundle, recording: Recording, tmp_path: Path) -> None:
    table = perceive(opened, recording, SAMPLES, "distilled")
    table.save(tmp_path / "t.npz")
    content = (tmp_path / "t.npz").read_bytes()
    for size in (0, 10, len(content) // 2, len(content) - 5):
        (tmp_path / "cut.npz").write_bytes(content[:size])
        with pytest.raises(BadInput):
            PerceptionTable.load(tmp_path / "cut.npz")
    draw = np.random.default_rng(0)
    for _ in range(60):
        flipped = bytearray(content)
        flipped[int(draw.integers(0, len(content)))] ^= 1 << int(draw.integers(0, 8))
        (tmp_path / "cut.npz").write_bytes(bytes(flipped))
        with suppress(BadInput):  # a flipped bit of a name or a date may do no harm
            PerceptionTable.load(tmp_path / "cut.npz")
    with pytest.raises(BadInput, match="No such file"):
        PerceptionTable.load(tmp_path / "nothing.npz")
