"""The section ``recognition``: scores of every arm on held-out groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillage.distillation.arm_table import ARMS, DIFFERENCES, GAIN
from stillage.report import labels, plots, words
from stillage.report.figures import ordered, tasks
from stillage.report.labels import Named
from stillage.report.render import render
from stillage.rundir import RunDir

_DIFFERENCE_LABELS = {"gain": GAIN.label, **{each.key: each.label for each in DIFFERENCES}}


def recognition(run: RunDir) -> str:
    """Show a table of all arms and tasks, a plot for each task, and the paired differences."""
    figures = run.kpis()
    found = tasks(figures, run.config.distillation.tasks)
    if not found:
        return render("nothing", text="Nothing was trained in this run.")
    deployment = figures.get("deployment", {})
    derived = [arm.name for arm in ARMS if arm.of and arm.name in deployment]
    exported = {name: deployment[name]["score"] for name in derived}
    columns = {}
    for target, summary in found.items():
        scores = {name: score[target] for name, score in exported.items() if target in score}
        columns[target] = {"metric": summary["metric"], "arms": summary["arms"] | scores}
    arms = labels.arms(dict.fromkeys(a for c in columns.values() for a in c["arms"]))
    return render(
        "recognition",
        columns=columns,
        arms=arms,
        plots=[
            {**_plot(target, column, arms), "advice": found[target].get("advice", "")}
            for target, column in columns.items()
        ],
        differences=[_differences(target, summary) for target, summary in found.items()],
        seeds=figures["distillation"]["seeds"],
    )


def _plot(target: str, column: Mapping[str, Any], arms: list[Named]) -> dict[str, Any]:
    scores = column["arms"]
    rows = [(a.label, a.colour, scores[a.name]) for a in arms if a.name in scores]
    said = "; ".join(f"{label} {words.score(i['mean'])}" for label, _, i in rows)
    metric = words.name(column["metric"])
    description = f"{metric} of {target} with 95% intervals: {said}"
    return {"title": target, "svg": plots.forest(f"r-{target}", description, rows, unit=metric)}


def _differences(target: str, summary: Mapping[str, Any]) -> dict[str, Any]:
    found = {"gain": summary["gain"], **summary.get("differences", {})}
    rows = [
        (_DIFFERENCE_LABELS.get(key, key), found[key]) for key in ordered(found, _DIFFERENCE_LABELS)
    ]
    return {"title": target, "rows": rows}
