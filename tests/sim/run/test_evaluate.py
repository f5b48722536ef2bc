"""Runs end to end on a tiny plant: the same figures whatever the workers, chunks and deaths."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.rundir import RunConfig, RunDir
from stillage_sim.run.evaluate import Outcome, evaluate, resume, run

TINY: dict[str, Any] = {
    "items": 90,
    "teacher": ("nir", "thermal"),
    "student": ("thermal",),
    "tasks": ("material",),
    "size": "linear",
    "teacher_size": "linear",
    "labels": 4,
    "seeds": 2,
    "replicas": 6,
    "worlds": 4,
    "days": 0.02,
}
OPTIONS = [
    word
    for key, value in TINY.items()
    for word in ("-o", f"{key}={','.join(value) if isinstance(value, tuple) else value}")
]
STILLAGE = [sys.executable, "-c", "from stillage.cli.main import main; main()"]


def stillage(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """The command line, in a process of its own."""
    return subprocess.run(
        [*STILLAGE, *map(str, words)], capture_output=True, text=True, check=False, timeout=280
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The uninterrupted run, in process."""
    return run("sorting", TINY, seed=3, workers=0, out=tmp_path_factory.mktemp("whole") / "run")


def test_run_directory_is_complete(whole: Outcome) -> None:
    found = {path.name for path in whole.folder.iterdir()}
    assert found >= {
        "config.toml", "environment.json", "stages", "kpis.json", "replicas.h5", "report.html",
        "status.json",
    }  # fmt: skip
    assert RunDir.open(whole.folder).finished
    assert not list(whole.folder.rglob("*.part"))


def test_figures_have_the_promised_keys(whole: Outcome) -> None:
    figures = json.loads((whole.folder / "kpis.json").read_text())
    assert figures == whole.figures
    assert (figures["scenario"], figures["seed"]) == ("sorting", 3)
    assert (figures["replicas"], figures["days"]) == (6, 0.02)
    names = ["oracle", "random", "majority", "rule", "teacher", "labels_only", "distilled"]
    assert set(figures["policies"]) == {*names, "distilled_int8"}
    for kpis in figures["policies"].values():
        assert set(kpis) == {
            "purity", "recovery", "recovered_value_eur", "co2e_avoided_kg", "missed_items",
            "energy_j", "battery_empty_h",
        }  # fmt: skip
        for interval in kpis.values():
            assert interval["low"] <= interval["high"]
    assert max(figures["audit"].values()) < 1e-9
    pairs = {(row["a"], row["b"]) for row in figures["paired"]}
    assert ("distilled", "labels_only") in pairs
    assert len(pairs) == 8 * 7 // 2
    assert set(figures["distillation"]["arms"]) >= {
        "teacher", "labels_only", "plain", "self_training", "shuffled", "distilled",
    }  # fmt: skip


def test_figures_hold_no_path_and_no_time(whole: Outcome) -> None:
    text = (whole.folder / "kpis.json").read_text()
    assert str(whole.folder.parent) not in text
    assert "latency_ms" not in text
    assert "workers" not in text


def test_figures_are_those_of_the_replicas(whole: Outcome) -> None:
    with h5py.File(whole.folder / "replicas.h5") as file:
        groups = {file[name].attrs["policy"]: file[name] for name in file if name != "world"}
        ours = groups["distilled"]["kpis/recovered_value_eur"][:]
        theirs = groups["labels_only"]["kpis/recovered_value_eur"][:]
        np.testing.assert_array_equal(file["world"][:], np.arange(6) % 4)
    told = whole.figures["policies"]["distilled"]["recovered_value_eur"]
    assert told["mean"] == pytest.approx(ours.mean(), rel=1e-12)
    means = [ours[world::4].mean() for world in range(4)]
    assert told["low"] == pytest.approx(np.quantile(means, 0.025), rel=1e-12)
    row = next(
        row
        for row in whole.figures["paired"]
        if (row["a"], row["b"], row["kpi"]) == ("distilled", "labels_only", "recovered_value_eur")
    )
    assert row["mean"] == pytest.approx((ours - theirs).mean(), rel=1e-9)


