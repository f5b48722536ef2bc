"""The reader ``spectra`` from the command line to the recording, on files made by the tests."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from spectral.algorithms.continuum import remove_continuum

from stillage.cli.main import run
from stillage.errors import BadInput
from stillage.plugin.host import get_host
from stillage.plugin.spec import ModalitySpec
from stillage.recording import Recording
from stillage_spectral.modality import Nir
from stillage_spectral.readers.options import SpectraOptions
from stillage_spectral.readers.spectra import grid_of
from stillage_spectral.readers.spectra_files import read, wanted_grid
from stillage_spectral.readers.tables import read_table
from tests.plugins.spectral.envi_files import listed, write_envi
from tests.plugins.spectral.spectra_files import GRID, VALUES, write_jcamp, write_table


def test_a_wide_table_with_groups_and_classes(tmp_path: Path) -> None:
    values = write_table(tmp_path / "a.csv")
    with Recording.open(
        read(tmp_path / "a.csv", tmp_path / "a.h5", SpectraOptions(target="polymer"))
    ) as found:
        np.testing.assert_allclose(found.read("nir", np.arange(6)), values, rtol=1e-6)
        assert found.groups.tolist() == ["item 0"] * 2 + ["item 1"] * 2 + ["item 2"] * 2
        column = found.targets["polymer"]
        assert column.classes == ("PET", "PP")
        assert column.values.tolist() == [0, 1, -1, 0, 1, -1]
        assert column.states.tolist() == [1, 1, 0, 1, 1, 0]
        np.testing.assert_allclose(grid_of(found.provenance, "nir", "a.h5"), GRID)
        assert found.defaults["task"] == "polymer"


def test_the_continuum_is_removed_where_asked(tmp_path: Path) -> None:
    values = write_table(tmp_path / "a.csv")
    out = read(tmp_path / "a.csv", tmp_path / "a.h5", SpectraOptions(continuum=True))
    with Recording.open(out) as found:
        expected = remove_continuum(values.astype(np.float64), np.asarray(GRID, np.float64))
        np.testing.assert_allclose(found.read("nir", np.arange(6)), expected, rtol=1e-5)
        assert any("upper convex hull" in note for note in found.notes)


def test_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    values = write_table(tmp_path / "a.csv", separator=";", comma=True)
    np.testing.assert_allclose(read_table(tmp_path / "a.csv")[0].values, values, rtol=1e-6)


def test_a_number_as_target(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv")
    out = read(tmp_path, tmp_path / "a.h5", SpectraOptions(target="mass", target_unit="g"))
    with Recording.open(out) as found:
        assert found.targets["mass"].kind == "regression"
        np.testing.assert_allclose(found.targets["mass"].values, np.arange(6) + 0.5)
    with pytest.raises(BadInput, match=r"target 'polymer': .*expected numbers in g"):
        read(tmp_path, tmp_path / "b.h5", SpectraOptions(target="polymer", target_unit="g"))


def test_a_tall_table_in_wavenumbers_and_absorbance(tmp_path: Path) -> None:
    text = "wavenumber,left,right\n10000,0.1,0.5\n8000,0.2,0.6\n5000,0.3,0.7\n"
    (tmp_path / "a.csv").write_text(text)
    found = read_table(tmp_path / "a.csv", "1/cm", "absorbance")[0]
    assert found.wavelength.tolist() == [1000.0, 1250.0, 2000.0]
    expected = 10.0 ** -np.array([[0.1, 0.2, 0.3], [0.5, 0.6, 0.7]])
    np.testing.assert_allclose(found.values, expected, rtol=1e-6)
    assert [told["name"] for told in found.about] == ["left", "right"]
    (tmp_path / "bare.csv").write_text("1000,0.5\n1010,0.6\n")
    bare = read_table(tmp_path / "bare.csv")[0]
    np.testing.assert_allclose(bare.values, [[0.5, 0.6]])
    assert bare.about[0]["name"] == "bare"


def test_instruments_with_different_grids_join_by_a_declared_loss(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv")
    fine = np.arange(950.0, 1450.1, 5.0)
    rows = ["name," + ",".join(f"{g:g}" for g in fine)]
    rows += ["other," + ",".join(f"{0.5 + 0.1 * np.sin(g / 40.0):.5f}" for g in fine)]
    (tmp_path / "b.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(BadInput, match=r"b.csv: found 101 bands from 950 nm, expected 21 from"):
        read(tmp_path, tmp_path / "both.h5")
    out = read(tmp_path, tmp_path / "both.h5", SpectraOptions(grid="1000:1400:20"))
    with Recording.open(out) as found:
        told = " ".join(found.notes)
        assert "resampled from 81 to 21 bands" in told
        assert "100 nm of the range is cut (" in told
        read_back = found.read("nir", np.array([6]))[0]
    np.testing.assert_allclose(read_back, 0.5 + 0.1 * np.sin(GRID / 40.0), atol=0.012)
    alone = tmp_path / "alone"
    alone.mkdir()
    (tmp_path / "b.csv").rename(alone / "b.csv")
    with Recording.open(read(alone, tmp_path / "like.h5", SpectraOptions(like=str(out)))) as found:
        np.testing.assert_array_equal(found.read("nir", np.array([0]))[0], read_back)
    with pytest.raises(BadInput, match="nothing is extrapolated"):
        read(alone, tmp_path / "wide.h5", SpectraOptions(grid="900:1400:20"))


def test_a_folder_of_jcamp_files_by_class(tmp_path: Path) -> None:
    line = [f"1000 {' '.join(map(str, VALUES))}"]
    other = [f"1000 {' '.join(map(str, VALUES[::-1]))}"]
    for name in ("PET", "PP"):
        (tmp_path / name).mkdir()
    write_jcamp(tmp_path / "PET" / "a.dx", line, TITLE="a")
    write_jcamp(tmp_path / "PP" / "b.jdx", other, TITLE="b", FIRSTY="1.22")
    out = read(tmp_path, tmp_path / "a.h5", SpectraOptions(target="folder"))
    with Recording.open(out) as found:
        assert found.targets["folder"].classes == ("PET", "PP")
        assert found.groups.tolist() == ["a", "b"]
    np.testing.assert_allclose(Nir().read(tmp_path / "PET" / "a.dx"), np.array(VALUES) / 100.0)
    assert ".jdx" in get_host().spec(ModalitySpec, "nir").suffixes


def test_a_cube_is_grouped_by_tiles(tmp_path: Path) -> None:
    values = np.random.default_rng(0).uniform(0.1, 0.9, (8, 8, len(GRID))).astype("float32")
    write_envi(tmp_path, "scene", values, wavelength=listed(GRID))
    classes = np.repeat([[1, 2]], 8, 0).repeat(4, 1).astype(np.uint8)[:, :, None]
    write_envi(tmp_path, "scene_labels", classes, "bsq",
               **{"file type": "ENVI Classification", "class names": listed("nab")})  # fmt: skip
    out = read(tmp_path, tmp_path / "a.h5", SpectraOptions(target="label", tile=4))
    with Recording.open(out) as found:
        assert found.samples == 64
        assert len(found.group_names) == 4
        assert found.targets["label"].classes == ("a", "b")


def test_dead_and_doubled_readings_are_left_out_and_told(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_text().splitlines()
    flat = ",".join(["item 9", "PP", "1", *["0.5"] * len(GRID)])
    (tmp_path / "a.csv").write_text("\n".join([*lines, lines[1], flat]) + "\n")
    with Recording.open(read(tmp_path, tmp_path / "a.h5")) as found:
        assert found.samples == 6
        notes = " ".join(found.notes)
    assert "1 dead readings" in notes
    assert "1 readings stored twice" in notes


def test_the_command_tells_and_refuses_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(tmp_path / "a.csv")
    out = str(tmp_path / "a.h5")
    words = ["record", "import", "spectra", str(tmp_path / "a.csv"), out]
    assert run([*words, "-o", "target=polymer"]) == 0
    capsys.readouterr()
    assert run(["record", "info", out, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["modalities"]["nir"]["shape"] == [21]
    assert told["provenance"]["nir_wavelength_nm"].startswith("1000 1020 ")
    assert run([*words, "-o", "target=colour"]) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1
    assert "found 'colour', expected one of file, folder, mass, name, polymer, sample" in error


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a header"),
        ("name,1000,1010\na,0.5\n", "line 2: found 2 cells, expected 3"),
        ("name,1000,1010\na,0.5,x\n", "line 2 1010: found 'x', expected a number"),
        ("name,1000,1010\na,0.5,nan\n", "NaN or infinity"),
        ("name,1000,1000\na,0.5,0.6\n", "found 1 different of 2 wavelengths"),
        ("w,a\n1000,1\n-5,2\n", "not positive"),
        ("\x00\x01", "expected a header"),
    ],
)
def test_bad_tables_are_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(BadInput, match=message):
        read(tmp_path / "a.csv", tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def test_references_stay_inside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_envi(tmp_path / "in", "a", np.ones((2, 2, 21), "float32"), wavelength=listed(GRID))
    with pytest.raises(BadInput, match="a path inside the manifest's folder"):
        read(
            tmp_path / "in", tmp_path / "out.h5", SpectraOptions(dark="../dark.hdr", white="w.hdr")
        )


@pytest.mark.parametrize("grid", ["1000", "a:b:c", "1400:1000:4", "1000:1400:0", "1:2:1e-9"])
def test_grids_that_cannot_be_are_refused(grid: str) -> None:
    with pytest.raises(BadInput, match="-o grid"):
        wanted_grid(grid, "")
