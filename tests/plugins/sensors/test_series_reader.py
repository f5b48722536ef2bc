"""The generic reader: units, rates, windows that stay in their unit, and hostile files."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.recording import Recording
from stillage_sensors.readers.files import arrays_of
from stillage_sensors.readers.names import parse
from stillage_sensors.readers.options import SeriesOptions
from stillage_sensors.readers.series import read
from tests.plugins.sensors.sensor_files import plant, rig


def write_npz(path: Path, **arrays: Any) -> None:
    np.savez(path, **arrays)


def test_multi_rate_npz_becomes_one_stream_a_modality(tmp_path: Path) -> None:
    folder = plant(tmp_path / "plant")
    out = read(folder, tmp_path / "out.h5", SeriesOptions(window=4.0, step=3.0, life=True))
    with Recording.open(out) as recording:
        assert recording.samples == 3 + 2  # starts 0, 3, 6 of ten seconds; 0, 3 of seven
        assert {n: i.shape for n, i in recording.modalities.items()} == {
            "series": (1, 4),
            "temperature": (2, 4),
            "vibration": (1, 400),
        }
        assert recording.modalities["temperature"].unit == "degC"
        first = recording.read("temperature", np.array([1]))[0]
        np.testing.assert_allclose(first[0], [34.5, 44.5, 54.5, 64.5], atol=1e-3)  # block means
        np.testing.assert_allclose(first[1], [3, 4, 5, 6])
        shaken = np.asarray(recording.read("vibration", np.array([0])))[0, 0]
        np.testing.assert_allclose(shaken, (9.80665 * np.arange(400.0) % 7) / 9.80665, rtol=1e-5)
        np.testing.assert_allclose(
            recording.targets["remaining_life"].values, [6, 3, 0, 3, 0], atol=1e-9
        )
        assert recording.groups[np.arange(5)].tolist() == ["a.npz"] * 3 + ["b.npz"] * 2
        assert any("averaged from 10 Hz to 1 Hz" in note for note in recording.notes)
        assert any("remaining_life is raw" in note for note in recording.notes)


def test_csv_with_units_table_gaps_and_a_target_in_time(tmp_path: Path) -> None:
    folder = rig(tmp_path / "rig")
    out = read(folder, tmp_path / "out.h5", SeriesOptions(window=5.0))
    with Recording.open(out) as recording:
        assert recording.samples == 8
        assert recording.modalities["pressure"].shape == (1, 10)
        assert recording.modalities["temperature"].shape == (1, 5)
        line = np.asarray(recording.read("pressure", np.array([0])))[0, 0]
        np.testing.assert_allclose(line, 1.0 + np.arange(10) / 100.0, rtol=1e-6)
        present = recording.presence("pressure")
        assert present.tolist() == [True] * 6 + [False] * 2
        assert any("two.csv pressure: 20 of 40 values lost" in note for note in recording.notes)
        assert recording.targets["tool"].states.tolist() == [1] * 4 + [-1] * 4
        assert recording.targets["wear"].values.tolist() == [0, 1, 2, 3] * 2
        assert recording.split is not None
        assert list(recording.split) == ["train"] * 4 + ["test"] * 4


def test_windows_of_one_unit_share_its_group(tmp_path: Path) -> None:
    write_npz(tmp_path / "x.npz", **{"a[degC]@1": np.arange(100.0)})
    with Recording.open(
        read(tmp_path / "x.npz", tmp_path / "o.h5", SeriesOptions(window=10, step=1))
    ) as found:
        assert len(set(found.groups[np.arange(found.samples)].tolist())) == 1
        assert found.samples == 91


def test_a_zip_bomb_is_not_inflated(tmp_path: Path) -> None:
    """Eight megabytes of zeros in a few kilobytes, against a bound of four."""
    named: dict[str, Any] = {"a[degC]@1": np.zeros(1 << 20)}
    np.savez_compressed(tmp_path / "x.npz", **named)
    assert (tmp_path / "x.npz").stat().st_size < 1 << 15
    with pytest.raises(BadInput, match="expected under 4194304"):
        arrays_of(tmp_path / "x.npz", 1 << 22)
    assert arrays_of(tmp_path / "x.npz")["a[degC]@1"].shape == (1 << 20,)


def lie(path: Path) -> None:
    """An entry that claims more content than deflate could have packed."""
    named: dict[str, Any] = {"a[degC]@1": np.zeros(8)}
    np.savez_compressed(path, **named)
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02") + 24
    content[at : at + 4] = (1 << 27).to_bytes(4, "little")
    path.write_bytes(bytes(content))


def promise(path: Path) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a[degC]@1.npy", head.getvalue() + bytes(64))


def pickled(path: Path) -> None:
    write_npz(path, **{"a[degC]@1": np.array([{"a": 1}], dtype=object)})


@pytest.mark.parametrize(
    ("make", "told"),
    [(lie, "under"), (promise, "1000000000000 elements"), (pickled, "without pickle")],
)
def test_hostile_npz_is_refused_in_one_line(tmp_path: Path, make: object, told: str) -> None:
    make(tmp_path / "x.npz")  # type: ignore[operator]
    with pytest.raises(BadInput, match=told) as raised:
        read(tmp_path / "x.npz", tmp_path / "o.h5")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "o.h5").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("time[s],a[degC]\n0,1\n1,2\n1,3", "line 4: found time that does not advance"),
        ("time[s],a[degC]\n0,1\n1,2\n5,3", "regular clock"),
        ("time[s],a\n0,1\n1,2", "channel.unit."),
        ("a[degC]\n1\n2", "no rate"),
        ("time[s],a[degC]\n0,1\n1,x", "line 3 a.degC.: found 'x', expected a number"),
        ("time[s],a[degC]\n0,1,2", "3 cells"),
        ("time[s],pressure/a[degC]\n0,1\n1,2", "unit 'degC' of pressure"),
        ("time[s],a[degC]@3\n0,1\n1,2", "whole number of rows"),
        ("", "no header, expected names of columns"),
    ],
)
def test_a_wrong_csv_is_refused_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(BadInput, match=told):
        read(tmp_path / "x.csv", tmp_path / "o.h5")
    assert not (tmp_path / "o.h5").exists()


def test_names_carry_unit_rate_and_modality() -> None:
    assert parse("case[g]@25600", "x").modality == "vibration"
    assert parse("series/case[g]@25600", "x").modality == "series"
    assert parse("odd [furlong]", "x").modality == "series"
    with pytest.raises(BadInput, match="above 0"):
        parse("a[degC]@0", "x")


@pytest.mark.parametrize(
    ("window", "step", "told"),
    [(1e-9, 0.0, "windows of a file"), (1.0, 1e-12, "windows of a file"), (900.0, 1e-4, "in all")],
)
def test_windows_that_fill_the_memory_are_refused(
    tmp_path: Path, window: float, step: float, told: str
) -> None:
    write_npz(tmp_path / "x.npz", **{"a[degC]@1000": np.arange(1_000_000.0) % 7})
    with pytest.raises(BadInput, match=told):
        read(tmp_path / "x.npz", tmp_path / "o.h5", SeriesOptions(window=window, step=step))


def test_rates_are_kept_with_the_readings(tmp_path: Path) -> None:
    write_npz(tmp_path / "x.npz", **{"a[degC]@2": np.arange(20.0), "b[g]@50": np.arange(500.0) % 7})
    with Recording.open(
        read(tmp_path / "x.npz", tmp_path / "o.h5", SeriesOptions(window=5))
    ) as found:
        assert found.modalities["temperature"].rate_hz == 2.0
        assert found.modalities["vibration"].rate_hz == 50.0


def test_files_that_differ_are_named_with_what_differs(tmp_path: Path) -> None:
    told = "time[s],a[degC],target:wear[mm]\n0,1,0\n1,2,0\n"
    (tmp_path / "one.csv").write_text(told)
    (tmp_path / "two.csv").write_text("time[s],a[degC]\n0,1\n1,2\n")
    with pytest.raises(BadInput, match=r"two.csv: found no target, expected target:wear\[mm\], as"):
        read(tmp_path, tmp_path / "o.h5")
    (tmp_path / "two.csv").write_text(told.replace("degC", "bar"))
    with pytest.raises(
        BadInput, match=r"found channels pressure: a at 1 Hz, expected temperature:"
    ):
        read(tmp_path, tmp_path / "o.h5")
    (tmp_path / "two.csv").write_text(told.replace(",0\n", ",\n"))
    with Recording.open(read(tmp_path, tmp_path / "o.h5")) as found:
        assert found.targets["wear"].states.tolist() == [1, 0]
