"""A finished run with real, small figures, some of them with hostile names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillage.distillation.plan import DistillPlan
from stillage.rundir import RunConfig, RunDir
from stillage.storage.atomic import write_json

POLICIES = (
    "oracle", "random", "majority", "rule", "teacher", "labels_only", "distilled",
    "distilled_int8",
)  # fmt: skip
KPIS = {
    "purity": ("1", "higher", 0.6),
    "recovered_value_eur": ("EUR", "higher", 120.0),
    "missed_items": ("1", "lower", 900.0),
    "energy_j": ("J", "lower", 52_000.0),
}


def interval(mean: float, half: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - half, "high": mean + half}


def summary(task: str, metric: str, gain: dict[str, float]) -> dict[str, Any]:
    base = 0.612
    arms = {
        "teacher": interval(0.93, 0.02),
        "labels_only": interval(base, 0.04),
        "plain": interval(0.67, 0.03),
        "self_training": interval(base + 0.004, 0.04),
        "shuffled": interval(base - 0.05, 0.05),
        "distilled": interval(base + gain["mean"], 0.03),
    }
    differences = {
        "distilled-plain": interval(0.02, 0.03),
        "self_training-labels_only": interval(0.004, 0.02),
        "shuffled-labels_only": interval(-0.05, 0.03),
    }
    return {
        "metric": metric, "task": task, "seeds": 3, "labels": 8, "arms": arms, "gain": gain,
        "differences": differences,
    }  # fmt: skip


def figures(gain: dict[str, float], classes: tuple[str, ...]) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    policies = {
        policy: {
            kpi: interval(scale * (1.4 - 0.12 * place), 0.06 * scale)
            for kpi, (_, _, scale) in KPIS.items()
        }
        for place, policy in enumerate(POLICIES)
    }
    paired = [
        {"a": a, "b": b, "kpi": kpi, **interval(scale * 0.12 * (n - m), 0.1 * scale)}
        for n, b in enumerate(POLICIES)
        for m, a in enumerate(POLICIES)
        if m > n
        for kpi, (_, _, scale) in KPIS.items()
    ]
    material = summary("material", "balanced_accuracy", gain)
    quality = summary("quality", "quadratic_kappa", interval(0.01, 0.03))
    counts = rng.integers(0, 9, (len(classes), len(classes))) + 40 * np.eye(len(classes), dtype=int)
    deployment = {
        policy: {
            "modalities": ["video", "thermal"] if policy == "teacher" else ["video"],
            "precision": "int8" if policy == "distilled_int8" else "fp32",
            "energy_j": energy,
            "latency_s": 0.011,
            "macs": 410_000,
            "parameters": 23_000,
            "size_bytes": size,
            "agreement": agreement,
            "score": {"material": interval(score, 0.03)},
        }
        for policy, energy, size, agreement, score in (
            ("teacher", 2.9, None, None, 0.93),
            ("labels_only", 0.051, 96_000, 1.0, 0.612),
            ("distilled", 0.051, 96_000, 1.0, 0.71),
            ("distilled_int8", 0.049, 31_000, 0.994, 0.705),
        )
    }
    return {
        "scenario": "sorting", "seed": 1, "replicas": 200, "days": 2.0, "worlds": 40,
        "policies": policies, "paired": paired, "headline": "recovered_value_eur",
        "audit": {"mass": 1e-16, "energy": 3e-15, "money": 0.0},
        "kpis": [
            {"name": kpi, "unit": unit, "better": better, "summary": f"What {kpi} means."}
            for kpi, (unit, better, _) in KPIS.items()
        ],
        "distillation": {**material, "tasks": {"material": material, "quality": quality}},
        "confusion": {
            "material": {
                "classes": list(classes),
                "arms": {a: counts.tolist() for a in ("teacher", "distilled", "labels_only")},
            }
        },
        "deployment": deployment,
        "left_out": ["co2e_avoided_kg: no target for the role mass"],
        "notes": ["prices are assumed"],
    }  # fmt: skip


def info(classes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "samples": 600,
        "groups": 600,
        "fingerprint": "0" * 64,
        "provenance": {"seed": "1"},
        "notes": ["synthetic"],
        "modalities": {
            "video": {"shape": [3, 4, None, 32], "dtype": "uint8", "unit": "1", "count": 600}
        },
        "targets": {"material": {"kind": "classification", "classes": list(classes), "unit": ""}},
        "shortcuts": [{"target": "material", "message": "The order of groups predicts it."}],
    }


MakeRun = Callable[..., RunDir]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Make a finished run whose gain and class names are given."""

    def make(
        gain: dict[str, float] | None = None,
        classes: tuple[str, ...] = ("PP", "PET", "HDPE", "PS", "paper", "black_PP"),
        name: str = "run",
        **changes: Any,
    ) -> RunDir:
        plan = DistillPlan(seeds=3, labels=8)
        run = RunDir.create(
            tmp_path / name, RunConfig(scenario="sorting", seed=1, distillation=plan)
        )
        found = figures(gain or interval(0.098, 0.03), classes) | changes
        write_json(run.path / "kpis.json", found)
        for seed in range(3):
            folder = run.stage_folder("export") / f"{seed:03d}"
            folder.mkdir(parents=True)
            latency = {"eager": 1.43 + seed, "fp32": 0.18, "int8": 0.14}
            write_json(folder / "manifest.json", {"measured": {"latency_ms": latency}})
            steps = range(0, 400, 25)
            curves = {
                arm: {
                    "loss": [[s, base * 0.99**s + 0.1] for s in steps],
                    "validation": [[s, 1 - base * 0.99**s] for s in steps],
                }
                for arm, base in (("teacher", 1.7), ("labels_only", 1.8), ("distilled", 2.4))
            }
            seed_folder = run.stage_folder("distill") / "seeds" / f"{seed:03d}"
            seed_folder.mkdir(parents=True)
            write_json(seed_folder / "result.json", {"curves": curves})
        run.stage_folder("record").mkdir(parents=True)
        write_json(run.stage_folder("record") / "info.json", info(classes))
        run.set_status("finished")
        return run

    return make
