"""The report: one file, honest words, escaped names, and readable on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from stillage.cli.main import run as command_line
from stillage.report.page import build, write_report
from stillage.report.sections.answer import deciding
from stillage.rundir import RunConfig, RunDir
from stillage.storage.atomic import write_json
from tests.phone import CHROMIUM, scrolled_width

MakeRun = Callable[..., RunDir]
HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "$x^2$ & co", "{{7*7}}")


class Page(HTMLParser):
    """What a page holds: tags, ids, references and text."""

    void = frozenset({"meta", "br", "img", "link", "input", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append((tag, values))
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.text += " " if tag in ("td", "th") else ""

    def handle_data(self, data: str) -> None:
        self.text += data


def sections_that_failed(text: str) -> list[str]:
    return re.findall(r"This section could not be made: ([^<]*)", text)


def test_page_is_well_formed_self_contained_and_whole(make_run: MakeRun) -> None:
    run = make_run()
    path = write_report(run)
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert path == run.report
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert not any(
        str(value).startswith(("http:", "https:", "//", "file:"))
        for tag, values in page.tags
        for name, value in values.items()
        if name in ("src", "href", "xlink:href")
    )
    assert "@import" not in text
    assert "url(http" not in text
    assert {"script", "link", "iframe"}.isdisjoint(tag for tag, _ in page.tags)
    drawn = [values for tag, values in page.tags if tag == "svg"]
    assert len(drawn) >= 7
    assert all(values["role"] == "img" and values["aria-label"] for values in drawn)
    assert sections_that_failed(text) == []
    references = set(re.findall(r"(?:url\(|href=\")#([^)\"]+)", text))
    assert references <= set(page.ids)


def test_page_shows_the_figures(make_run: MakeRun) -> None:
    page = Page(build(make_run()))
    words = " ".join(page.text.split())
    assert "a gain of +0.098 (95% interval +0.068 to +0.128)" in words
    assert "0.710 balanced accuracy against 0.612 without a teacher" in words
    assert "49 mJ" in words
    assert "31 kB" in words
    assert "The order of groups predicts it." in words
    assert "co2e_avoided_kg: no target for the role mass" in words
    assert "PyTorch, eager 2.43 ms 3.43 ms" in words
    assert "ONNX Runtime, INT8 140 µs" in words
    assert "ONNX Runtime, FP32 180 µs" in words
    for arm in ("plain model", "self-training control", "shuffled-teacher control"):
        assert arm in words


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        ({"mean": 0.10, "low": 0.05, "high": 0.15}, "a teacher helps"),
        ({"mean": 0.03, "low": -0.01, "high": 0.07}, "no gain from distilling was shown"),
        ({"mean": 0.002, "low": -0.01, "high": 0.014}, "distilling is not worth it"),
        ({"mean": -0.06, "low": -0.09, "high": -0.03}, "distilling does harm"),
    ],
)
def test_null_results_are_said_as_plainly_as_gains(
    make_run: MakeRun, gain: dict[str, float], said: str
) -> None:
    assert said in Page(build(make_run(gain=gain))).text


def test_a_teacher_that_drains_the_battery_is_said_to(make_run: MakeRun) -> None:
    policies = make_run(name="seen").kpis()["policies"]
    assert "leaves the battery empty" not in Page(build(make_run(name="full"))).text
    policies["teacher"]["battery_empty_h"] = {"mean": 30.3, "low": 30.1, "high": 30.6}
    said = Page(build(make_run(name="empty", policies=policies))).text
    assert "2.9 J and leaves the battery empty for 30.3 h" in " ".join(said.split())
    for policy in policies.values():
        policy["battery_empty_h"] = policies["teacher"]["battery_empty_h"]
    assert "battery empty" not in Page(build(make_run(name="all", policies=policies))).text


def said_of(mean: float, low: float, high: float) -> str:
    """What is said of a student whose profit differs so from that of no perception."""
    row = {"a": "distilled", "b": "majority", "kpi": "profit_eur"}
    about = {"name": "profit_eur", "unit": "EUR", "better": "higher", "summary": "Profit."}
    return deciding(
        {
            "scenario": "sorting", "headline": "profit_eur", "kpis": [about],
            "policies": {"distilled": {}, "majority": {}},
            "paired": [{**row, "mean": mean, "low": low, "high": high}],
            "replicas": 40, "days": 30.0,
        }
    )  # fmt: skip


def test_a_difference_that_was_not_shown_has_its_unit() -> None:
    said = said_of(1.0, -2e4, 3e4)
    assert "no difference was shown from no perception (−20,000 to +30,000 €)" in said


def test_a_plant_on_which_nothing_is_recognised_is_said_to_be_one() -> None:
    said = said_of(0.0, 0.0, 0.0)
    assert said.startswith("On the plant, profit is the same whatever is recognised: nothing")


def test_an_evaluation_does_not_answer_what_was_not_asked(make_run: MakeRun) -> None:
    page = Page(build(make_run(kind="evaluate")))
    assert "a teacher helps" not in page.text
    assert "On the plant, recovered value" in page.text


def test_few_trainings_are_said_to_be_few(make_run: MakeRun) -> None:
    assert "So few trainings" in Page(build(make_run(name="three"))).text
    summary = make_run(name="seen").kpis()["distillation"] | {"seeds": 20}
    assert "So few trainings" not in Page(build(make_run(name="many", distillation=summary))).text


def test_a_gain_that_a_control_may_match_is_no_help(make_run: MakeRun) -> None:
    advice = "no gain shown: but by self-training it may rise as much"
    summary = make_run(name="seen").kpis()["distillation"] | {"advice": advice}
    text = Page(build(make_run(name="told", distillation=summary))).text
    assert "a teacher helps" not in text
    assert "may rise as much" in text


def test_hostile_names_stay_text(make_run: MakeRun) -> None:
    text = build(make_run(classes=HOSTILE))
    page = Page(text)
    assert not any(tag in ("script", "img") for tag, _ in page.tags)
    assert not any(name.startswith("on") for _, values in page.tags for name in values)
    for name in HOSTILE:
        assert name in page.text
    assert "49" not in re.findall(r"<th scope=\"col\">([^<]*)</th>", text)


def test_same_figures_give_the_same_bytes(make_run: MakeRun) -> None:
    one, two = (build(make_run(name=name)) for name in ("a", "b"))
    assert one == two


def test_run_without_training_still_has_a_report(make_run: MakeRun) -> None:
    run = make_run(distillation=None, deployment={}, confusion={})
    text = build(run)
    assert sections_that_failed(text) == []
    assert "Nothing was trained in this run." in text


def test_section_that_fails_costs_only_itself(
    make_run: MakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    text = build(make_run(deployment={"teacher": {}}))
    assert len(sections_that_failed(text)) == 1
    assert "Comparisons" in text


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.parametrize("width", [320, 390])
def test_phone_has_no_horizontal_scroll(make_run: MakeRun, tmp_path: Path, width: int) -> None:
    names = ("a_very_long_class_name_without_any_break_in_it" * 2, *HOSTILE, "PP", "PET", "HDPE")
    wide, high, inner = scrolled_width(build(make_run(classes=names)), width, tmp_path)
    assert high > 3000
    assert wide <= inner


def test_report_command_prints_the_path(
    make_run: MakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run()
    assert command_line(["report", str(run.path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(run.report)
    assert run.report.is_file()


def test_commands_refuse_what_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["report", str(tmp_path / "absent")]) == 2
    RunDir.create(tmp_path / "young", RunConfig(scenario="sorting"))
    assert command_line(["report", str(tmp_path / "young")]) == 2
    assert command_line(["compare", str(tmp_path / "young"), str(tmp_path / "young")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "no kpis.json" in lines[1]


def test_compare_tells_what_differs(make_run: MakeRun, capsys: pytest.CaptureFixture[str]) -> None:
    first = make_run(name="first")
    assert command_line(["compare", str(first.path), str(first.path)]) == 0
    assert "All figures are the same." in capsys.readouterr().out

    second = make_run(name="second", gain={"mean": 0.2, "low": 0.18, "high": 0.22})
    figures = second.kpis()
    figures["policies"]["oracle"]["purity"] = {"mean": 9.0, "low": 8.0, "high": 9.5}
    write_json(second.path / "kpis.json", figures)
    assert command_line(["compare", str(first.path), str(second.path)]) == 0
    out = capsys.readouterr().out
    row = next(line for line in out.splitlines() if line.startswith("purity"))
    assert "oracle" in row
    assert "overlap" not in row
    assert any(line.startswith("material gain") for line in out.splitlines())
    assert "missed_items" not in out
    assert "only in" not in out

    del figures["policies"]["random"]
    write_json(second.path / "kpis.json", figures)
    assert command_line(["compare", str(first.path), str(second.path)]) == 0
    assert "only in the first: random\n" in capsys.readouterr().out
