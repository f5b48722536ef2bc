"""``stillage export`` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from stillage.cli.main import run
from stillage.network import Network
from stillage.network.config import ModalityConfig, NetworkConfig
from stillage.recording.readings import CALIBRATION, Readings
from tests.core.exporting.conftest import TASKS, readings


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A saved student that reads photos through the built-in plugin."""
    config = NetworkConfig(
        modalities={"video": ModalityConfig(size="small", shape=(1, 16, 16, 3))},
        tasks=TASKS,
        width=16,
    )
    Network(config).eval().save(tmp_path / "student")
    photos = readings(("photo",), 16).raw["photo"][:, None]
    some = Readings({"video": photos}, {"video": np.ones(16, bool)})
    some.save(tmp_path / "student" / CALIBRATION)
    return tmp_path / "student"


def test_a_table_for_people(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", str(saved), str(tmp_path / "b"), "--int8", "--prune", "0.3"]) == 0
    said = capsys.readouterr()
    for words in ("eager torch", "fp32", "int8", "parity: fp32", "pruned: 96 of 136 channels left"):
        assert words in said.out
    assert "not re-distilled" in said.out
    assert said.out.strip().endswith(str(tmp_path / "b"))
    assert said.err == ""


def test_json_for_programs(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", str(saved), str(tmp_path / "b"), "--json"]) == 0
    manifest = json.loads(capsys.readouterr().out)
    assert manifest == json.loads((tmp_path / "b" / "manifest.json").read_text())
    assert set(manifest["size_bytes"]) == {"fp32"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing", "b"], "nothing"),
        (["{saved}", "b", "--prune", "1.5"], "prune: found 1.5"),
        (["{saved}", "/proc/none/b"], "/proc/none"),
        (["{saved}", "{saved}"], "a folder with other files"),
        (["{saved}"], "Missing argument"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    arguments: list[str],
    message: str,
    saved: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(saved.iterdir())
    assert run(["export", *(word.format(saved=saved) for word in arguments)]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert sorted(saved.iterdir()) == before
    assert not (tmp_path / "b").exists()


def test_damaged_calibration_is_one_line(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (saved / CALIBRATION).write_bytes(b"PK\x03\x04 nothing")
    assert run(["export", str(saved), str(tmp_path / "b"), "--int8"]) == 2
    assert "calibration.npz: found no NPZ file" in capsys.readouterr().err
