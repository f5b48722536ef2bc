"""``stillage distill``: its JSON contract, its table, and one line for every mistake."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from stillage.cli.main import run
from stillage.recording import Stream, TargetColumn, write_recording

ARMS = {"teacher", "labels_only", "plain", "self_training", "shuffled", "distilled"}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty items whose polymer the spectrometer sees well and eight diodes badly."""
    draw = np.random.default_rng(4)
    truth = np.repeat([0, 1], 30)
    bands = np.linspace(0, 1, 32)
    peak = np.exp(-(((bands - 0.3 - 0.3 * truth[:, None]) / 0.1) ** 2))
    nir = 10.0 ** -(0.3 + 0.2 * peak + 0.005 * draw.normal(size=(60, 32)))
    led = nir[:, ::4] * 10.0 ** (0.08 * draw.normal(size=(60, 8)))
    return write_recording(
        tmp_path_factory.mktemp("cli") / "two.h5",
        [
            Stream("led", led.astype(np.float32), "1", axes=("diode",)),
            Stream("nir", nir.astype(np.float32), "1", axes=("wavelength",)),
        ],
        [TargetColumn("polymer", "classification", truth, classes=("PP", "PET"))],
        [f"item-{k}" for k in range(60)],
        defaults={"teacher": ["nir", "led"], "student": ["led"], "task": "polymer"},
    )


def test_json_has_what_other_programs_rely_on(
    recording: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = ["distill", str(recording), "--labels", "3", "--seeds", "2", "--workers", "0"]
    assert run([*command, "--json", "--out", str(out)]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["metric"] == "balanced_accuracy"
    assert (found["task"], found["seeds"], found["labels"]) == ("polymer", 2, 3)
    assert set(found["arms"]) >= ARMS
    for interval in [*found["arms"].values(), found["gain"], *found["differences"].values()]:
        assert interval["low"] <= interval["mean"] <= interval["high"]
    assert set(found["differences"]) >= {
        "distilled-plain",
        "self_training-labels_only",
        "shuffled-labels_only",
    }
    arms = found["arms"]
    assert found["gain"]["mean"] == pytest.approx(
        arms["distilled"]["mean"] - arms["labels_only"]["mean"]
    )
    assert found["advice"] in said.err
    assert "seed 001: teacher" in said.err
    assert json.loads((out / "result.json").read_text()) == found
    assert (out / "student" / "network.json").is_file()
    assert (out / "seeds" / "001" / "result.json").is_file()
    assert run([*command, "--json", "--out", str(out)]) == 0
    assert json.loads(capsys.readouterr().out) == found


def test_the_table_begins_with_the_teachers_own_score(
    recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["distill", str(recording), "--labels", "0.2", "--seeds", "1", "--size", "linear"]
    assert run(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "polymer: balanced accuracy of held-out groups, 95% intervals"
    assert lines[2].startswith("teacher (its own held-out score)")
    assert any(line.startswith("gain: distilled - labels only") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--labels", "many"], "--labels: found 'many', expected groups a class"),
        (["--labels", "-1"], "--labels: found -1"),
        (["--teacher", "sonar"], "--teacher: found no modality 'sonar'"),
        (["--student", "led,led"], "--student: found 'led,led', expected each name once"),
        (["--task", "colour"], "--task: found no target 'colour'"),
        (["--size", "huge"], "size 'huge'"),
        (["--held-out", "1.5"], "--held-out: found 1.5"),
        (["--fusion", "magic"], "magic"),
    ],
)
def test_mistakes_exit_2_with_one_line(
    recording: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(["distill", str(recording), "--seeds", "1", "--workers", "0", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_files_that_are_not_there_or_cannot_be_written_exit_2(
    recording: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["distill", str(tmp_path / "none.h5"), "--workers", "0"]) == 2
    assert "no such file" in capsys.readouterr().err
    inside = recording / "inside"
    assert run(["distill", str(recording), "--workers", "0", "--out", str(inside)]) == 2
    error = capsys.readouterr().err
    assert "a folder that can be written" in error
    assert error.count("\n") == 1
