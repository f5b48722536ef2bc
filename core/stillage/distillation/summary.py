"""Summarise all seeds: arms, gain and controls with paired intervals, and advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.distillation.arm_table import ARMS, DIFFERENCES, DISTILLED, GAIN, LABELS_ONLY
from stillage.distillation.scoring import Units
from stillage.distillation.seed import SeedResult
from stillage.errors import BadInput
from stillage.statistics import Bootstrap, Interval, joint_bootstrap
from stillage.task import Task

MARGIN = 0.02
"""A gain whose interval lies within plus or minus this is no gain worth having."""


def _group_sums(results: Sequence[SeedResult], task: Task, arm: str) -> NDArray[np.float64]:
    """Stack an arm's score sums of every seed and group, (S, G, F).

    Groups are matched over seeds by name; a target is scored by group if it is in all seeds.
    """
    names = np.unique(np.concatenate([result.arrays["groups"] for result in results]))
    together = all(bool(result.document["per_group"][task.target]) for result in results)
    each = []
    for result in results:
        scored = result.arrays[f"scored/{task.target}"].astype(bool)
        groups = np.searchsorted(names, result.arrays["groups"][scored])
        truth = result.arrays[f"truth/{task.target}"][scored]
        units = Units.of(truth, groups, together)
        each.append(units.sums(task, result.arrays[f"{arm}/{task.target}"][scored], len(names)))
    return np.stack(each)


def bootstraps(results: Sequence[SeedResult], task: Task) -> dict[str, Bootstrap]:
    """Score every arm under the same joint draws of groups and seeds."""
    arms = [arm.name for arm in ARMS if f"{arm.name}/{task.target}" in results[0].arrays]
    return {arm: joint_bootstrap(task, _group_sums(results, task, arm)) for arm in arms}


def advise(
    gain: Interval,
    metric: str,
    distilled: Interval | None = None,
    controls: Mapping[str, Interval] | None = None,
) -> str:
    """Say in one line whether distilling is worth it here.

    A gain does not pay where the ``distilled`` student is still no better than always saying the
    mean, or where a control without a teacher's knowledge (its gain by name) may rise as much.

    >>> advise(Interval(0.0, -0.01, 0.01), "r2")
    'distilling is not worth it here: the gain in r2 lies within +-0.02 (+0.000 [-0.010, +0.010])'
    """
    told = f"({gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}])"
    if gain.within(MARGIN):
        return (
            f"distilling is not worth it here: the gain in {metric} lies within +-{MARGIN} {told}"
        )
    if gain.high < 0:
        return f"distilling hurts here: {metric} falls {told}; use labels alone"
    if not gain.excludes():
        return f"no gain shown: its interval in {metric} includes 0 {told}; more seeds may tell"
    if metric == "r2" and distilled is not None and distilled.mean <= 0:
        return (
            f"of no use here: r2 rises {told}, but only to {distilled.mean:.3f}, and always saying "
            "the mean has 0"
        )
    for name, control in (controls or {}).items():
        if control.high >= gain.mean:
            return (
                f"no gain shown: {metric} rises {told}, but by {name} it may rise as much "
                f"({control.mean:+.3f} [{control.low:+.3f}, {control.high:+.3f}])"
            )
    return f"distilling pays: {metric} rises {told}"


def _summarise_task(results: Sequence[SeedResult], task: Task) -> dict[str, Any]:
    """Summarise one target: arms, gain, differences and advice."""
    boots = bootstraps(results, task)
    gain = (boots[GAIN.arm] - boots[GAIN.other]).interval()
    controls = {
        arm.blame: (boots[arm.name] - boots[LABELS_ONLY]).interval()
        for arm in ARMS
        if arm.blame and arm.name in boots
    }
    differences = {
        each.key: (boots[each.arm] - boots[each.other]).interval().json()
        for each in DIFFERENCES
        if each.arm in boots and each.other in boots
    }
    return {
        "metric": task.metric,
        "task": task.target,
        "arms": {name: boot.interval().json() for name, boot in boots.items()},
        "gain": gain.json(),
        "differences": differences,
        "advice": advise(gain, task.metric, boots[DISTILLED].interval(), controls),
        "unit": "group" if results[0].document["per_group"][task.target] else "sample",
    }


def summarise(results: Sequence[SeedResult]) -> dict[str, Any]:
    """Summarise a distillation over its seeds, as ``stillage distill --json`` prints it.

    Figures only, so that the same plan and recording give the same document: the primary
    target's summary, ``"tasks"`` with the same of every target where there are several, the
    label budget spent, and every seed's scores.

    Raises
    ------
    BadInput
        Without a seed, or with seeds of different plans or recordings.
    """
    if not results:
        raise BadInput("distillation", "no finished seed", "at least one")
    results = sorted(results, key=lambda result: result.seed)
    first = results[0].document
    for result in results:
        alike = result.document["plan"] | {"seeds": 0, "first_seed": 0}
        if alike != first["plan"] | {"seeds": 0, "first_seed": 0}:
            raise BadInput(f"seed {result.seed}", "another plan", "one plan for all seeds")
        if result.document["recording"] != first["recording"]:
            raise BadInput(f"seed {result.seed}", "another recording", "one for all seeds")
    tasks = [Task.model_validate(task) for task in first["tasks"]]
    each = {task.target: _summarise_task(results, task) for task in tasks}
    summary = each[tasks[0].target] | {
        "seeds": len(results),
        "labels": first["plan"]["labels"],
        "label_groups": first["label_groups"],
        "teacher": first["plan"]["teacher"],
        "student": first["plan"]["student"],
        "samples": first["samples"],
        "scores": {str(result.seed): result.document["scores"] for result in results},
    }
    if len(tasks) > 1:
        summary["tasks"] = each
    return summary
