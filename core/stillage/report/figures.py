"""Look up a run's figures, as several sections need them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stillage.report import words

Interval = Mapping[str, float]


def paired(figures: Mapping[str, Any], a: str, b: str, kpi: str) -> dict[str, float] | None:
    """Find the paired difference ``a`` minus ``b`` of a KPI, stored either way round."""
    for row in figures.get("paired", ()):
        if row["kpi"] != kpi:
            continue
        if (row["a"], row["b"]) == (a, b):
            return {key: row[key] for key in ("mean", "low", "high")}
        if (row["a"], row["b"]) == (b, a):
            return {"mean": -row["mean"], "low": -row["high"], "high": -row["low"]}
    return None


def tasks(figures: Mapping[str, Any], order: Iterable[str] = ()) -> dict[str, Mapping[str, Any]]:
    """Give the distillation's summary of every target: the main one first, then as in ``order``."""
    summary = figures.get("distillation")
    if not summary:
        return {}
    found = {summary["task"]: summary, **summary.get("tasks", {})}
    return {name: found[name] for name in ordered(found, [summary["task"], *order])}


def about(figures: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """Give unit, direction and summary of every KPI, in the scenario's order."""
    return {row["name"]: row for row in figures["kpis"]}


def better_word(difference: Interval, better: str) -> str:
    """Say whether a difference is better, worse, or not shown."""
    if words.spans_zero(difference):
        return "no difference shown"
    good = (difference["mean"] > 0) == (better != "lower")
    return "better" if good else "worse"


def ordered(names: Iterable[str], first: Iterable[str]) -> list[str]:
    """Order names: those in ``first`` lead, in its order.

    >>> ordered(["x", "b", "a"], ["a", "b", "c"])
    ['a', 'b', 'x']
    """
    names, first = list(names), list(dict.fromkeys(first))
    return [n for n in first if n in names] + [n for n in names if n not in first]
