"""The section ``paired``: differences between policies in the same simulated worlds."""

from __future__ import annotations

from typing import Any

from stillage.report import labels, plots, words
from stillage.report.figures import about, better_word
from stillage.report.figures import paired as difference
from stillage.report.render import render
from stillage.rundir import RunDir


def paired(run: RunDir) -> str:
    """Compare the distilled student with every other policy, then all pairs."""
    figures = run.kpis()
    student, kpi = labels.student(figures), figures.get("headline")
    chart = _chart(figures, student.name, kpi) if student and kpi else None
    known, named = about(figures), labels.policies(figures)
    rows = [
        {
            **row,
            "a": named[row["a"]].label,
            "b": named[row["b"]].label,
            "unit": known[row["kpi"]]["unit"],
            "verdict": better_word(row, known[row["kpi"]]["better"]),
        }
        for row in figures["paired"]
    ]
    if not rows:
        return render("nothing", text="One policy only: nothing to compare it with.")
    return render("paired", rows=rows, chart=chart)


def _chart(figures: dict[str, Any], student: str, kpi: str) -> dict[str, Any] | None:
    unit = about(figures)[kpi]["unit"]
    rows, named = [], labels.policies(figures)
    for policy in named.values():
        found = difference(figures, student, policy.name, kpi) if policy.name != student else None
        if found:
            rows.append((f"− {policy.label}", policy.colour, found))
    if not rows:
        return None
    title = f"{words.kpi_name(kpi, unit)}: {named[student].label} minus each other policy"
    said = "; ".join(f"{label} {words.quantity(i['mean'], unit, True)}" for label, _, i in rows)
    made = plots.forest("paired", f"{title}: {said}", rows, zero=True, unit=words.unit_sign(unit))
    return {"title": title, "svg": made}
