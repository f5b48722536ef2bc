"""The section ``cost``: the cost of perception on the device, against its accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stillage.report import labels, plots, words
from stillage.report.labels import Named
from stillage.report.render import render
from stillage.rundir import RunDir


def cost(run: RunDir) -> str:
    """Show size, latency and joules of the deployed models, and accuracy against joules."""
    figures = run.kpis()
    found = figures.get("deployment", {})
    deployed = [(model, found[model.name]) for model in labels.arms(found)]
    if not deployed:
        return render("nothing", text="No policy of this run perceives anything.")
    latencies = _measured_latency(run)
    chart = _chart(deployed, figures)
    return render("cost", deployed=deployed, latencies=latencies, chart=chart)


def _measured_latency(run: RunDir) -> list[tuple[str, float, float]]:
    """Find the median and largest measured latency over seeds, ms: (form, median, largest)."""
    manifests = [
        run.read_json(str(path.relative_to(run.path)))
        for path in sorted(run.stage_folder("export").glob("*/manifest.json"))
    ]
    found: dict[str, list[float]] = {}
    for manifest in manifests:
        for form, value in manifest.get("measured", {}).get("latency_ms", {}).items():
            if isinstance(value, int | float):
                found.setdefault(form, []).append(float(value))
    return [(form, sorted(v)[len(v) // 2], max(v)) for form, v in found.items()]


def _chart(deployed: Sequence[tuple[Named, Any]], figures: Mapping[str, Any]) -> Any:
    target = figures["distillation"]["task"] if figures.get("distillation") else None
    points = [
        (model.label, model.colour, one["precision"], one["energy_j"], one["score"][target])
        for model, one in deployed
        if target in one.get("score", {}) and one.get("energy_j", 0) > 0
    ]
    if not points:
        return None
    metric = words.name(figures["distillation"]["metric"])
    said = "; ".join(
        f"{label}: {words.score(i['mean'])} at {words.quantity(x, 'J')}"
        for label, _, _, x, i in points
    )
    return plots.scatter(
        "cost", f"{metric} of {target} against joules an item: {said}", points,
        xlabel="an item, modelled (sensors and computing)", xunit="J", ylabel=f"{target}: {metric}",
    )  # fmt: skip
