"""Public names say what they are, and every example in a docstring is run."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HOME = Path(__file__).parent.parent
ROOTS = ("core", "plugins", "sim", "scenarios")
EXEMPLARY = ("stillage", "stillage.bundle", "stillage.compute", "stillage.testing")
"""Packages of which every function and class has an example, or names the page that has one."""

Named = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def module_of(path: Path) -> str:
    parts = path.relative_to(HOME).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def faces() -> list[str]:
    """Every package; each says what is public in it."""
    files = sorted(file for root in ROOTS for file in (HOME / root).rglob("__init__.py"))
    assert [file for file in files if "__all__" not in file.read_text("utf-8")] == []
    return [module_of(file) for file in files]


def explained(package: str) -> Iterator[tuple[str, str]]:
    """Name and own docstring ("" for none) of each public function and class of a package."""
    module = importlib.import_module(package)
    for name in module.__all__:
        value: Any = getattr(module, name, None)
        if value is None:  # a module, imported when it is wanted
            value = importlib.import_module(f"{package}.{name}")
        value = getattr(value, "py_func", value)  # of a compiled function
        if inspect.isclass(value):
            text = vars(value).get("__doc__") or ""
            generated = text.startswith(f"{name}(")  # by dataclass or NamedTuple
            yield name, "" if generated else text
        elif inspect.isroutine(value):
            yield name, value.__doc__ or ""


def with_examples(node: ast.AST, name: str) -> Iterator[str]:
    """Dotted names under ``node`` whose docstring holds an example."""
    if isinstance(node, Named | ast.Module) and ">>>" in (ast.get_docstring(node) or ""):
        yield name
    for child in ast.iter_child_nodes(node):
        inner = f".{child.name}" if isinstance(child, Named) else ""
        yield from with_examples(child, name + inner)


@pytest.mark.parametrize("package", faces())
def test_public_names_are_explained(package: str) -> None:
    assert [name for name, text in explained(package) if not text.strip()] == []


@pytest.mark.parametrize("package", EXEMPLARY)
def test_public_names_have_an_example(package: str) -> None:
    for name, text in explained(package):
        page = re.search(r"For an example, see (docs/[\w/-]+\.md)\.", text)
        if page:
            assert re.search(rf"\b{name}\b", (HOME / page[1]).read_text("utf-8")), (name, page[1])
        else:
            assert ">>>" in text, f"{package}.{name}"


def test_every_example_is_run() -> None:
    """What pytest collects is what is written, whatever decorators and lazy imports hide."""
    written = {
        name
        for root in ROOTS
        for file in (HOME / root).rglob("*.py")
        for name in with_examples(ast.parse(file.read_text("utf-8")), module_of(file))
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *ROOTS],
        cwd=HOME,
        capture_output=True,
        text=True,
        check=False,
    )
    collected = {line.partition("::")[2] for line in done.stdout.splitlines() if "::" in line}
    assert done.returncode == 0, done.stdout
    assert len(written) > 300
    assert written - collected == set()
