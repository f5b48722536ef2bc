"""Readers of the real sets: on files made to their layout, and on the folders themselves."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.recording import Recording
from stillage_sensors.readers import femto, hydraulic, pulsebat, uniwear
from stillage_sensors.readers.files import text_of
from stillage_sensors.readers.options import (
    FemtoOptions,
    HydraulicOptions,
    PulseBatOptions,
    UniWearOptions,
)
from tests.plugins.sensors.sensor_files import bearing_file, pulse_file, rig_file, wear_file


def test_hydraulic_channels_reach_their_modalities(tmp_path: Path) -> None:
    rig_file(tmp_path / hydraulic.FILE)
    with np.load(tmp_path / hydraulic.FILE) as stored:
        values, names = stored["x"], stored["channels"].tolist()
    with Recording.open(
        hydraulic.read(tmp_path, tmp_path / "o.h5", HydraulicOptions(blocks=4))
    ) as found:
        power = np.asarray(found.read("power", np.array([7])))[0, 0]
        np.testing.assert_array_equal(power, values[7, names.index("EPS1")])
        assert found.modalities["pressure"].shape == (6, 60)
        assert found.targets["valve"].values[:2].tolist() == [0, 3]
        assert found.groups[np.array([0, 9, 10, 39])].tolist() == [
            "block-000",
            "block-000",
            "block-001",
            "block-003",
        ]


def test_hydraulic_refuses_other_files(tmp_path: Path) -> None:
    rig_file(tmp_path / "x.npz", channels=np.array(["A"] * 17))
    with pytest.raises(BadInput, match="channels"):
        hydraulic.read(tmp_path / "x.npz", tmp_path / "o.h5")
    rig_file(tmp_path / "y.npz", profile=np.full((40, 5), 9, np.int16))
    with pytest.raises(BadInput, match="profile cooler: found 9"):
        hydraulic.read(tmp_path / "y.npz", tmp_path / "o.h5")
    with pytest.raises(BadInput, match="no such file"):
        hydraulic.read(tmp_path / "nowhere", tmp_path / "o.h5")


def test_femto_masks_an_open_thermometer(tmp_path: Path) -> None:
    bearing_file(tmp_path / "Bearing1_4.npz")
    bearing_file(tmp_path / "Bearing2_6.npz", hot=300)
    out = femto.read(tmp_path, tmp_path / "o.h5", FemtoOptions(cap=120.0))
    with Recording.open(out) as found:
        present = found.presence("temperature")
        assert present.tolist() == [True] * 7 + [False] + [True] * 4
        kept = np.asarray(found.read("temperature", np.flatnonzero(present)))
        assert kept.max() < 200.0
        assert found.targets["life_fraction"].values[5] == pytest.approx(1.0)
        assert found.targets["remaining_life"].values[:3].tolist() == [300, 240, 180]
        assert found.targets["remaining_life_capped"].values[:3].tolist() == [120, 120, 120]
        setting = found.read("setting", np.array([0, 11]))
        np.testing.assert_allclose(setting, [[30.0, 4.0], [27.5, 4.2]])
        with np.load(tmp_path / "Bearing1_4.npz") as stored:
            expected = stored["vib_mg"][2, :, 1] / 1000.0
        shaken = np.asarray(found.read("vibration", np.array([2])))
        np.testing.assert_allclose(shaken[0, 1], expected, 1e-6)
        assert any("Bearing2_6 temperature" in note for note in found.notes)


def test_femto_refuses_times_beyond_the_life(tmp_path: Path) -> None:
    bearing_file(tmp_path / "Bearing1_4.npz")
    with np.load(tmp_path / "Bearing1_4.npz") as stored:
        arrays = dict(stored)
    np.savez(tmp_path / "Bearing1_4.npz", **(arrays | {"life_s": np.float32(10.0)}))
    with pytest.raises(BadInput, match="times beyond the life"):
        femto.read(tmp_path, tmp_path / "o.h5")
    assert not (tmp_path / "o.h5").exists()


def test_pulsebat_groups_physical_cells(tmp_path: Path) -> None:
    text = pulse_file(tmp_path / pulsebat.FILE).read_text()
    with Recording.open(pulsebat.read(tmp_path, tmp_path / "o.h5")) as found:
        assert len(found.group_names) == 2
        assert found.read("pulse", np.array([0]))[0].tolist() == pytest.approx(
            [3.0, 3.01, 3.02, 3.03, 3.04]
        )
        setting = found.read("setting", np.array([2]))[0]
        np.testing.assert_allclose(setting, [0.5, 35.0, 1.0, 0.0, 0.0])
    with Recording.open(
        pulsebat.read(tmp_path, tmp_path / "s.h5", PulseBatOptions(by="state"))
    ) as found:
        assert len(found.group_names) == 3
    (tmp_path / pulsebat.FILE).write_text(text.replace("3.2,", "9.2,").replace(",3.2\n", ",9.2\n"))
    with pytest.raises(BadInput, match="outside 1 to 5 V"):
        pulsebat.read(tmp_path, tmp_path / "x.h5")


def test_uniwear_scales_by_the_new_tool(tmp_path: Path) -> None:
    wear_file(tmp_path / uniwear.FILE)
    with Recording.open(
        uniwear.read(tmp_path, tmp_path / "o.h5", UniWearOptions(window=10))
    ) as found:
        assert found.samples == 4  # two windows end with the last row of each experiment
        series = found.read("series", np.arange(4))
        np.testing.assert_allclose(series[:2], series[2:], rtol=1e-6)
        assert found.targets["tool_wear"].values.tolist() == pytest.approx([0.14, 0.24] * 2)
        assert sorted(found.group_names) == ["nuaa/W1", "nuaa/c1"]


def test_a_gzip_bomb_is_not_inflated(tmp_path: Path) -> None:
    with gzip.open(tmp_path / uniwear.FILE, "wb") as handle:
        handle.write(bytes(1 << 21))
    with pytest.raises(BadInput, match="more than 1048576 bytes"):
        text_of(tmp_path / uniwear.FILE, 1 << 20)


def test_real_hydraulic(real_data: Path, tmp_path: Path) -> None:
    out = hydraulic.read(real_data / "hydraulic_1hz", tmp_path / "o.h5")
    with Recording.open(out) as found:
        assert found.samples == 2205
        assert np.bincount(found.targets["valve"].values).tolist() == [360, 360, 360, 1125]
        assert len(found.group_names) == 20
        ps4 = np.asarray(found.read("pressure", np.arange(2205)))[:, 3]
        assert (ps4 == 0).mean() == pytest.approx(0.66, abs=0.01)  # as SOURCE.txt says


def test_real_femto(real_data: Path, tmp_path: Path) -> None:
    with Recording.open(femto.read(real_data / "femto_temp_vib", tmp_path / "o.h5")) as found:
        assert found.samples == 2168
        assert len(found.group_names) == 9
        present = found.presence("temperature")
        assert np.max(found.read("temperature", np.flatnonzero(present))) < 200.0
        groups = found.groups[np.arange(found.samples)]
        lost = {g: int((~present[groups == g]).sum()) for g in found.group_names}
        assert lost["Bearing2_6"] >= 39
        assert lost["Bearing2_7"] >= 9
        assert all(n <= 1 for g, n in lost.items() if g not in ("Bearing2_6", "Bearing2_7"))
        assert found.modalities["vibration"].rate_hz == 25_600.0
        assert any("never above 7500 s" in note for note in found.notes)
        assert any("open thermometer" in note for note in found.notes)


def test_real_pulsebat(real_data: Path, tmp_path: Path) -> None:
    with Recording.open(pulsebat.read(real_data / "pulsebat", tmp_path / "o.h5")) as found:
        assert found.samples == 2700
        assert len(found.group_names) == 270 - 67 + 12
        sweep = np.asarray(found.read("pulse_sweep", np.arange(2700)))
        assert 1.0 < sweep.min() < sweep.max() < 5.0


def test_real_uniwear(real_data: Path, tmp_path: Path) -> None:
    with Recording.open(uniwear.read(real_data / "uniwear", tmp_path / "o.h5")) as found:
        assert len(found.group_names) == 12
        assert found.modalities["series"].shape == (3, 60)
        assert np.isfinite(found.targets["tool_wear"].values).all()
