"""Plastic, 4 polymers, LED board taught by spectrometer and LED board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.floors.floor import Floor, plastic_recording, rounded, stillage

MARGIN = 0.02


def floors(data: Path, work: Path, seeds: int = 40) -> list[Floor]:
    """Four labels a class and all labels, on identical splits beside the plain model."""
    recording = plastic_recording(data, work)
    return [*_few(recording, seeds), _all(recording, seeds)]


def _distill(recording: Path, labels: str, seeds: int) -> tuple[dict[str, Any], str]:
    words = ["--teacher", "nir,led", "--student", "led", "--task", "polymer"]
    words += ["--labels", labels, "--seeds", str(seeds), "--json"]
    result = stillage("distill", recording, *words)
    return result, " ".join(["stillage distill plastic.h5", *words])


def _few(recording: Path, seeds: int) -> list[Floor]:
    result, command = _distill(recording, "4", seeds)
    gain, arms, differences = result["gain"], result["arms"], result["differences"]
    behind = differences["distilled-plain"]
    found = [
        Floor(
            "plastic/gain",
            "the interval of the gain excludes 0",
            gain["low"] > 0,
            {"gain": rounded(gain), "arms": {k: rounded(v) for k, v in arms.items()}},
            command,
        ),
        Floor(
            "plastic/plain",
            f"the distilled student is at most {MARGIN} behind the distilled plain model",
            behind["mean"] >= -MARGIN,
            {"distilled-plain": rounded(behind)},
            command,
        ),
    ]
    for control in ("self_training", "shuffled"):
        difference = differences[f"{control}-labels_only"]
        found.append(
            Floor(
                f"plastic/{control}",
                "the control's upper bound lies below the distilled arm's mean",
                difference["high"] < gain["mean"],
                {"control": rounded(difference), "gain": rounded(gain)},
                command,
            )
        )
    return found


def _all(recording: Path, seeds: int) -> Floor:
    result, command = _distill(recording, "all", seeds)
    gain = result["gain"]
    return Floor(
        "plastic/all labels",
        f"the gain's interval lies within +-{MARGIN}, and the advice is not to distil",
        max(-gain["low"], gain["high"]) <= MARGIN and "not worth" in result["advice"],
        {"gain": rounded(gain), "advice": result["advice"]},
        command,
    )
