"""The section ``curves``: learning curves of the networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stillage.report import labels, plots, words
from stillage.report.labels import Named
from stillage.report.render import render
from stillage.rundir import RunDir

Line = tuple[Sequence[float], Sequence[float]]


def curves(run: RunDir) -> str:
    """Draw the training loss and, where labels were set aside for it, the validation score."""
    results = sorted(run.stage_folder("distill").glob("seeds/*/result.json"))
    lines: dict[str, dict[Named, list[Line]]] = {"loss": {}, "validation": {}}
    for path in results:
        found: dict[str, Any] = run.read_json(str(path.relative_to(run.path))).get("curves", {})
        for arm in labels.arms(found):
            for kind, arms in lines.items():
                points = found[arm.name].get(kind) or []
                if len(points) > 1:
                    steps, values = zip(*points, strict=True)
                    arms.setdefault(arm, []).append((steps, values))
    charts = [_chart(kind, arms) for kind, arms in lines.items() if arms]
    if not charts:
        return render("nothing", text="Nothing was trained step by step in this run.")
    return render("curves", charts=charts, validated=bool(lines["validation"]))


def _chart(kind: str, arms: dict[Named, list[Line]]) -> dict[str, Any]:
    title = {"loss": "Training loss", "validation": "Validation score"}[kind]
    last = "; ".join(
        f"{arm.label} ends at {words.number(sum(y[-1] for _, y in seeds) / len(seeds))}"
        for arm, seeds in arms.items()
    )
    positive = all(min(values) > 0 for seeds in arms.values() for _, values in seeds)
    drawn = plots.curves(
        f"c-{kind}", f"{title} by step, one line for each seed: {last}",
        [(arm.label, arm.colour, seeds) for arm, seeds in arms.items()],
        xlabel="step", ylabel=title.lower(), log=kind == "loss" and positive,
    )  # fmt: skip
    return {"title": title, "svg": drawn}
