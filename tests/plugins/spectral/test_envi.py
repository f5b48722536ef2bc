"""ENVI headers: cubes in every interleave, references, classes, libraries, and hostile ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_spectral.readers.cubes import Pick, read_envi
from stillage_spectral.readers.envi import open_envi
from tests.plugins.spectral.envi_files import listed, write_envi

GRID = [1000.0, 1100.0, 1200.0, 1300.0, 1400.0]


def cube(dtype: str = "uint16", lines: int = 4, samples: int = 6) -> np.ndarray:
    return np.random.default_rng(0).integers(1, 200, (lines, samples, 5)).astype(dtype)


@pytest.mark.parametrize("interleave", ["bil", "bip", "bsq"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
def test_every_interleave_and_type(tmp_path: Path, interleave: str, dtype: str) -> None:
    values = cube(dtype)
    path = write_envi(tmp_path, "scene", values, interleave, wavelength=listed(GRID),
                      **{"wavelength units": "Nanometers"})  # fmt: skip
    np.testing.assert_array_equal(open_envi(path).values, values)
    found = read_envi(path)
    np.testing.assert_allclose(found.values, values.reshape(24, 5), rtol=1e-6)
    assert found.wavelength.tolist() == GRID
    assert found.about[7]["name"] == "scene 1,1"


def test_offset_byte_order_scale_bad_bands_and_micrometers(tmp_path: Path) -> None:
    values = cube("uint16")
    path = write_envi(
        tmp_path, "scene", values, "bip", wavelength=listed([g / 1000.0 for g in GRID]),
        bbl=listed([1, 1, 0, 1, 1]), **{"Wavelength Units": "Micrometers",
        "reflectance scale factor": 100, "header offset": 7, "byte order": 1},
    )  # fmt: skip
    (tmp_path / "scene.raw").write_bytes(b"padding" + values.astype(">u2").tobytes())
    found = read_envi(path)
    np.testing.assert_allclose(found.wavelength, [1000.0, 1100.0, 1300.0, 1400.0])
    expected = values.reshape(24, 5)[:, [0, 1, 3, 4]] / 100.0
    np.testing.assert_allclose(found.values, expected, rtol=1e-6)


def test_dark_and_white_references_give_reflectance(tmp_path: Path) -> None:
    truth = np.random.default_rng(1).uniform(0.1, 0.9, (4, 6, 5))
    lamp = np.random.default_rng(2).uniform(1000, 3000, (6, 5)).round()
    dark = np.full((6, 5), 50.0)
    counts = (dark + truth * lamp).astype("float32")
    path = write_envi(tmp_path, "scene", counts, wavelength=listed(GRID))
    references = {
        name: write_envi(tmp_path, name, np.tile(level, (3, 1, 1)).astype("float32"))
        for name, level in (("dark", dark), ("white", dark + lamp))
    }
    found = read_envi(path, Pick(2, 2, references["dark"], references["white"]))
    np.testing.assert_allclose(found.values, truth[::2, ::2].reshape(6, 5), rtol=1e-4)
    assert found.about[-1]["tile"] == "scene tile 1,2"
    with pytest.raises(BadInput, match="one of them"):
        Pick(dark=references["dark"])


def test_classes_label_pixels_and_empty_pixels_are_left_out(tmp_path: Path) -> None:
    values = cube("int16")
    values[0, 0] = -99
    spaced: dict[str, Any] = {"data ignore value": -99}
    path = write_envi(tmp_path, "scene", values, wavelength=listed(GRID), **spaced)
    classes = np.zeros((4, 6, 1), np.uint8)
    classes[1], classes[2] = 1, 2
    write_envi(tmp_path, "scene_labels", classes, "bsq", classes=3,
               **{"file type": "ENVI Classification",
                  "class names": listed(["none", "PET", "PP"])})  # fmt: skip
    found = read_envi(path)
    labels = [told["label"] for told in found.about]
    assert labels == [""] * 5 + ["PET"] * 6 + ["PP"] * 6 + [""] * 6
    with pytest.raises(BadInput, match="expected a cube or a spectral library"):
        read_envi(tmp_path / "scene_labels.hdr")


def test_a_spectral_library_gives_its_named_spectra(tmp_path: Path) -> None:
    spectra = np.random.default_rng(0).uniform(0.1, 0.9, (3, 5)).astype("float32")
    path = write_envi(
        tmp_path, "library", spectra[:, :, None], "bsq", wavelength=listed(GRID),
        **{"file type": "ENVI Spectral Library", "spectra names": listed(["PP", "PET", "PS"])},
    )  # fmt: skip
    found = read_envi(path)
    np.testing.assert_allclose(found.values, spectra)
    assert [told["name"] for told in found.about] == ["PP", "PET", "PS"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lines": 10**12}, "lines: found 1000000000000, expected 1 to"),
        ({"lines": 10**6, "samples": 10**6, "bands": 60000}, "bytes, expected"),
        ({"lines": -4}, "lines: found '-4', expected a whole number"),
        ({"samples": "6.5"}, "expected a whole number"),
        ({"header offset": 10**11}, "bytes, expected"),
        ({"data type": 6}, "data type: found 6"),
        ({"interleave": "spiral"}, "expected bil, bip or bsq"),
        ({"byte order": 7}, "byte order"),
        ({"file compression": 1}, "a compressed data file"),
        ({"wavelength": "{ 1, 2 }"}, "found 2 numbers, expected 5"),
        ({"wavelength": "{ 1, 2, x, 4, 5 }"}, "expected a list of numbers"),
        ({"wavelength": "{ 1, 2"}, "expected an ENVI header"),
        ({"wavelength units": "parsec", "wavelength": listed(GRID)}, "wavelength units"),
        ({"reflectance scale factor": 0}, "expected a positive number"),
        ({"minor frame offsets": "{ 1, 1 }"}, "frame offsets"),
        ({}, "no wavelengths"),
    ],
)
def test_hostile_headers_are_refused_in_one_line(
    tmp_path: Path, fields: dict[str, object], message: str
) -> None:
    path = write_envi(tmp_path, "scene", cube())
    known = dict(line.split(" = ") for line in path.read_text().splitlines()[1:])
    text = "".join(f"{key} = {value}\n" for key, value in {**known, **fields}.items())
    path.write_text(f"ENVI\n{text}")
    with pytest.raises(BadInput, match=message) as caught:
        read_envi(path)
    assert "\n" not in str(caught.value)


def test_a_data_file_outside_the_folder_is_not_followed(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    path = write_envi(inside, "scene", cube(), wavelength=listed(GRID))
    (inside / "scene.raw").rename(tmp_path / "secret.raw")
    with pytest.raises(BadInput, match="no data file beside it"):
        read_envi(path)
    (inside / "scene.raw").symlink_to(tmp_path / "secret.raw")
    with pytest.raises(BadInput, match="outside the folder"):
        read_envi(path)


@pytest.mark.parametrize("content", [b"", b"ENVY\n", b"\xff\xfe\x00\x01", b"ENVI\nlines = 4\n"])
def test_what_is_no_header_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "scene.hdr").write_bytes(content)
    with pytest.raises(BadInput, match="expected an ENVI header"):
        read_envi(tmp_path / "scene.hdr")
    with pytest.raises(BadInput, match="No such file"):
        read_envi(tmp_path / "nowhere.hdr")
