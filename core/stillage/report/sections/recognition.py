"""How well every arm recognises held-out groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillage.report import plots, words
from stillage.report.figures import ordered, tasks
from stillage.report.render import render
from stillage.rundir import RunDir

ARMS = (
    "teacher", "distilled", "distilled_int8", "labels_only", "self_training", "shuffled",
    "plain_teacher", "plain", "plain_labels_only",
)  # fmt: skip
DIFFERENCES = {
    "gain": "distilled − labels only",
    "distilled-plain": "distilled − plain model (distilled likewise)",
    "self_training-labels_only": "self-training − labels only",
    "shuffled-labels_only": "shuffled teacher − labels only",
    "teacher-distilled": "teacher − distilled",
    "plain-plain_labels_only": "plain model: distilled − labels only",
}


def recognition(run: RunDir) -> str:
    """A table of all arms and tasks, a plot for each task, and the paired differences."""
    figures = run.kpis()
    found = tasks(figures, run.config.distillation.tasks)
    if not found:
        return render("nothing", text="Nothing was trained in this run.")
    int8 = figures.get("deployment", {}).get("distilled_int8", {}).get("score", {})
    columns = {}
    for target, summary in found.items():
        scores = dict(summary["arms"])
        if target in int8:
            scores["distilled_int8"] = int8[target]
        columns[target] = {"metric": summary["metric"], "arms": scores}
    arms = ordered(dict.fromkeys(a for c in columns.values() for a in c["arms"]), ARMS)
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


def _plot(target: str, column: Mapping[str, Any], arms: list[str]) -> dict[str, Any]:
    rows = [(words.name(a), a, column["arms"][a]) for a in arms if a in column["arms"]]
    said = "; ".join(f"{label} {words.score(i['mean'])}" for label, _, i in rows)
    metric = words.name(column["metric"])
    description = f"{metric} of {target} with 95% intervals: {said}"
    return {"title": target, "svg": plots.forest(f"r-{target}", description, rows, unit=metric)}


def _differences(target: str, summary: Mapping[str, Any]) -> dict[str, Any]:
    found = {"gain": summary["gain"], **summary.get("differences", {})}
    rows = [(DIFFERENCES.get(key, key), found[key]) for key in ordered(found, DIFFERENCES)]
    return {"title": target, "rows": rows}
