"""Compare two runs: which figures differ, and which settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stillage.distillation.arm_table import GAIN
from stillage.rundir import RunDir

Interval = Mapping[str, float]


def compare_runs(first: RunDir, second: RunDir) -> dict[str, Any]:
    """List the differences between two finished runs.

    Returns
    -------
    dict
        ``identical`` (all figures equal, bit for bit); ``configuration``: differing keys
        with both values; ``figures``: a row for every figure that both have and that
        differs, with both intervals, ``difference`` (second minus first) and ``apart``
        (whether the intervals do not overlap); ``only_first`` and ``only_second``: policies
        and arms that the other lacks.

    Raises
    ------
    BadInput
        If one of them has no figures yet.
    """
    one, two = first.kpis(), second.kpis()
    left, right = dict(_intervals(one)), dict(_intervals(two))
    rows = []
    for key in [key for key in left if key in right and left[key] != right[key]]:
        a, b = left[key], right[key]
        rows.append(
            {
                "figure": key[0],
                "of": key[1],
                "first": dict(a),
                "second": dict(b),
                "difference": b["mean"] - a["mean"],
                "apart": a["high"] < b["low"] or b["high"] < a["low"],
            }
        )
    of = [list(dict.fromkeys(key[1] for key in side)) for side in (left, right)]
    return {
        "identical": one == two,
        "configuration": _differing(
            first.config.model_dump(mode="json"), second.config.model_dump(mode="json")
        ),
        "figures": rows,
        "only_first": [name for name in of[0] if name not in of[1]],
        "only_second": [name for name in of[1] if name not in of[0]],
    }


def _intervals(figures: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Interval]]:
    for policy, found in figures.get("policies", {}).items():
        for kpi, interval in found.items():
            yield (kpi, policy), interval
    summary = figures.get("distillation") or {}
    for arm, interval in summary.get("arms", {}).items():
        yield (f"{summary['task']} {summary['metric']}", arm), interval
    if summary:
        yield (f"{summary['task']} gain", f"{GAIN.arm} - {GAIN.other}"), summary["gain"]


def _differing(
    one: Mapping[str, Any], two: Mapping[str, Any], above: str = ""
) -> dict[str, list[Any]]:
    """Find the keys, dotted, whose values differ.

    >>> _differing({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}})
    {'b.c': [2, 3]}
    """
    found: dict[str, list[Any]] = {}
    for key in sorted(one.keys() | two.keys()):
        a, b = one.get(key), two.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found.update(_differing(a, b, f"{above}{key}."))
        elif a != b:
            found[f"{above}{key}"] = [a, b]
    return found
