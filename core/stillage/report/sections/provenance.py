"""The section ``provenance``: all that is needed to compute the figures again."""

from __future__ import annotations

from stillage.report.render import render
from stillage.rundir import RunDir


def provenance(run: RunDir) -> str:
    """Show the recording, the versions and the whole configuration."""
    return render(
        "provenance",
        recording=run.read_json("stages/record/info.json"),
        environment=run.read_json("environment.json"),
        config=(run.path / "config.toml").read_text(encoding="utf-8"),
    )
