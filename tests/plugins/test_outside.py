"""Outside packages at work from the command line: losses, fusions, teachers, students and KPIs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from stillage.recording import Stream, TargetColumn, write_recording
from tests.sandbox import Sandbox

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    folder = tmp_path_factory.mktemp("outside")
    made = Sandbox(folder / "env")
    for name in ("stillage-methods", "stillage-yield"):
        made.install(shutil.copytree(EXAMPLES / name, folder / name))
    return made


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ninety items whose polymer the spectrometer sees well and eight diodes badly."""
    draw = np.random.default_rng(4)
    truth = np.repeat([0, 1], 45)
    bands = np.linspace(0, 1, 32)
    peak = np.exp(-(((bands - 0.3 - 0.3 * truth[:, None]) / 0.1) ** 2))
    nir = 10.0 ** -(0.3 + 0.2 * peak + 0.005 * draw.normal(size=(90, 32)))
    led = nir[:, ::4] * 10.0 ** (0.08 * draw.normal(size=(90, 8)))
    return write_recording(
        tmp_path_factory.mktemp("recording") / "two.h5",
        [
            Stream("led", led.astype(np.float32), "1", axes=("diode",)),
            Stream("nir", nir.astype(np.float32), "1", axes=("wavelength",)),
        ],
        [TargetColumn("polymer", "classification", truth, classes=("PP", "PET"))],
        [f"item-{k}" for k in range(90)],
        defaults={"teacher": ["nir", "led"], "student": ["led"], "task": "polymer"},
    )


@pytest.mark.timeout(600)
def test_an_objective_a_fusion_a_teacher_and_a_student_distil(
    sandbox: Sandbox, recording: Path, tmp_path: Path
) -> None:
    assert " passed" in sandbox.run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", EXAMPLES / "stillage-methods" / "tests"
    )
    taught = tmp_path / "taught"
    budget = ("--labels", "6", "--seeds", "1", "--workers", "0", "--steps", "30")
    parts = (
        *("--objective", "cosine_hint=.3,bias=false", "--objective", "soft_target=2,temperature=3"),
        *("--fusion", "mean", "--teacher-model", "neighbours,count=3"),
        *("--student-model", "normalised,epsilon=1e-4"),
    )
    said = sandbox.run(
        "-m", "stillage", "distill", recording, *budget, *parts, "--out", taught, "--json"
    )
    arms = json.loads(said)["arms"]
    assert arms["teacher"]["mean"] > 0.9
    assert arms["distilled"]["mean"] > arms["shuffled"]["mean"]
    plan = json.loads((taught / "plan.json").read_text())["plan"]
    assert plan["objectives"] == [
        {"name": "label_loss", "parameters": {}, "weight": 1.0},
        {"name": "soft_target", "parameters": {"temperature": 3.0}, "weight": 2.0},
        {"name": "cosine_hint", "parameters": {"bias": False}, "weight": 0.3},
    ]
    assert plan["teacher_model"] == {"name": "neighbours", "parameters": {"count": 3}}
    kept = json.loads((taught / "student" / "network.json").read_text())
    assert kept["model"] == {"name": "normalised", "parameters": {"epsilon": 1e-4}}
    assert kept["network"]["fusion"]["name"] == "mean"
    assert not (taught / "seeds" / "000" / "models" / "teacher").exists()

    sandbox.run("-m", "stillage", "export", taught / "student", tmp_path / "bundle", "--int8")
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    assert manifest["parity"]["fp32_max_abs_error"] < 1e-4


@pytest.mark.timeout(600)
def test_a_kpi_is_computed_and_reported(sandbox: Sandbox, tmp_path: Path) -> None:
    out = tmp_path / "run"
    said = sandbox.run(
        *("-m", "stillage", "evaluate", "sorting", "--policy", "oracle", "--policy", "majority"),
        *("-o", "items=120", "--replicas", "4", "--days", "0.1", "--workers", "0"),
        *("--out", out, "--json"),
    )
    figures = json.loads(said)
    names = [row["name"] for row in figures["kpis"]]
    assert names[-1] == "value_eur_t"
    assert figures["headline"] == "recovered_value_eur"
    assert [row["kpi"] for row in figures["paired"]] == names
    assert figures["policies"]["oracle"]["value_eur_t"]["mean"] > 0
    with h5py.File(out / "replicas.h5") as file:
        for policy in ("000", "001"):
            kpis, totals = file[f"{policy}/kpis"], file[f"{policy}/totals"]
            tonnes = -totals["mass"][:, :2].sum((1, 2)) / 1000.0
            np.testing.assert_allclose(
                kpis["value_eur_t"][:] * tonnes, kpis["recovered_value_eur"][:]
            )
    report = (out / "report.html").read_text()
    assert "What buyers pay for the waste that left the belt." in report
