"""Readers of thermal files, on folders made by the tests and on the real RoadScene."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stillage.cli.main import run
from stillage.errors import BadInput
from stillage.recording import Recording
from stillage_thermal.conversion import Scenery, received
from stillage_thermal.modality import Thermal, ThermalImage
from stillage_thermal.radiometry import Planck, apparent
from stillage_thermal.readers import roadscene
from stillage_thermal.readers.options import RadiometricOptions, RoadSceneOptions
from stillage_thermal.readers.thermal_files import read as read_radiometric
from tests.plugins.thermal.thermal_files import KELVIN, folder_of, road, tiff


def test_temperature_linear_counts_are_kept(tmp_path: Path) -> None:
    frames = np.rint(KELVIN * 100).astype(np.uint16)
    folder = folder_of(tmp_path, frames)
    with Recording.open(
        read_radiometric(folder, tmp_path / "a.h5", RadiometricOptions(rate=9.0))
    ) as found:
        np.testing.assert_array_equal(found.read("thermal", np.arange(4)), np.stack([frames] * 4))
        assert found.modalities["thermal"].unit == "cK"
        assert found.modalities["thermal"].rate_hz == 9.0
        assert found.targets["class"].classes == ("cold", "warm")
        assert found.groups.tolist() == ["cold/0.tiff", "cold/1.tiff", "warm/0.tiff", "warm/1.tiff"]
    np.testing.assert_array_equal(Thermal().read(folder / "cold" / "0.tiff"), frames)
    coarse = np.rint(KELVIN * 10).astype(np.uint16)
    out = read_radiometric(
        folder_of(tmp_path, coarse), tmp_path / "b.h5", RadiometricOptions(step=0.1)
    )
    with Recording.open(out) as found:
        np.testing.assert_array_equal(found.read("thermal", np.array([0]))[0], coarse * 10)


def test_raw_counts_become_the_temperature_that_made_them(tmp_path: Path) -> None:
    camera, scenery = Planck(), Scenery(0.94, 295.15, 291.15)
    counts = np.rint(received(KELVIN, camera, scenery)).astype(np.uint16)
    options = RadiometricOptions(counts="planck", emissivity=0.94, reflected=22.0, air=18.0)
    out = read_radiometric(folder_of(tmp_path, counts), tmp_path / "a.h5", options)
    with Recording.open(out) as found:
        kelvin = found.read("thermal", np.array([0]))[0] / 100.0
        assert "emissivity 0.94" in found.provenance["thermal_conversion"]
    np.testing.assert_allclose(kelvin, KELVIN, atol=0.015)


def test_a_linear_camera_may_be_corrected_for_emissivity(tmp_path: Path) -> None:

    seen = np.rint(apparent(KELVIN, 0.8, 293.15) * 100).astype(np.uint16)
    out = read_radiometric(
        folder_of(tmp_path, seen), tmp_path / "a.h5", RadiometricOptions(emissivity=0.8)
    )
    with Recording.open(out) as found:
        kelvin = found.read("thermal", np.array([0]))[0] / 100.0
    np.testing.assert_allclose(kelvin, KELVIN, atol=0.03)


def test_a_closed_shutter_is_absent_and_told(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, np.rint(KELVIN * 100).astype(np.uint16))
    (folder / "cold" / "0.tiff").write_bytes(tiff([np.full((6, 8), 30000, np.uint16)] * 2))
    with Recording.open(read_radiometric(folder, tmp_path / "a.h5")) as found:
        assert found.presence("thermal").tolist() == [False, True, True, True]
        assert "1 clips without any contrast" in " ".join(found.notes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"emissivity": 0.0}, "emissivity: found 0.0"),
        ({"counts": "planck"}, None),
        ({"counts": "planck", "o": -40000.0}, "pixels without a temperature"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    tmp_path: Path, options: dict[str, object], message: str | None
) -> None:
    folder = folder_of(tmp_path, np.rint(KELVIN * 100).astype(np.uint16))
    out = tmp_path / "out.h5"
    if message is None:
        read_radiometric(folder, out, RadiometricOptions(**options))
        return
    with pytest.raises(BadInput, match=message):
        read_radiometric(folder, out, RadiometricOptions(**options))
    assert not out.exists()


def test_clips_of_two_sizes_and_empty_folders_are_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, np.rint(KELVIN * 100).astype(np.uint16))
    (folder / "warm" / "9.tif").write_bytes(tiff([np.full((4, 4), 30000, np.uint16)]))
    with pytest.raises(BadInput, match=r"found a clip of \(1, 4, 4\), expected \(2, 6, 8\)"):
        read_radiometric(folder, tmp_path / "out.h5")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="no TIFF in it"):
        read_radiometric(tmp_path / "empty", tmp_path / "out.h5")


def test_pairs_stay_aligned_and_ranges_stay_together(tmp_path: Path) -> None:
    names = ["FLIR_00006", "FLIR_00240", "FLIR_08800", "FLIR_08900", "FLIR_video_00939"]
    out = roadscene.read(
        road(tmp_path, names), tmp_path / "a.h5", RoadSceneOptions(width=30, height=20)
    )
    with Recording.open(out) as found:
        video = np.asarray(found.read("video", np.arange(5)))
        grey = found.read("thermal-image", np.arange(5))
        assert video.shape == (5, 1, 20, 30, 3)
        np.testing.assert_allclose(255.0 - video[:, 0, :, :, 0], grey, atol=6)
        assert found.groups.tolist() == [
            "drive 00000-00249", "drive 00000-00249", "drive 08750-08862", "drive 08863-09112",
            "video 00750-00999",
        ]  # fmt: skip
        assert found.split is not None
        assert found.split.tolist() == ["train", "train", "train", "test", "train"]
        registration = found.modalities["video"].registration
        assert registration is not None
        assert registration.onto == "thermal-image"
        np.testing.assert_array_equal(registration.array, np.eye(3))
    picture = ThermalImage().read(tmp_path / "road" / "infrared" / "FLIR_00006.jpg")
    assert picture.shape == (40, 50)


def test_roadscene_refuses_what_is_no_pair(tmp_path: Path) -> None:
    folder = road(tmp_path, ["FLIR_00006"])
    (folder / "infrared" / "FLIR_00007.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(BadInput, match="1 pictures alone, FLIR_00007 first"):
        roadscene.read(folder, tmp_path / "out.h5")
    (folder / "visible" / "FLIR_00007.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(BadInput, match=r"FLIR_00007.jpg: found \w+, expected a JPEG picture"):
        roadscene.read(folder, tmp_path / "out.h5")
    Image.new("RGB", (50, 40)).save(folder / "visible" / "FLIR_00007.jpg")
    Image.new("L", (40, 40)).save(folder / "infrared" / "FLIR_00007.jpg")
    with pytest.raises(BadInput, match=r"found size \(40, 40\), expected \(50, 40\)"):
        roadscene.read(folder, tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def test_the_real_roadscene(
    real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "road.h5")
    folder = str(real_data / "roadscene_rgb_thermal")
    assert run(["record", "import", "roadscene", folder, out]) == 0
    capsys.readouterr()
    assert run(["record", "info", out, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["samples"] == 221
    assert told["modalities"]["thermal-image"]["unit"] == "1/255"
    assert told["split"]["train"] + told["split"]["test"] == 221
    assert told["split"]["test"] > 20
    assert told["groups"] > 40
    notes = " ".join(told["notes"])
    for word in ("one drive", "automatic gain", "no labels", "identity"):
        assert word in notes
    with Recording.open(out) as found:
        rows = np.arange(found.samples)
        luma = np.asarray(found.read("video", rows), np.float64)[:, 0] @ [0.299, 0.587, 0.114]
        grey = np.asarray(found.read("thermal-image", rows), np.float64)
        both = zip(luma, grey, strict=True)
        correlation = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in both]
        assert np.mean(correlation) == pytest.approx(-0.04, abs=0.04)
        numbers: dict[str, set[str]] = {str(g): set() for g in found.group_names}
        assert found.split is not None
        for group, part in zip(found.groups, found.split, strict=True):
            numbers[str(group)].add(str(part))
        assert all(len(parts) == 1 for parts in numbers.values())


def test_one_folder_without_classes(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(list(np.rint(KELVIN * 100).astype(np.uint16))))
    with Recording.open(read_radiometric(tmp_path, tmp_path / "o.h5")) as recording:
        assert not recording.targets
        assert recording.samples == 1


def test_a_small_file_of_many_pixels_is_refused(tmp_path: Path) -> None:
    flat = np.full((8190, 1100), 29000, np.uint16)
    Image.fromarray(flat).save(tmp_path / "a.tif", compression="tiff_adobe_deflate")
    with pytest.raises(BadInput, match="expected at most 8388608"):
        read_radiometric(tmp_path, tmp_path / "o.h5")


def test_one_folder_of_pictures_needs_no_class(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.tiff").write_bytes(tiff(list(np.rint(KELVIN * 100).astype(np.uint16))))
    with Recording.open(read_radiometric(tmp_path / "in", tmp_path / "a.h5")) as found:
        assert found.samples == 1
        assert not found.targets
        assert found.notes[0] == "a group is a file; one folder, so no class"