def test_oracle_is_the_bound(whole: Outcome) -> None:
    policies = whole.figures["policies"]
    best = policies["oracle"]["recovered_value_eur"]["mean"]
    assert all(kpis["recovered_value_eur"]["mean"] <= best for kpis in policies.values())
    assert policies["oracle"]["purity"]["mean"] == 1.0


def test_saved_configuration_runs_the_same(whole: Outcome, tmp_path: Path) -> None:
    again = run(whole.folder / "config.toml", workers=0, out=tmp_path / "again", chunk=1)
    assert (again.folder / "kpis.json").read_bytes() == (whole.folder / "kpis.json").read_bytes()
    one, two = (RunConfig.load(o.folder / "config.toml") for o in (whole, again))
    assert one == two


@pytest.mark.parametrize("workers", [1, 2])
def test_same_figures_on_ray(whole: Outcome, tmp_path: Path, workers: int) -> None:
    out = tmp_path / "run"
    found = stillage(
        "run", "sorting", *OPTIONS, "--seed", "3", "--workers", str(workers), "--out", out, "--json"
    )
    assert found.returncode == 0, found.stderr
    assert (out / "kpis.json").read_bytes() == (whole.folder / "kpis.json").read_bytes()
    assert json.loads(found.stdout) == {**whole.figures, "report": str(out / "report.html")}


def wait_for(run_folder: Path, stage: str, driver: subprocess.Popen[bytes]) -> None:
    """Wait until a run is in a stage and has some of it, or more."""
    begun = run_folder / "stages" / stage / "stage.json"
    for _ in range(2000):
        if begun.exists() or driver.poll() is not None:
            return
        time.sleep(0.05)
    pytest.fail(f"no stage {stage}")


