"""RunDir and Stage: what is refused, what is kept, and what is done again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stillage.errors import BadInput
from stillage.rundir import RunConfig, RunDir, Stage

CONFIG = RunConfig(scenario="sorting", seed=3)


def test_created_folder_opens_with_the_same_configuration(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "out", CONFIG)
    assert RunDir.open(run.path).config == CONFIG
    assert run.read_json("environment.json")["packages"]["numpy"] != "absent"
    assert run.status["state"] == "created"
    assert not run.finished


def test_default_folders_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = [RunDir.create(None, CONFIG).path.as_posix() for _ in range(3)]
    assert paths == ["runs/sorting-1", "runs/sorting-2", "runs/sorting-3"]


def test_existing_runs_are_refused_and_resume_is_named(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "out", CONFIG)
    with pytest.raises(BadInput, match=r"an unfinished run.*stillage resume .*out"):
        RunDir.create(tmp_path / "out", CONFIG)
    (run.path / "kpis.json").write_text("{}")
    run.set_status("finished")
    with pytest.raises(BadInput, match=r"a finished run.*stillage resume .*out"):
        RunDir.create(tmp_path / "out", CONFIG)


def test_other_peoples_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("dear to someone")
    with pytest.raises(BadInput, match="other files"):
        RunDir.create(tmp_path, CONFIG)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["thesis.tex"]
    with pytest.raises(BadInput, match="a file"):
        RunDir.create(tmp_path / "thesis.tex", CONFIG)


def test_unwritable_folder_gets_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a folder to write to"):
        RunDir.create("/proc/none/out", CONFIG)


def test_no_run_there_gets_one_line(tmp_path: Path) -> None:
    for path, message in ((tmp_path, "no config.toml"), (tmp_path / "x", "no such folder")):
        with pytest.raises(BadInput, match=message):
            RunDir.open(path)


def test_resume_command_survives_a_shell(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "two words; $(rm)", CONFIG)
    words = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {run.resume_command}"],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert words == ["stillage", "resume", str(run.path)]


def test_a_second_driver_is_refused_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "out", CONFIG)
    program = (
        "import sys, time; from stillage.rundir import RunDir\n"
        "with RunDir.open(sys.argv[1]).lock():\n    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(run.path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(BadInput, match="another run"), run.lock():
            pass
        os.kill(other.pid, signal.SIGKILL)
    with run.lock():
        pass


def test_finished_stage_is_kept_and_changed_inputs_are_noticed(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "simulate", {"seed": 1})
    assert not stage.finished
    stage.begin()
    (stage.folder / "chunk-0").write_text("zero")
    assert not stage.finished

    resumed = Stage(tmp_path / "simulate", {"seed": 1})
    resumed.begin()
    assert (stage.folder / "chunk-0").read_text() == "zero"
    assert not resumed.stale
    resumed.finish()
    assert Stage(tmp_path / "simulate", {"seed": 1}).finished

    changed = Stage(tmp_path / "simulate", {"seed": 2})
    assert not changed.finished
    changed.begin()
    assert changed.stale
    assert not (stage.folder / "chunk-0").exists()
    assert not Stage(tmp_path / "simulate", {"seed": 1}).finished


def test_torn_parts_and_damaged_marks_count_for_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "export", {})
    stage.begin()
    (stage.folder / ".000.12-ab.part").mkdir()
    (stage.folder / ".000.12-ab.part" / "half").write_text("x")
    (stage.folder / ".chunk.npz.12-ab.part").write_text("x")
    stage.finish()
    stage.begin()
    assert sorted(p.name for p in stage.folder.iterdir()) == ["stage.json"]
    for damage in ("", "[]", '{"key": 3'):
        (stage.folder / "done.json").write_text(damage)
        assert not stage.finished


def test_key_depends_on_every_input(tmp_path: Path) -> None:
    keys = {Stage(tmp_path, json.loads(text)).key for text in ("{}", '{"a":1}', '{"a":[1]}')}
    assert len(keys) == 3
