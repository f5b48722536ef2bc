"""The section ``confusion``: confusion matrices of tasks with classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stillage.report import labels
from stillage.report.figures import ordered
from stillage.report.render import render
from stillage.rundir import RunDir


def confusion(run: RunDir) -> str:
    """Show a confusion matrix for each task with classes and each arm, as shares of the truth."""
    found = run.kpis().get("confusion", {})
    order = ordered(found, run.config.distillation.tasks)
    tasks = [
        {
            "target": target,
            "classes": one["classes"],
            "matrices": [
                {"arm": arm.label, "rows": shares(one["arms"][arm.name])}
                for arm in labels.arms(one["arms"])
            ],
        }
        for target, one in ((name, found[name]) for name in order)
    ]
    if not tasks:
        return render("nothing", text="No task with classes.")
    return render("confusion", tasks=tasks)


def shares(counts: Sequence[Sequence[float]]) -> list[list[dict[str, Any]]]:
    """Give each count with its share of its row, in percent.

    >>> shares([[3, 1], [0, 0]])[0]
    [{'count': 3, 'percent': 75}, {'count': 1, 'percent': 25}]
    """
    return [
        [{"count": c, "percent": round(100 * c / (sum(row) or 1))} for c in row] for row in counts
    ]
