"""The answer in words, with the four figures that carry it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillage.report import words
from stillage.report.figures import about, paired, student_policy
from stillage.report.render import render
from stillage.rundir import RunDir

EQUAL = 0.02
PAYS = "distilling pays"


def answer(run: RunDir) -> str:
    """One sentence on distilling, one on the belt, and figures beside them."""
    figures = run.kpis()
    sentences = [distilling(figures), deciding(figures)]
    return render("answer", sentences=[s for s in sentences if s], facts=facts(figures))


def distilling(figures: Mapping[str, Any]) -> str:
    """What distilling brought, said as plainly when it brought nothing; asked of a run only."""
    summary = figures.get("distillation")
    if not summary or figures.get("kind") == "evaluate":
        return ""
    gain, arms = summary["gain"], summary["arms"]
    budget = budget_words(summary["labels"])
    metric = words.name(summary["metric"])
    told = (
        f"{words.score(arms['distilled']['mean'])} {metric} against "
        f"{words.score(arms['labels_only']['mean'])} without a teacher"
    )
    interval = (
        f"{words.score(gain['low'], signed=True)} to {words.score(gain['high'], signed=True)}"
    )
    what = f"Recognising {words.name(summary['task'])} {budget}"
    advice = str(summary.get("advice", PAYS))
    if gain["low"] > 0 and not advice.startswith(PAYS):  # a control may do as much
        return f"{what}: {advice}."
    if gain["low"] > 0:
        return (
            f"{what}, a teacher helps: the distilled student reaches {told}, "
            f"a gain of {words.score(gain['mean'], signed=True)} (95% interval {interval})."
        )
    if gain["high"] < 0:
        return f"{what}, distilling does harm: the student reaches {told} ({interval})."
    if gain["low"] >= -EQUAL and gain["high"] <= EQUAL:
        return (
            f"{what}, distilling is not worth it: the student reaches {told}, and the "
            f"difference lies within ±{EQUAL:.2f} ({interval})."
        )
    return (
        f"{what}, no gain from distilling was shown: the student reaches {told}, "
        f"and the difference spans 0 ({interval})."
    )


def budget_words(labels: Any) -> str:
    """The label budget as part of a sentence.

    >>> budget_words(4), budget_words(0.2), budget_words("all")
    ('from 4 labels a class', 'from 20% of the labels', 'with all labels')
    """
    if labels == "all":
        return "with all labels"
    if isinstance(labels, int):
        return f"from {labels} label{'s' if labels != 1 else ''} a class"
    return f"from {words.number(100 * labels)}% of the labels"


def deciding(figures: Mapping[str, Any]) -> str:
    """What the student is worth to the plant, against students without a teacher and none."""
    kpi, student = figures.get("headline"), student_policy(figures)
    if not kpi or not student:
        return ""
    unit, said, same, nothing = about(figures)[kpi]["unit"], [], [], True
    for other, phrase in (
        ("labels_only", "the student without a teacher"),
        ("majority", "no perception"),
        ("teacher", _teacher(figures, student)),
    ):
        row = paired(figures, student, other, kpi)
        if row is None:
            continue
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
    what = f"{words.kpi_name(kpi, unit)} a run with the {words.name(student)}"
    return f"On the plant, {what}: {'; '.join(said)} ({span})."


def _teacher(figures: Mapping[str, Any], student: str) -> str:
    """The teacher on the plant: what its reading costs and a battery that it empties explain a lot.

    A battery that is as often empty with the student explains nothing.
    """
    found = figures.get("deployment", {}).get("teacher")
    if not found:
        return "the teacher"
    seconds, joules = (
        words.quantity(found[k], u) for k, u in (("latency_s", "s"), ("energy_j", "J"))
    )
    told = f"the teacher, whose reading of an item takes {seconds} and {joules}"
    empty, usual = (
        figures["policies"].get(policy, {}).get("battery_empty_h", {}).get("mean", 0.0)
        for policy in ("teacher", student)
    )
    if empty <= usual:
        return told
    return f"{told} and leaves the battery empty for {words.number(empty)} h"


def facts(figures: Mapping[str, Any]) -> list[dict[str, str]]:
    """Figures for the head of the page: label, value and remark."""
    found = []
    summary, student = figures.get("distillation"), student_policy(figures)
    if summary and figures.get("kind") != "evaluate":
        arms, gain = summary["arms"], summary["gain"]
        metric = words.name(summary["metric"])
        found.append(_fact("Distilled student", words.score(arms["distilled"]["mean"]), metric))
        span = f"{words.score(gain['low'], True)} to {words.score(gain['high'], True)}"
        found.append(_fact("Gain by distilling", words.score(gain["mean"], signed=True), span))
    deployment = figures.get("deployment", {}).get(student or "", {})
    if deployment.get("size_bytes"):
        form = "INT8 bundle" if student == "distilled_int8" else "FP32 bundle"
        found.append(_fact("On the device", words.size(deployment["size_bytes"]), form))
    if deployment.get("energy_j"):
        energy = words.quantity(deployment["energy_j"], "J")
        found.append(_fact("An item costs", energy, "modelled, sensors included"))
    kpi = figures.get("headline")
    if kpi and student:
        value, unit = figures["policies"][student][kpi], about(figures)[kpi]["unit"]
        oracle = figures["policies"].get("oracle", {}).get(kpi, {}).get("mean")
        share = value["mean"] / oracle if oracle else 0.0
        remark = f"{100 * share:.0f}% of the oracle's" if share > 0 else "a run"
        label = words.kpi_name(kpi, unit)
        label = label[:1].upper() + label[1:]
        found.append(_fact(label, words.quantity(value["mean"], unit), remark))
    return found


def _fact(label: str, value: str, remark: str) -> dict[str, str]:
    return {"label": label, "value": value, "remark": remark}
