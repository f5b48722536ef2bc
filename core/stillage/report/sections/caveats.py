"""The section ``caveats``: limits of the figures."""

from __future__ import annotations

from stillage.report.render import render
from stillage.rundir import RunDir


def caveats(run: RunDir) -> str:
    """List shortcuts found in the recording, KPIs left out, and the scenario's assumptions."""
    figures, recording = run.kpis(), run.read_json("stages/record/info.json")
    return render(
        "caveats",
        shortcuts=recording.get("shortcuts", []),
        checked=bool(recording),
        left_out=figures.get("left_out", []),
        notes=figures.get("notes", []),
        recording=recording.get("notes", []),
    )
