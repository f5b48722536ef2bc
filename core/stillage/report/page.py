"""Build the whole page: sections from every plugin, in one self-contained file."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from stillage.plugin.host import get_host
from stillage.plugin.resolve import last_line
from stillage.plugin.spec import SectionSpec
from stillage.report.render import render
from stillage.rundir import RunDir
from stillage.storage.atomic import write_text

LOG = logging.getLogger("stillage.report")

_TITLES = {
    "recognition": "Recognition",
    "curves": "Learning",
    "confusion": "Confusions",
    "kpis": "Worth",
    "paired": "Comparisons",
    "cost": "Cost of perceiving",
    "caveats": "Caveats",
    "provenance": "Provenance",
}
HEAD = "answer"


def write_report(run: RunDir) -> Path:
    """Write ``report.html`` of a finished run, and give its path.

    Raises
    ------
    BadInput
        If the run has no figures yet.
    """
    write_text(run.report, build(run))
    return run.report


def build(run: RunDir) -> str:
    """Build the page as text. A section that fails says so in its place; all others are shown."""
    figures = run.kpis()
    sections = [
        {"id": spec.name, "title": title(spec.name), "html": _section(spec, run)}
        for spec in get_host().scenario_specs(SectionSpec, figures["scenario"])
    ]
    head = [section["html"] for section in sections if section["id"] == HEAD]
    source = Path(run.config.recording).name or f"synthetic recording, {run.config.items} items"
    return str(
        render(
            "page",
            title=f"{figures['scenario'].capitalize()}: {source}",
            kind=f"{run.config.kind}, seed {run.config.seed}",
            answer=head[0] if head else "",
            sections=[section for section in sections if section["id"] != HEAD],
            footer="Made by Stillage. Every figure is in kpis.json beside this page.",
        )
    )


def title(name: str) -> str:
    """Give a section's heading.

    >>> title("kpis"), title("sorting-bales")
    ('Worth', 'Sorting bales')
    """
    return _TITLES.get(name, name.replace("-", " ").replace("_", " ").capitalize())


def _section(spec: SectionSpec, run: RunDir) -> Any:
    from markupsafe import Markup

    try:
        return Markup(get_host().resolve(spec)(run))  # noqa: S704
    except Exception as error:  # one plugin's section must not cost the reader all others
        LOG.warning("report section %s: %s", spec.name, last_line(error))
        LOG.debug("report section %s", spec.name, exc_info=error)
        return render("nothing", text=f"This section could not be made: {last_line(error)}")