def test_kill_in_any_stage_loses_no_finished_one(whole: Outcome, tmp_path: Path) -> None:
    out = tmp_path / "run"
    first = ["run", "sorting", *OPTIONS, "--seed", "3", "--workers", "0", "--out", str(out)]
    later = ["resume", str(out), "--workers", "0"]
    kept: dict[Path, int] = {}
    for stage in ("record", "distill", "export", "perceive", "simulate"):
        words = first if stage == "record" else later
        with subprocess.Popen(
            [*STILLAGE, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as driver:
            wait_for(out, stage, driver)
            time.sleep(0.2)
            assert driver.poll() is None, f"it ended before {stage} could be killed"
            os.kill(driver.pid, signal.SIGKILL)
        assert not (out / "kpis.json").exists()
        for path, stamp in kept.items():
            assert path.stat().st_mtime_ns == stamp, f"{path} was made again"
        kept = {p: p.stat().st_mtime_ns for p in out.glob("stages/*/done.json")}
    assert len(kept) >= 3
    outcome = resume(out, workers=0)
    assert (out / "kpis.json").read_bytes() == (whole.folder / "kpis.json").read_bytes()
    for path, stamp in kept.items():
        assert path.stat().st_mtime_ns == stamp
    assert outcome.figures == whole.figures


def test_interrupt_exits_130_and_names_resume(whole: Outcome, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ["run", "sorting", *OPTIONS, "--seed", "3", "--workers", "0", "--out", str(out)]
    with subprocess.Popen(
        [*STILLAGE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as driver:
        wait_for(out, "distill", driver)  # type: ignore[arg-type]
        driver.send_signal(signal.SIGINT)
        printed, told = driver.communicate(timeout=120)
    assert driver.returncode == 130, told
    assert f"stillage resume {out}" in told
    assert "Traceback" not in told
    assert printed == ""
    assert RunDir.open(out).status["state"] == "interrupted"
    assert stillage("resume", out, "--workers", "0").returncode == 0
    assert (out / "kpis.json").read_bytes() == (whole.folder / "kpis.json").read_bytes()


def test_resuming_a_finished_run_only_reads_it(whole: Outcome) -> None:
    stamps = {p: p.stat().st_mtime_ns for p in whole.folder.glob("stages/**/*") if p.is_file()}
    assert resume(whole.folder, workers=0).figures == whole.figures
    assert {p: p.stat().st_mtime_ns for p in stamps} == stamps


def test_finished_out_exits_2_and_names_resume(whole: Outcome) -> None:
    found = stillage("run", "sorting", *OPTIONS, "--out", whole.folder)
    assert found.returncode == 2
    assert f"stillage resume {whole.folder}" in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_report_path_is_the_last_line(whole: Outcome) -> None:
    found = stillage("resume", whole.folder, "--workers", "0")
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[-1] == str(whole.folder / "report.html")
    assert "distilled student" in found.stdout


def test_report_has_every_section(whole: Outcome) -> None:
    text = whole.report.read_text(encoding="utf-8")
    assert "could not be made" not in text
    assert "CO2e avoided" in text


def test_dry_run_prints_a_configuration_and_does_nothing(tmp_path: Path) -> None:
    found = stillage("run", "sorting", *OPTIONS, "--dry-run", "--out", tmp_path / "none")
    assert found.returncode == 0
    (tmp_path / "config.toml").write_text(found.stdout)
    assert RunConfig.load(tmp_path / "config.toml").distillation.seeds == 2
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sortin"], "did you mean 'sorting'"),
        (["sorting", "-o", "replcias=3"], "did you mean 'replicas'"),
        (["sorting", "-o", "days=soon"], "found 'soon'"),
        (["sorting", "-o", "student=lidar"], "'lidar'"),
        (["sorting", "--recording", "absent.h5"], "absent.h5"),
        (["sorting", "--workers", "-2", *OPTIONS], "--workers"),
        (["sorting", "--out", "/proc/none/x", *OPTIONS], "/proc/none/x"),
        (["absent.toml"], "absent.toml"),
    ],
)
def test_bad_input_exits_2_with_one_line(words: list[str], said: str, tmp_path: Path) -> None:
    found = subprocess.run(
        [*STILLAGE, "run", *words], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert found.returncode == 2, found.stderr
    assert said in found.stderr
    assert len(found.stderr.splitlines()) == 1
    assert found.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_changed_recording_is_noticed(whole: Outcome, tmp_path: Path) -> None:
    import shutil

    from stillage_sim.run.configure import scenario_of

    source = tmp_path / "items.h5"
    shutil.copy(whole.folder / "stages" / "record" / "recording.h5", source)
    options = {k: v for k, v in TINY.items() if k != "items"}
    found = evaluate(
        "sorting", ["oracle"], {**options, "replicas": 2}, recording=source, workers=0,
        out=tmp_path / "run",
    )  # fmt: skip
    source.unlink()
    scenario_of("sorting").record(60, 9, source)
    with pytest.raises(BadInput, match="the recording of this run"):
        resume(found.folder, workers=0)


def test_evaluate_a_bundle_on_items_it_does_not_know(whole: Outcome, tmp_path: Path) -> None:
    recording = whole.folder / "stages" / "record" / "recording.h5"
    bundle = whole.folder / "stages" / "export" / "3000"
    found = evaluate(
        "sorting", ["oracle", "majority", str(bundle)], recording=recording, seed=3,
        replicas=4, days=0.02, workers=0, out=tmp_path / "out",
    )  # fmt: skip
    assert set(found.figures["policies"]) == {"oracle", "majority", "3000"}
    assert found.figures["distillation"] is None
    deployed = found.figures["deployment"]["3000"]
    assert deployed["precision"] == "int8"
    assert deployed["modalities"] == ["thermal"]
    note = next(line for line in found.figures["notes"] if "3000" in line)
    assert "left out" in note
    from stillage.distillation import SeedResult

    held_out = SeedResult.load(whole.folder / "stages" / "distill" / "seeds" / "3000").arrays
    from stillage.perception.table import PerceptionTable

    table = PerceptionTable.load(next((found.folder / "stages" / "perceive").glob("*.npz")))
    assert set(table.groups) == set(held_out["groups"])


def test_evaluate_needs_no_training_for_plain_policies(whole: Outcome, tmp_path: Path) -> None:
    found = stillage(
        "evaluate", "sorting", "--policy", "random", "--policy", "oracle", "--replicas", "3",
        "--days", "0.01", "--recording", whole.folder / "stages" / "record" / "recording.h5",
        "--workers", "0", "--out", tmp_path / "out", "--json",
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    figures = json.loads(found.stdout)
    assert list(figures["policies"]) == ["random", "oracle"]
    assert figures["replicas"] == 3
    assert not (tmp_path / "out" / "stages" / "distill").exists()
