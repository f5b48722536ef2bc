"""The house stays as it was designed: light start, small modules, real import strings.

Arrows and circles are held by import-linter's contracts in pyproject.toml.
"""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from stillage.errors import PluginBroken
from stillage.plugin.host import get_host

HOME = Path(__file__).parent.parent
ROOTS = ("core", "plugins", "sim", "scenarios")
MODULES = sorted(path for root in ROOTS for path in (HOME / root).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module imported anywhere in a file, at the top or inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield str(node.module)


def packages() -> set[str]:
    return {init.parent.name for root in ROOTS for init in (HOME / root).glob("*/__init__.py")}


def test_there_are_modules_to_look_at() -> None:
    assert len(MODULES) > 50
    assert packages() >= {"stillage", "stillage_sim", "stillage_scenarios", "stillage_spectral"}


@pytest.mark.parametrize("root", ROOTS)
def test_no_loose_modules_in_a_root(root: str) -> None:
    assert not list((HOME / root).glob("*.py"))


def test_modules_are_small() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert not [str(path) for path, count in lines.items() if count > 500]


def test_every_module_says_what_it_is_for() -> None:
    silent = [p for p in MODULES if not ast.get_docstring(ast.parse(p.read_text()))]
    assert not silent


@pytest.mark.parametrize("command", [["--help"], ["--version"], ["plugins", "list"]], ids=" ".join)
def test_light_commands_import_nothing_heavy(command: list[str]) -> None:
    code = (
        "import sys\nfrom stillage.cli.main import run\n"
        f"code = run({command!r})\n"
        "heavy = {'torch', 'ray', 'numba', 'h5py', 'sklearn', 'scipy', 'onnx', 'onnxruntime',"
        " 'matplotlib', 'gymnasium', 'av', 'numpy'} & set(sys.modules)\n"
        "sys.exit(f'imported {sorted(heavy)}' if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_stillage_is_light() -> None:
    code = "import sys, stillage; sys.exit(str({'torch', 'numpy', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "set()"


def test_every_import_string_resolves() -> None:
    host, wrong = get_host(), []
    for status in host.statuses():
        for spec in status.specs:
            try:
                host.resolve(spec)
                if api := getattr(spec, "api", ""):
                    host.resolve(api)
            except PluginBroken as error:
                wrong.append(str(error))
    assert not wrong


def test_public_names_resolve() -> None:
    import stillage

    assert set(stillage.__all__) <= set(dir(stillage))
    for name in stillage.__all__:
        assert getattr(stillage, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_this"):
        _ = stillage.nothing_like_this


def test_distill_is_a_function_whatever_was_imported() -> None:
    import stillage

    importlib.import_module("stillage.distillation")
    assert callable(stillage.distill)


def project() -> dict[str, object]:
    table: dict[str, object] = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    return table


def normal(name: str) -> str:
    return re.split(r"[<>=\[;]", name)[0].strip().lower().replace("_", "-")


def test_every_import_is_a_declared_dependency() -> None:
    declared = {normal(name) for name in project()["dependencies"]}  # type: ignore[attr-defined]
    homes, undeclared = packages_distributions(), set()
    for path in MODULES:
        for name in {name.partition(".")[0] for name in imports(path)}:
            if name in sys.stdlib_module_names or name in packages():
                continue
            if not {normal(home) for home in homes.get(name, [name])} & declared:
                undeclared.add((name, str(path.relative_to(HOME))))
    assert not undeclared


def test_every_dependency_is_imported_and_pinned() -> None:
    used = {name.partition(".")[0] for path in MODULES for name in imports(path)}
    homes = packages_distributions()
    distributions = {normal(home) for name in used for home in homes.get(name, [])}
    declared = {normal(name) for name in project()["dependencies"]}  # type: ignore[attr-defined]
    # onnxscript is what torch.onnx.export(dynamo=True) imports.
    assert declared - {"onnxscript"} <= distributions
    pins = (HOME / "constraints.txt").read_text().splitlines()
    pinned = {normal(line) for line in pins if "==" in line}
    assert declared <= pinned


def test_wheel_and_types_know_every_package() -> None:
    tool = tomllib.loads((HOME / "pyproject.toml").read_text())["tool"]
    found = {
        str(i.parent.relative_to(HOME)) for r in ROOTS for i in (HOME / r).glob("*/__init__.py")
    }
    assert set(tool["hatch"]["build"]["targets"]["wheel"]["packages"]) == found
    assert tool["mypy"]["files"] == [*ROOTS, "tests", "docs"]
    assert [p for p in sorted(found) if not (HOME / p / "py.typed").exists()] == []
    assert tool["hatch"]["build"]["dev-mode-dirs"] == list(ROOTS)
