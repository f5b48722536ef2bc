"""The section ``kpis``: KPIs of each policy."""

from __future__ import annotations

from stillage.report import labels, plots, words
from stillage.report.figures import about
from stillage.report.render import render
from stillage.rundir import RunDir

FIRST = 8
"""KPIs that are drawn at once; the others are folded away."""


def kpis(run: RunDir) -> str:
    """Draw bars with intervals for every KPI, and put all figures in a table."""
    figures = run.kpis()
    policies, found = list(labels.policies(figures).values()), figures["policies"]
    charts = []
    for kpi, one in about(figures).items():
        rows = [
            (policy.label, policy.colour, found[policy.name][kpi])
            for policy in policies
            if kpi in found[policy.name]
        ]
        unit, title = one["unit"], words.kpi_name(kpi, one["unit"])
        said = "; ".join(f"{label} {words.quantity(i['mean'], unit)}" for label, _, i in rows)
        direction = {"higher": "More is better.", "lower": "Less is better."}
        drawn = plots.bars(
            f"k-{kpi}", f"{title} of each policy: {said}", rows, unit=words.unit_sign(unit)
        )
        note = f"{one['summary']} {direction.get(one['better'], '')}".strip()
        charts.append({"title": title, "note": note, "svg": drawn})
    return render(
        "kpis",
        figures=figures,
        charts=charts,
        first=FIRST,
        kpis=about(figures),
        policies=policies,
        trainings=(figures.get("distillation") or {}).get("seeds", 0),
    )
