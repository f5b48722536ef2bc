"""The section ``answer``: the outcome of a run in words, with four figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillage.distillation.arm_table import GAIN
from stillage.plugin.spec import PolicySpec, Role
from stillage.report import labels, words
from stillage.report.figures import about, paired
from stillage.report.render import render
from stillage.rundir import RunDir

_EQUAL = 0.02
_PAYS = "distilling pays"
_RIVALS: Mapping[Role, str] = {
    "control": "the student without a teacher",
    "none": "no perception",
    "teacher": "the teacher",
}
"""Roles that the student is compared with on the plant, where a policy differs in sight alone."""


def answer(run: RunDir) -> str:
    """Write one sentence on distilling, one on the plant, and figures beside them."""
    figures = run.kpis()
    sentences = [distilling(figures), deciding(figures)]
    return render("answer", sentences=[s for s in sentences if s], facts=facts(figures))


def distilling(figures: Mapping[str, Any]) -> str:
    """Say what distilling brought, as plainly when it brought nothing; "" unless it is a run."""
    summary = figures.get("distillation")
    if not summary or figures.get("kind") == "evaluate":
        return ""
    gain, arms = summary["gain"], summary["arms"]
    budget = budget_words(summary["labels"])
    metric = words.name(summary["metric"])
    told = (
        f"{words.score(arms[GAIN.arm]['mean'])} {metric} against "
        f"{words.score(arms[GAIN.other]['mean'])} without a teacher"
    )
    interval = (
        f"{words.score(gain['low'], signed=True)} to {words.score(gain['high'], signed=True)}"
    )
    what = f"Recognising {words.name(summary['task'])} {budget}"
    advice = str(summary.get("advice", _PAYS))
    if gain["low"] > 0 and not advice.startswith(_PAYS):  # a control may do as much
        return f"{what}: {advice}."
    if gain["low"] > 0:
        return (
            f"{what}, a teacher helps: the distilled student reaches {told}, "
            f"a gain of {words.score(gain['mean'], signed=True)} (95% interval {interval})."
        )
    if gain["high"] < 0:
        return f"{what}, distilling does harm: the student reaches {told} ({interval})."
    if gain["low"] >= -_EQUAL and gain["high"] <= _EQUAL:
        return (
            f"{what}, distilling is not worth it: the student reaches {told}, and the "
            f"difference lies within ±{_EQUAL:.2f} ({interval})."
        )
    return (
        f"{what}, no gain from distilling was shown: the student reaches {told}, "
        f"and the difference spans 0 ({interval})."
    )


def budget_words(labels: Any) -> str:
    """Write the label budget as part of a sentence.

    >>> budget_words(4), budget_words(0.2), budget_words("all")
    ('from 4 labels a class', 'from 20% of the labels', 'with all labels')
    """
    if labels == "all":
        return "with all labels"
    if isinstance(labels, int):
        return f"from {labels} label{'s' if labels != 1 else ''} a class"
    return f"from {words.number(100 * labels)}% of the labels"


def deciding(figures: Mapping[str, Any]) -> str:
    """Say what the student is worth to the plant, against the policies of other roles."""
    kpi, student = figures.get("headline"), labels.student(figures)
    if not kpi or not student:
        return ""
    unit, said, same, nothing = about(figures)[kpi]["unit"], [], [], True
    for role, words_of_role in _RIVALS.items():
        other = labels.rival(figures, student, role)
        row = paired(figures, student.name, other.name, kpi) if other else None
        if other is None or row is None:
            continue
        phrase = words_of_role + (_toll(figures, other, student) if role == "teacher" else "")
        nothing = nothing and not any(row.values())
        low, high = (words.number(row[k], signed=True) for k in ("low", "high"))
        if words.spans_zero(row):
            high = words.quantity(row["high"], unit, signed=True)  # no amount tells the unit here
            same.append(f"{phrase} ({low} to {high})")
        else:
            more = "more" if row["mean"] > 0 else "less"
            amount = words.quantity(abs(row["mean"]), unit)
            said.append(f"{amount} {more} than {phrase} ({low} to {high})")
    if same:
        said.append(f"no difference was shown from {words.listed(same)}")
    if not said:
        return ""
    span = f"{figures['replicas']:,} simulated runs of {words.number(figures['days'])} d"
    if nothing:
        same_for_all = f"{words.kpi_name(kpi, unit)} is the same whatever is recognised"
        return f"On the plant, {same_for_all}: nothing there acts on it ({span})."
    label = labels.policies(figures)[student.name].label
    what = f"{words.kpi_name(kpi, unit)} a run with the {label}"
    return f"On the plant, {what}: {'; '.join(said)} ({span})."


def _toll(figures: Mapping[str, Any], teacher: PolicySpec, student: PolicySpec) -> str:
    """Say what the teacher's reading costs the plant: time, energy, and an emptied battery.

    A battery that is as often empty with the student explains nothing.
    """
    found = figures.get("deployment", {}).get(teacher.table)
    if not found:
        return ""
    seconds, joules = (
        words.quantity(found[k], u) for k, u in (("latency_s", "s"), ("energy_j", "J"))
    )
    told = f", whose reading of an item takes {seconds} and {joules}"
    empty, usual = (
        figures["policies"][policy.name].get("battery_empty_h", {}).get("mean", 0.0)
        for policy in (teacher, student)
    )
    if empty <= usual:
        return told
    return f"{told} and leaves the battery empty for {words.number(empty)} h"


def facts(figures: Mapping[str, Any]) -> list[dict[str, str]]:
    """Give the figures for the head of the page: label, value and remark."""
    found = []
    summary, student = figures.get("distillation"), labels.student(figures)
    if summary and figures.get("kind") != "evaluate":
        arms, gain = summary["arms"], summary["gain"]
        metric = words.name(summary["metric"])
        found.append(_fact("Distilled student", words.score(arms[GAIN.arm]["mean"]), metric))
        span = f"{words.score(gain['low'], True)} to {words.score(gain['high'], True)}"
        found.append(_fact("Gain by distilling", words.score(gain["mean"], signed=True), span))
    deployment = figures.get("deployment", {}).get(student.table, {}) if student else {}
    if deployment.get("size_bytes"):
        form = f"{deployment['precision'].upper()} bundle"
        found.append(_fact("On the device", words.size(deployment["size_bytes"]), form))
    if deployment.get("energy_j"):
        energy = words.quantity(deployment["energy_j"], "J")
        found.append(_fact("An item costs", energy, "modelled, sensors included"))
    kpi = figures.get("headline")
    if kpi and student:
        policies, unit = figures["policies"], about(figures)[kpi]["unit"]
        value = policies[student.name][kpi]
        bound = next((policies[o.name][kpi] for o in labels.of_role(figures, "oracle")), None)
        share = value["mean"] / bound["mean"] if bound and bound["mean"] else 0.0
        remark = f"{100 * share:.0f}% of the oracle's" if share > 0 else "a run"
        label = words.kpi_name(kpi, unit)
        label = label[:1].upper() + label[1:]
        found.append(_fact(label, words.quantity(value["mean"], unit), remark))
    return found


def _fact(label: str, value: str, remark: str) -> dict[str, str]:
    return {"label": label, "value": value, "remark": remark}
