"""Dead and repeated readings are found, masked or dropped, and named; registrations by TOML."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.recording import Recording, find_dead, find_duplicates
from stillage.recording.cleaning import digest_of
from stillage.recording.manifest.reader import read_manifest
from stillage.recording.specs import ManifestOptions

RNG = np.random.default_rng(0)
NOISE = RNG.random((8, 20), np.float32)


def test_duplicates_are_equal_to_the_last_bit() -> None:
    almost = NOISE[0].copy()
    almost[3] = np.nextafter(almost[3], np.float32(2))
    rows = [NOISE[0], NOISE[1], NOISE[0].copy(), almost, NOISE[0].astype(np.float64)]
    assert find_duplicates(rows).tolist() == [0, 1, 0, 3, 4]
    assert find_duplicates([NOISE[0], NOISE[0].reshape(4, 5)]).tolist() == [0, 1]
    few = np.arange(4.0)
    assert find_duplicates([few, few]).tolist() == [0, 1], "small readings are equal by chance"
    assert find_duplicates([few, few], fewest=1).tolist() == [0, 0]
    assert find_duplicates([]).shape == (0,)
    assert digest_of(NOISE[:, ::2]) == digest_of(np.ascontiguousarray(NOISE[:, ::2]))


def test_dead_readings_are_certain() -> None:
    limits = np.where(NOISE[0] < 0.5, 0, 255).astype(np.uint8)
    nearly = limits.copy()
    nearly[0] = 7
    rows = [
        np.zeros(20), np.full(20, -3.5), np.full(20, 255, np.uint8), limits, nearly, NOISE[0],
        np.zeros(3), np.zeros(0),
    ]  # fmt: skip
    wanted = ["all zero", "constant", "saturated", "saturated", "", "", "", ""]
    assert find_dead(rows) == wanted
    assert find_dead([np.full(20, 150.0)], limits=(-40.0, 150.0)) == ["saturated"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    readings = {
        "a": NOISE[0], "b": NOISE[1], "copy_of_a": NOISE[0], "dead": np.zeros(20, np.float32),
        "stuck": np.full(20, 2.0, np.float32), "c": NOISE[2], "copy_of_b": NOISE[1],
    }  # fmt: skip
    for name, values in readings.items():
        np.save(tmp_path / f"{name}.npy", values)
    return tmp_path


def manifest(folder: Path, *lines: str) -> Path:
    path = folder / "set.csv"
    path.write_text("group,path:probe[V],path:other[V],target:t{x|y}\n" + "\n".join(lines) + "\n")
    return path


LINES = (
    "g1,a.npy,c.npy,x",  # 2
    "g1,copy_of_a.npy,b.npy,x",  # 3: the same reading in the same group, another partner
    "g2,copy_of_b.npy,b.npy,y",  # 4
    "g2,dead.npy,c.npy,y",  # 5: the file of line 2, named twice: shared on purpose
    "g3,stuck.npy,,x",  # 6: nothing is left
    "g3,copy_of_a.npy,copy_of_b.npy,y",  # 7: another group's readings, both
    "g1,copy_of_a.npy,c.npy,x",  # 8: line 2 again
    "g4,,,y",  # 9: nothing from the start
)


def test_a_manifest_is_cleaned_and_says_so(folder: Path) -> None:
    out = read_manifest(manifest(folder, *LINES), folder / "a.h5")
    with Recording.open(out) as recording:
        assert recording.groups.tolist() == ["g1", "g1", "g2", "g2", "g4"]
        assert recording.rows("probe").tolist() == [0, 0, 1, -1, -1], "line 3 shares line 2's"
        assert recording.rows("other").tolist() == [0, 1, 1, 0, -1]
        assert recording.notes == (
            "probe: 1 all zero reading (dead.npy) masked as absent",
            "probe: 1 constant reading (stuck.npy) masked as absent",
            "probe: 1 repeated (equal to another group's) reading (copy_of_a.npy) masked as absent",
            "probe: 1 repeated reading (copy_of_a.npy) stored once",
            "other: 1 repeated (equal to another group's) reading (copy_of_b.npy) masked as absent",
            "dropped 2 samples without a reading left (line 6, line 7)",
            "dropped 1 sample equal to an earlier one (line 8)",
        )


def test_cleaning_can_be_left_out(folder: Path) -> None:
    out = read_manifest(manifest(folder, *LINES), folder / "a.h5", ManifestOptions(clean=False))
    with Recording.open(out) as recording:
        assert recording.samples == len(LINES)
        assert recording.presence("probe").sum() == 7
        assert recording.notes == ()


TABLE = """
[probe]
onto = "other"
matrix = [[1, 0, 5], [0, 1, -2], [0, 0, 1]]
"""
POINTS = """
[probe]
onto = "other"
kind = "affine"
points = [[[0, 0], [1, 1]], [[10, 0], [21, 1]], [[10, 10], [21, 21]], [[0, 10], [1, 21]]]
"""


@pytest.mark.parametrize(
    ("text", "matrix"),
    [(TABLE, [[1, 0, 5], [0, 1, -2], [0, 0, 1]]), (POINTS, [[2, 0, 1], [0, 2, 1], [0, 0, 1]])],
)
def test_a_toml_file_registers(folder: Path, text: str, matrix: list[list[float]]) -> None:
    (folder / "cameras.toml").write_text(text)
    path = manifest(folder, *LINES)
    out = read_manifest(path, folder / "a.h5", ManifestOptions(registration="cameras.toml"))
    with Recording.open(out) as recording:
        found = recording.modalities["probe"].registration
        assert found is not None
        assert found.onto == "other"
        np.testing.assert_allclose(found.array, matrix, atol=1e-9)


BAD = {
    "no TOML": ("[probe", "no TOML"),
    "table": ("probe = 3", "[probe]"),
    "modality": ('[sonar]\nonto = "probe"\nmatrix = []', "no such path column"),
    "itself": ('[probe]\nonto = "probe"\nmatrix = []', "onto 'probe'"),
    "neither": ('[probe]\nonto = "other"', "expected onto, and matrix or points"),
    "key": ('[probe]\nonto = "other"\nmatrx = []', "expected onto, and matrix or points"),
    "matrix": ('[probe]\nonto = "other"\nmatrix = [[1, 0], [0, 1]]', "a matrix of shape (2, 2)"),
    "ragged": ('[probe]\nonto = "other"\nmatrix = [[1, 0], [0]]', "a matrix of shape (0,)"),
    "points": ('[probe]\nonto = "other"\npoints = [[1, 2]]', "pairs [[x, y], [x, y]]"),
    "line": ('[probe]\nonto = "other"\npoints = [[[0,0],[0,0]],[[1,1],[1,1]],[[2,2],[2,2]],'
             "[[3,3],[3,3]]]", "points on one line"),
    "far": (POINTS.replace("]]]", "]], [[5, 5], [11, 11]], [[3, 5], [7, 11]], [[5, 3], [11, 7]],"
                           " [[2, 2], [90, 5]]]"), "points far off: 7"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_registration_is_one_line(folder: Path, kind: str) -> None:
    text, message = BAD[kind]
    (folder / "cameras.toml").write_text(text)
    with pytest.raises(BadInput) as caught:
        read_manifest(
            manifest(folder, *LINES), folder / "a.h5", ManifestOptions(registration="cameras.toml")
        )
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (folder / "a.h5").exists()


@pytest.mark.parametrize("name", ["../x.toml", "/etc/passwd", "none.toml"])
def test_a_registration_never_leaves_the_folder(folder: Path, name: str) -> None:
    with pytest.raises(BadInput, match="inside the manifest's folder"):
        read_manifest(manifest(folder, *LINES), folder / "a.h5", ManifestOptions(registration=name))
