"""The whole run: the same figures twice, whatever the workers, and on the real recording."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.floors.floor import Floor, plastic_recording, stillage


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / "kpis.json").read_bytes()).hexdigest()[:16]


def floors(data: Path, work: Path) -> list[Floor]:
    """`stillage run sorting --seed 1` under four set-ups, then on the plastic recording."""
    digests = {}
    for name, workers in {"again": None, "default": None, "0": 0, "1": 1, "2": 2}.items():
        out = work / f"sorting-{name}"
        extra = [] if workers is None else ["--workers", str(workers)]
        stillage("run", "sorting", "--seed", "1", "--out", out, *extra)
        digests[name] = _digest(out)
    command = "stillage run sorting --seed 1 [--workers 0|1|2]"
    same = Floor(
        "sorting/identical",
        "kpis.json is the same twice and for 0, 1 and 2 workers",
        len(set(digests.values())) == 1,
        digests,
        command,
    )
    recording = plastic_recording(data, work)
    out = work / "sorting-plastic"
    result = stillage("run", "sorting", "--recording", recording, "--out", out, "--json")
    residual = max(result["audit"].values())
    kpis = {p: round(k["recovered_value_eur"]["mean"], 4) for p, k in result["policies"].items()}
    real = Floor(
        "sorting/plastic",
        "runs on the real recording, reconciles, and no policy beats the oracle",
        residual < 1e-9 and max(kpis.values()) == kpis["oracle"],
        {"audit": result["audit"], "recovered_value_eur": kpis},
        "stillage run sorting --recording plastic.h5 --json",
    )
    return [same, real]
