"""What quantisation costs: a CNN student on 2,000 synthetic held-out items."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from stillage.bundle.runtime import Bundle
from stillage.recording import Recording
from stillage.task import Task
from tests.floors.floor import Floor, stillage

HELD_OUT = 2000
TRAINING = 800
SPEED_UP = 4.0
POINTS = 0.01


def floors(data: Path, work: Path) -> list[Floor]:
    """Distil one video student, export it, and compare INT8 with FP32 and with eager torch."""
    recording, run, bundle = work / "sorting.h5", work / "student", work / "bundle"
    items = HELD_OUT + TRAINING
    stillage("record", "render", "sorting", recording, "--items", str(items), "--seed", "1")
    words = ["--teacher", "video,thermal,nir", "--student", "video", "--task", "material"]
    words += [
        "--labels",
        "16",
        "--seeds",
        "1",
        "--workers",
        "0",
        "--held-out",
        str(HELD_OUT / items),
        "--json",
    ]
    stillage("distill", recording, *words, "--out", run)
    stillage("export", run / "student", bundle, "--int8")
    manifest = json.loads((bundle / "manifest.json").read_text())
    scores, count = _scores(recording, run, bundle)
    latency = manifest["measured"]["latency_ms"]
    figures = {"parameters": manifest["parameters"], "latency_ms": latency}
    faster = latency["eager"] / latency["int8"]
    return [
        Floor(
            "deploy/speed",
            f"INT8 at least {SPEED_UP}x faster than eager torch, 90,000 parameters or more",
            manifest["parameters"] >= 90_000 and faster >= SPEED_UP,
            {**figures, "ratio": round(faster, 2)},
            "stillage export student bundle --int8",
        ),
        Floor(
            "deploy/accuracy",
            f"INT8 at most {POINTS} behind FP32 on {HELD_OUT} held-out items",
            count >= HELD_OUT - 16 and scores["fp32"] - scores["int8"] <= POINTS,
            {"items": count, **{k: round(v, 4) for k, v in scores.items()}},
            "stillage distill sorting.h5 " + " ".join(words),
        ),
    ]


def _scores(recording: Path, run: Path, bundle: Path) -> tuple[dict[str, float], int]:
    with np.load(run / "seeds" / "000" / "predictions.npz", allow_pickle=False) as arrays:
        held_out = arrays["samples"]
    opened = Bundle.open(bundle)
    with Recording.open(recording) as source:
        column = source.targets["material"]
        raw = np.asarray(source.read("video", held_out))
        truth = column.values[held_out]
    task = Task(target="material", kind="classification", classes=tuple(column.classes))
    scores = {
        precision: task.score(
            truth, opened.predict({"video": raw}, precision=precision)["material"]
        )
        for precision in ("fp32", "int8")
    }
    return scores, len(held_out)
