"""The pages about plugins say what the code says, and every snippet of the tutorial runs."""

from __future__ import annotations

import inspect
import re
import shlex
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest

from stillage.cli.record import arguments
from stillage.plugin import hooks, spec
from stillage.plugin.host import get_host
from stillage.plugin.loading import HOOKS
from stillage.plugin.spec import ReaderSpec
from stillage.testing import PROMISES
from stillage.testing.results import promise_of
from tests.sandbox import Sandbox

PAGES = Path(__file__).parents[1] / "docs" / "plugins"
OF_PLUGINS = {"events.md", "thermal.md", "spectral.md", "audiovideo.md", "sensors.md"}
REFERENCE = (PAGES / "hooks.md").read_text(encoding="utf-8")
KINDS = [k for k in vars(spec).values() if isinstance(k, type) and issubclass(k, spec.Spec)]


def section(heading: str) -> str:
    """The text under a heading of the reference."""
    return REFERENCE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_hooks_are_those_of_the_code() -> None:
    documented = re.findall(r"\n### (\w+)\n", section("Hook reference"))
    assert documented == list(HOOKS)
    for name in HOOKS:
        signature = str(inspect.signature(getattr(hooks, name))).replace("'", "")
        assert f"def {name}{signature}" in REFERENCE
    assert {n for n in vars(hooks) if hasattr(getattr(hooks, n), "stillage_spec")} == set(HOOKS)
    assert f"API version is **{spec.API_VERSION}**" in REFERENCE


def test_kinds_and_fields_are_those_of_the_code() -> None:
    table = section("Spec reference")
    rows = dict(re.findall(r"\n\| `(\w+Spec)` \|[^|]*\|([^\n]*)\|(?=\n)", table))
    union = typing.get_args(typing.get_args(spec.AnySpec)[0])
    assert set(rows) == {kind.__name__ for kind in union} == {k.__name__ for k in KINDS} - {"Spec"}
    general = set(re.findall(r"\n\| `(\w+)` \|", table))
    assert general - set(rows) == set(spec.Spec.model_fields)
    for kind in union:
        own = set(kind.model_fields) - set(spec.Spec.model_fields)
        named = set(re.findall(r"`(\w+)`", rows[kind.__name__]))
        assert own <= named, f"{kind.__name__} lacks {sorted(own - named)}"


def test_promises_are_those_of_the_kit() -> None:
    kit = section("The conformance kit")
    listed = {
        kind: re.findall(r"^- (.+)$", text, re.MULTILINE)
        for kind, text in re.findall(r"\*\*(\w+)\*\*\n\n((?:- .+\n)+)", kit)
    }
    assert listed == {kind: [promise_of(c) for c in checks] for kind, checks in PROMISES.items()}


def test_the_directory_names_every_built_in() -> None:
    text = (PAGES / "README.md").read_text(encoding="utf-8")
    for status in get_host().statuses():
        if status.distribution == "stillage":
            assert f"`{status.name}`" in text
            for kind in ("modality", "reader"):
                names = [spec.name for spec in status.specs if spec.kind == kind]
                assert [name for name in names if f"`{name}`" not in text] == []
    assert {f"{name}.md" for name in re.findall(r"\]\((\w+)\.md\)", text)} >= OF_PLUGINS
    (command,) = re.findall(r"record import manifest \S+ \S+ (.+)", text)
    options = [word for word in shlex.split(command) if word != "-o"]
    manifest = get_host().spec(ReaderSpec, "manifest")
    (given,) = arguments(manifest, options)
    assert given.model_fields_set == {"teacher", "student", "task"}
    for name in type(given).model_fields:
        assert f"{name}=" in text


@pytest.mark.parametrize("page", ["README.md", "writing.md", "hooks.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = (PAGES / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(\s*([^)#\s]*)(?:#[^)]*)?\)", text):
        place = PAGES / target if target else PAGES / page
        assert place.exists(), f"{page}: {target}"


def snippets() -> Iterator[tuple[str, str]]:
    text = (PAGES / "writing.md").read_text(encoding="utf-8")
    yield from re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.timeout(600)
def test_every_snippet_of_the_tutorial_runs(tmp_path: Path) -> None:
    """In order: files are written, commands are run, and what `new` wrote is as quoted."""
    sandbox = Sandbox(tmp_path / "env")
    work = tmp_path / "work"
    work.mkdir()
    project = work / "stillage-sonar"
    said: list[str] = []
    for language, text in snippets():
        if language == "sh":
            said += [run(sandbox, line, work) for line in text.splitlines()]
        elif language == "toml":
            assert text in (project / "pyproject.toml").read_text()
        else:
            assert language == "python"
            name = text.splitlines()[0].removeprefix("# ")
            target = (work if name == "example.py" else project) / name
            target.write_text(text, encoding="utf-8")
    checked = [text for text in said if "reader sonar-log: " in text]
    assert len(checked[0].splitlines()) == len(PROMISES["reader"])
    assert "2 passed" in "".join(said)
    assert "default" in said[-1]


def others() -> Iterator[tuple[str, str]]:
    """Page and text of every Python snippet outside of the tutorial, each to run alone."""
    for page in (*sorted(PAGES.glob("*.md")), PAGES.parent / "recording.md"):
        if page.name != "writing.md":
            text = page.read_text(encoding="utf-8")
            for snippet in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
                yield page.name, snippet


@pytest.mark.parametrize(("page", "snippet"), list(others()))
def test_other_snippets_run_alone(page: str, snippet: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", snippet], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{page}: {done.stderr}"


def run(sandbox: Sandbox, line: str, work: Path) -> str:
    command, *rest = shlex.split(line)
    if command == "pip":
        assert rest[:2] == ["install", "-e"]
        sandbox.install(work / rest[2], "-e")
        return ""
    if command == "python":
        return sandbox.run(*rest, cwd=work)
    more = ["-p", "no:cacheprovider"] if command == "pytest" else []
    return sandbox.run("-m", command, *rest, *more, cwd=work)
