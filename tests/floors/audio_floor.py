"""Knocks on three materials: a smoke test, with the shortcut that spoils it beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stillage.recording import Recording
from stillage_audiovideo.fast_mel import log_mel
from tests.floors.floor import Floor, rounded, stillage

MARGIN = 0.02
QUIET = 1280
"""Samples of 80 ms at 16 kHz."""


def quietest(waves: np.ndarray) -> np.ndarray:
    """The quietest 80 ms (B, 1280) of each waveform (B, time)."""
    power = np.cumsum(np.pad(waves.astype(np.float64) ** 2, ((0, 0), (1, 0))), 1)
    starts = 80 * (power[:, QUIET:] - power[:, :-QUIET])[:, ::80].argmin(1)
    return np.stack([wave[k : k + QUIET] for wave, k in zip(waves, starts, strict=True)])


def plain(waves: np.ndarray, classes: np.ndarray, test: np.ndarray) -> dict[str, float]:
    """Balanced accuracy of logistic regression on band means and deviations, 95 % bootstrap."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    bands = log_mel(waves)
    features = np.concatenate([bands.mean(2), bands.std(2)], 1)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    model.fit(features[~test], classes[~test])
    right = model.predict(features[test]) == classes[test]  # classes are of equal size
    draws = np.random.default_rng(0).integers(0, len(right), (2000, len(right)))
    low, high = np.quantile(right[draws].mean(1), [0.025, 0.975])
    return rounded({"mean": float(right.mean()), "low": float(low), "high": float(high)})


def floors(data: Path, work: Path, seeds: int = 3) -> list[Floor]:
    """The set's own split; 4 labels a class through ``distill``, and all of them plainly."""
    path = work / "knock.h5"
    stillage("record", "import", "knock", data / "material_knock_audio", path)
    words = ["--teacher", "audio", "--student", "audio", "--task", "material", "--labels", "4"]
    words += ["--size", "small", "--seeds", str(seeds), "--json"]
    result = stillage("distill", path, *words)
    arms = {name: rounded(result["arms"][name]) for name in ("labels_only", "plain_labels_only")}
    behind = arms["labels_only"]["mean"] - arms["plain_labels_only"]["mean"]
    with Recording.open(path) as recording:
        waves = np.asarray(recording.read("audio", np.arange(recording.samples)))
        classes, split = recording.targets["material"].values, recording.split
    assert split is not None
    whole = plain(waves, classes, split == "test")
    shortcut = plain(quietest(waves), classes, split == "test")
    return [
        Floor(
            "knock/small",
            f"the small network is at most {MARGIN} behind the plain model; chance .33",
            behind >= -MARGIN,
            {**arms, "plain, all labels": whole, "shortcut, quietest 80 ms": shortcut},
            " ".join(["stillage distill knock.h5", *words]),
        ),
        Floor(
            "knock/shortcut",
            "the quietest 80 ms tell the class beyond chance: a smoke test, no evidence",
            shortcut["low"] > 1 / 3,
            {"shortcut, quietest 80 ms": shortcut, "whole clip": whole},
            "python -m tests.floors audio",
        ),
    ]
