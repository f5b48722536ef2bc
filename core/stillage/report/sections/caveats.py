"""What a reader should know before trusting the figures."""

from __future__ import annotations

from stillage.report.render import render
from stillage.rundir import RunDir


def caveats(run: RunDir) -> str:
    """Shortcuts found in the recording, KPIs left out, and the scenario's assumptions."""
    figures = run.kpis()
    return render(
        "caveats",
        shortcuts=figures.get("shortcuts", []),
        left_out=figures.get("left_out", []),
        notes=figures.get("notes", []),
        recording=figures.get("recording", {}).get("notes", []),
    )
