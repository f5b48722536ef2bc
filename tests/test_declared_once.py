"""Arms are declared in one table and policies in their specs; nothing else knows their names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from stillage.distillation.arm_table import ARMS, DIFFERENCES, GAIN, KEPT, find_arm
from stillage.plugin.host import get_host
from stillage.plugin.spec import PolicySpec, Role
from stillage.report import plots
from stillage.report.labels import COLOURS

HOME = Path(__file__).parent.parent
CORE = HOME / "core" / "stillage"
TEMPLATES = sorted((CORE / "report" / "templates").glob("*.j2"))
MODULES = sorted(CORE.rglob("*.py"))
QUOTED = re.compile(r""""([^"]*)"|'([^']*)'""")


def strings(path: Path) -> Iterator[str]:
    """Every string of a module, or every quoted text of a template."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    else:
        yield from (one or other for one, other in QUOTED.findall(text))


def policies_that_are_no_arms() -> set[str]:
    """Names of all registered policies but those that an arm or a role has too."""
    names = {spec.name for spec in get_host().specs(PolicySpec)}
    return names - {arm.name for arm in ARMS} - set(get_args(Role))


def test_arms_are_sound() -> None:
    names = [arm.name for arm in ARMS]
    assert len(set(names)) == len(names)
    for arm in ARMS:
        assert arm.label
        assert not arm.export or arm.perceives
        assert not arm.of or (arm.of in KEPT and arm.export)
        assert arm.role in COLOURS
    for each in (GAIN, *DIFFERENCES):
        assert {each.arm, each.other} <= set(names)
    assert set(COLOURS.values()) <= set(plots.STAND_INS)


def test_a_table_that_a_policy_reads_is_that_of_an_arm_that_perceives() -> None:
    tables = {spec.table for spec in get_host().specs(PolicySpec)} - {""}
    assert tables
    for table in tables:
        arm = find_arm(table)
        assert arm is not None, table
        assert arm.perceives


def test_core_names_no_policy_of_a_scenario() -> None:
    names = policies_that_are_no_arms()
    assert len(names) > 5
    assert len(MODULES) > 50
    assert len(TEMPLATES) > 5
    found = {
        (str(path.relative_to(HOME)), text)
        for path in (*MODULES, *TEMPLATES)
        for text in strings(path)
        if text in names
    }
    assert not found


@pytest.mark.parametrize("root", ["core", "sim", "scenarios"])
def test_no_name_is_taken_apart_to_learn_what_it_is(root: str) -> None:
    sources = [p for p in (HOME / root).rglob("*") if p.suffix in (".py", ".j2")]
    assert sources
    asked = re.compile(r"""(?:startswith|endswith|prefix|suffix)\(["'](?:distilled|_?int8)""")
    assert not [str(p) for p in sources if asked.search(p.read_text(encoding="utf-8"))]
