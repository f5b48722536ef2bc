"""The pages name files that exist, names that can be imported, and anchors that are there."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path

import pytest

HOME = Path(__file__).parent.parent
DOCS = HOME / "docs"
PATH = re.compile(r"`((?:core|plugins|sim|scenarios|tests|docs)/[\w./-]+)`")
PAGES = [
    *sorted(DOCS.rglob("*.md")),
    *(HOME / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
]


def test_architecture_tells_where_to_change_what() -> None:
    _, _, table = (
        (DOCS / "architecture.md").read_text(encoding="utf-8").partition("## Where to change what")
    )
    assert len(PATH.findall(table)) > 50


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOME)))
def test_every_path_on_a_page_exists(page: Path) -> None:
    paths = PATH.findall(page.read_text(encoding="utf-8"))
    assert [path for path in paths if not (HOME / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOME)))
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(\s*([^)#:\s]+)(?:#[^)\s]*)?\s*\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_names_in_code_of_the_architecture_are_where_it_says() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+)` in `([\w./]+\.py)`", text)
    assert len(named) > 5
    for name, path in named:
        found = re.search(rf"^(?:def )?{name}\b", (HOME / path).read_text(encoding="utf-8"), re.M)
        assert found, f"{name} in {path}"


def test_every_room_is_on_the_architecture_page() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    tool = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    roots = ["stillage"], ["stillage_sim"], ["stillage_scenarios"]
    layered = [c for c in tool["importlinter"]["contracts"] if c.get("containers") in roots]
    assert len(layered) == len(roots)
    for contract, heading in zip(layered, ("core", "sim", "scenarios"), strict=True):
        section = text.partition(f"### Rooms of {heading}")[2].partition("###")[0]
        rooms = [room for row in contract["layers"] for room in row.split(" | ")]
        assert [room for room in rooms if f"`{room}`" not in section and room[0] != "_"] == []


@pytest.mark.parametrize("page", sorted((DOCS / "reference").glob("*.md")), ids=lambda p: p.stem)
def test_every_name_of_the_reference_can_be_imported(page: Path) -> None:
    names = re.findall(r"^::: (\S+)", page.read_text(encoding="utf-8"), re.M)
    assert names
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            module, _, attribute = name.rpartition(".")
            assert hasattr(importlib.import_module(module), attribute), name
