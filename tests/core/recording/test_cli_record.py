"""``stillage record`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from stillage.cli.main import run
from stillage.recording import Recording


def ran(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = run([str(a) for a in ("record", *arguments)])
    out, err = capsys.readouterr()
    return code, out, err


def test_info_json(small_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ran(capsys, "info", small_file, "--json", "--verify")
    assert (code, err) == (0, "")
    about = json.loads(out)
    nir = about["modalities"]["nir"]
    assert {k: nir[k] for k in ("shape", "dtype", "unit", "count")} == {
        "shape": [7], "dtype": "float32", "unit": "1", "count": 12,
    }  # fmt: skip
    assert about["modalities"]["events"]["shape"] == [None, 2]
    polymer = about["targets"]["polymer"]
    assert (polymer["kind"], polymer["unit"]) == ("classification", "")
    assert polymer["classes"] == ["PP", "PÉT", "聚乙烯"]
    assert about["targets"]["mass"]["unit"] == "g"
    assert about["groups"] == 15
    assert about["split"] is None
    assert about["notes"] == ["nothing here was measured"]
    assert about["fingerprint"] == Recording.open(small_file).fingerprint


def test_info_lines(small_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, "info", small_file)
    assert code == 0
    assert "nir: float32 7 [1], 12 readings, present in 24 samples" in out
    assert "24 samples labelled, 4 unlabelled, 2 out of set" in out
    assert "polymer (classification): groups with PP " in out


def test_import(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "a.npy", np.ones(3))
    table = "group,path:probe[V],target:t\ng,a.npy,x\nh,a.npy,y\n"
    (tmp_path / "set.csv").write_text(table)
    out = tmp_path / "a.h5"
    options = ("-o", "student=probe", "-o", "task=t")
    code, text, err = ran(capsys, "import", "manifest", tmp_path / "set.csv", out, *options)
    assert (code, text) == (0, "")
    assert "2 samples in 2 groups (probe 1)" in err
    assert Recording.open(out).defaults["student"] == ["probe"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "studnt=a"), "-o: found unknown key 'studnt', expected one of"),
        (("-o", "width=wide"), "-o width: found 'wide', expected a valid integer"),
        (("-o", "width"), "expected key=value"),
        (("-o", "width=1", "-o", "width=2"), "twice"),
    ],
)
def test_bad_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    code, out, err = ran(capsys, "import", "manifest", "a.csv", tmp_path / "a.h5", *options)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_bad_files(spoil, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    path = spoil()
    whole = path.read_bytes()
    cases = {"found an empty file": b"", "truncated": whole[:-100], "begins": b"hello, world"}
    for message, content in cases.items():
        path.write_bytes(content)
        code, out, err = ran(capsys, "info", path, "--json")
        assert (code, out) == (2, "")
        assert message in err
        assert len(err.splitlines()) == 1
    path.write_bytes(whole)
    with h5py.File(path, "r+") as file:
        del file["modalities/nir/values"]
        file.create_dataset(
            "modalities/nir/values", (12, 7), "<f4", external=[(str(tmp_path / "x"), 0, 400)]
        )
    code, _, err = ran(capsys, "info", path)
    assert code == 2
    assert "external storage" in err
    code, _, err = ran(capsys, "info", tmp_path / "none.h5")
    assert (code, "no such file" in err) == (2, True)
    code, _, err = ran(capsys, "import", "nothing", "a", "b.h5")
    assert (code, "no such reader" in err) == (2, True)
    code, _, err = ran(capsys, "render", "nothing", tmp_path / "b.h5")
    assert (code, "no such scenario" in err) == (2, True)


def test_import_never_overwrites_what_it_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("group,target:kind\na,x\n")
    code, _, err = ran(capsys, "import", "manifest", mine, mine)
    assert code == 2
    assert "the very file to import" in err
    assert mine.read_text().startswith("group,")
