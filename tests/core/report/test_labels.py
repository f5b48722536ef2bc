"""Labels, colours and order come from what is declared, an outside scenario's policies too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stillage.plugin.host import get_host
from stillage.report import labels
from stillage.report.page import build
from stillage.report.sections.answer import deciding, facts
from stillage.rundir import RunConfig, RunDir
from stillage.storage.atomic import write_json

MakeRun = Callable[..., RunDir]

PLUGIN = """
from stillage.plugin import hookimpl
from stillage.plugin.spec import PolicySpec

ROWS = (
    ("shut_eyes", "", "none", ":blind", {}),
    ("guesses", "always says curd", "none", ":majority", {}),
    ("by_the_book", "the book's <rule>", "rule", "labels_only", {}),
    ("bookish", "reads labels", "control", "labels_only", {}),
    ("apprentice", "our <apprentice>", "student", "distilled", {}),
    ("pocket", "our apprentice, pocket size", "student", "distilled_int8", {}),
    ("hasty", "our apprentice in haste", "student", "distilled", {"haste": True}),
    ("master", "master cheesemaker", "teacher", "teacher", {}),
    ("taster", "who tasted all", "oracle", ":ideal", {}),
)

class Plugin:
    @hookimpl
    def register(self):
        return [
            PolicySpec(
                name=name, scenario="dairy", summary="s", factory="json:loads", label=label,
                role=role, sees=sees, options=options,
            )
            for name, label, role, sees, options in ROWS
        ]

plugin = Plugin()
"""
ORDER = [
    "taster", "master", "apprentice", "pocket", "hasty", "bookish", "my_bundle", "by_the_book",
    "guesses", "shut_eyes",
]  # fmt: skip


@pytest.fixture
def dairy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An outside distribution that has policies of a scenario of its own."""
    site = tmp_path / "site"
    info = site / "acme_dairy-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "acme_dairy.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-dairy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[stillage]\ndairy = acme_dairy:plugin\n")
    monkeypatch.syspath_prepend(str(site))
    get_host.cache_clear()
    assert {s.name: s.status for s in get_host().statuses()}["dairy"] == "ok"
    yield
    get_host.cache_clear()


def interval(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 1.0, "high": mean + 1.0}


def figures(*names: str) -> dict[str, Any]:
    """Policies whose profit falls by ten from one to the next; listed by name, as on disk."""
    names = names or tuple(ORDER)
    profit = {name: 200.0 - 10.0 * place for place, name in enumerate(names)}
    return {
        "scenario": "dairy", "headline": "profit_eur", "replicas": 40, "days": 3.0,
        "kpis": [{"name": "profit_eur", "unit": "EUR", "better": "higher", "summary": "Profit."}],
        "policies": {name: {"profit_eur": interval(profit[name])} for name in sorted(names)},
        "paired": [
            {"a": a, "b": b, "kpi": "profit_eur", **interval(profit[a] - profit[b])}
            for n, a in enumerate(sorted(names))
            for b in sorted(names)[:n]
        ],
        "deployment": {
            "teacher": {"energy_j": 3.0, "latency_s": 0.5},
            "distilled_int8": {"energy_j": 0.04, "size_bytes": 31_000, "precision": "int8"},
        },
        "distillation": None,
    }  # fmt: skip


@pytest.mark.usefixtures("dairy")
def test_outside_policies_have_their_own_labels_and_the_colours_of_their_roles() -> None:
    named = labels.policies(figures())
    assert list(named) == ORDER
    assert [each.colour for each in named.values()] == [
        "ink", "blue", "copper", "copper", "copper", "green", "grey", "grey", "grey", "grey",
    ]  # fmt: skip
    assert named["pocket"].label == "our apprentice, pocket size"
    assert (named["shut_eyes"].label, named["my_bundle"].label) == ("shut eyes", "my bundle")
    assert [name for name, each in named.items() if each.ours] == ["apprentice", "pocket", "hasty"]


@pytest.mark.usefixtures("dairy")
def test_the_answer_is_about_the_outside_student_whatever_it_is_called() -> None:
    said = deciding(figures())
    assert "profit a run with the our apprentice, pocket size: " in said
    assert "20 € more than the student without a teacher" in said
    assert "50 € more than no perception" in said
    assert "20 € less than the teacher, whose reading of an item takes 500 ms and 3 J" in said
    told = {fact["label"]: (fact["value"], fact["remark"]) for fact in facts(figures())}
    assert told["On the device"] == ("31 kB", "INT8 bundle")
    assert told["Profit"] == ("170 €", "85% of the oracle's")


@pytest.mark.usefixtures("dairy")
def test_the_student_is_the_quantised_one_else_the_first_registered() -> None:
    for names, student in (
        (("hasty", "apprentice", "pocket"), "pocket"),
        (("hasty", "apprentice"), "apprentice"),
        (("hasty", "master"), "hasty"),
    ):
        found = labels.student(figures(*names))
        assert found is not None
        assert found.name == student
    assert labels.student(figures("master", "my_bundle")) is None


@pytest.mark.usefixtures("dairy")
def test_only_policies_that_differ_in_what_they_see_are_told_apart_in_the_answer() -> None:
    assert deciding(figures("hasty", "bookish", "guesses", "master")) == ""
    assert "no perception" in deciding(figures("apprentice", "shut_eyes"))


@pytest.mark.usefixtures("dairy")
def test_the_page_of_an_outside_scenario_is_right(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "run", RunConfig(scenario="dairy", seed=1))
    more = {"audit": {"mass": 0.0}, "worlds": 4, "confusion": {}, "left_out": [], "notes": []}
    write_json(run.path / "kpis.json", figures() | more | {"deployment": {}})
    text = build(run)
    assert "could not be made" not in text
    ours = re.findall(r'<tr class="ours"><th scope="row">([^<]*)</th>', text)
    assert ours == [
        "our &lt;apprentice&gt;",
        "our apprentice, pocket size",
        "our apprentice in haste",
    ]
    for label in ("who tasted all", "the book&#39;s &lt;rule&gt;", "shut eyes", "my bundle"):
        assert f"{label}</th>" in text


def test_a_run_whose_plugin_is_gone_still_has_names() -> None:
    assert labels.policies(figures())["by_the_book"].label == "by the book"
    assert deciding(figures()) == ""
