"""Malformed files get one line that says what and where; small hand-made sets are read right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.recording import Recording
from stillage_spectral.readers.plastic_scanner import read
from stillage_spectral.readers.scanner_files import find_photos, read_led, read_nir
from tests.plugins.spectral.scanner_set import led_line, write_set


def test_the_calibration_is_the_latest_before_a_reading_in_time(tmp_path: Path) -> None:
    led = read_led(write_set(tmp_path) / "led8.csv")
    assert led.items == ["2_pet", "1_pp", "3_pvc"]
    np.testing.assert_allclose(led.values[:, 0], [0.4 / 0.8, 0.25 / 0.5, 0.4 / 0.5], rtol=1e-6)


def test_scans_are_read_in_their_order_and_names_without_case(tmp_path: Path) -> None:
    nir, polymers, _ = read_nir(write_set(tmp_path))
    assert nir.items == ["1_pp", "1_pp", "2_pet", "3_pvc"]
    np.testing.assert_allclose(nir.values[:, 0], [21 / 40, 20 / 40, 22 / 40, 23 / 40])
    assert polymers == {"1_pp": "PP", "2_pet": "PET", "3_pvc": "PVC"}


def test_a_small_set_becomes_a_recording(tmp_path: Path) -> None:
    with Recording.open(read(write_set(tmp_path), tmp_path / "out.h5")) as recording:
        assert recording.groups.tolist() == ["2_pet", "1_pp", "1_pp", "3_pvc"]
        assert recording.presence("led").tolist() == [True, True, False, True]
        assert recording.targets["polymer"].states.tolist() == [1, 1, 1, -1]
        assert "video" not in recording.modalities


def test_a_photo_without_the_polymer_in_its_name_finds_its_item(tmp_path: Path) -> None:
    for name in ("KL200.jpg", "001_PP.jpg", "PLA.jpg", "00.jpg"):
        (tmp_path / name).touch()
    items = {"kl200_hdpe": "HDPE", "001_pp": "PP", "a_pla": "PLA", "00_pp": "PP", "00_pet": "PET"}
    found = find_photos(tmp_path, items)
    assert {item: path.name for item, path in found.items()} == {
        "kl200_hdpe": "KL200.jpg",
        "001_pp": "001_PP.jpg",
    }


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([led_line("a", "regular", "10:00:00", "0.5")], "before any calibration"),
        ([led_line("", "calibration", "10:00:00", "0")], "expected a positive finite reading"),
        ([led_line("", "calibration", "10:00:00", "nan")], "expected a positive finite reading"),
        ([led_line("", "calibration", "10:00:00", "x")], "nm940: found 'x', expected a number"),
        ([led_line("", "calibration", "25:00:00", "1")], "line 2: found time"),
        ([led_line("", "guess", "10:00:00", "1")], "found MeasurementType 'guess'"),
        (["0,a"], "line 2: found a short line"),
        ([led_line("", "calibration", "10:00:00", "1")], "no readings of items"),
    ],
)
def test_bad_diode_rows_are_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        read(write_set(tmp_path, lines), tmp_path / "out.h5")
    assert "\n" not in str(caught.value)
    assert "led8.csv" in str(caught.value)
    assert not (tmp_path / "out.h5").exists()


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (["1_PP,1,PP", "1_PP,2,PET"], "line 3: found polymer PET, expected PP, as before"),
        (["1_PP,first,PP"], "scan 'first'"),
        (["reference_end_measurement_1,0,end"], "no readings of items"),
        (["9_PP,1,PP"], "no item that both devices read"),
    ],
)
def test_bad_indices_are_refused(tmp_path: Path, index: list[str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read(write_set(tmp_path, None, index), tmp_path / "out.h5")


def test_missing_files_and_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such folder"):
        read(tmp_path / "nowhere", tmp_path / "out.h5")
    with pytest.raises(BadInput, match=r"led8.csv: found no such file"):
        read(tmp_path, tmp_path / "out.h5")
    write_set(tmp_path)
    (tmp_path / "led8.csv").write_text("Name,sample\n")
    with pytest.raises(BadInput, match="no column MeasurementType, DateTime, nm940"):
        read(tmp_path, tmp_path / "out.h5")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("dark_counts", 60.0, "reference <= dark"),
        ("sample_counts", np.nan, "NaN or infinity"),
        ("reference_counts", np.nan, "reference <= dark"),
    ],
)
def test_bad_counts_are_refused_with_their_place(
    tmp_path: Path, name: str, value: float, message: str
) -> None:
    write_set(tmp_path)
    with np.load(tmp_path / "nir_spectra.npz") as archive:
        arrays = {key: archive[key].copy() for key in archive.files}
    arrays[name][2, 5] = value
    np.savez(tmp_path / "nir_spectra.npz", **arrays)
    with pytest.raises(BadInput, match=f"row 2 band 5: found {message}"):
        read_nir(tmp_path)


def test_hostile_archives_are_refused(tmp_path: Path) -> None:
    write_set(tmp_path)
    path = tmp_path / "nir_spectra.npz"
    path.write_bytes(b"")
    with pytest.raises(BadInput, match=r"no NPZ file .* expected arrays without pickle"):
        read_nir(tmp_path)
    np.savez(path, wavelength_nm=np.array([{}], object), sample_counts=1, dark_counts=1,
             reference_counts=1)  # fmt: skip
    with pytest.raises(BadInput, match=r"no NPZ file .* expected arrays without pickle"):
        read_nir(tmp_path)
    np.savez_compressed(path, wavelength_nm=np.zeros(2**25 + 1))
    assert path.stat().st_size < 2**19
    with pytest.raises(BadInput, match="268435592 bytes, expected under 16777216"):
        read_nir(tmp_path)


def test_a_photo_that_is_none_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "rgb").mkdir()
    (tmp_path / "rgb" / "1_PP.jpg").write_text("no photo")
    with pytest.raises(BadInput, match=r"1_PP.jpg: .* expected a JPEG photo"):
        read(tmp_path, tmp_path / "out.h5")
