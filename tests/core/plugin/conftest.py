"""Entry points of plugins that were never installed: modules written to a folder on the path."""

from __future__ import annotations

import importlib.metadata
import sys
import textwrap
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

Plant = Callable[..., EntryPoint]

HEAD = """
from stillage.plugin import hookimpl
from stillage.plugin.spec import Cost, FusionSpec, ModalitySpec, SampleSpec, PolicySpec

def fusion(name, factory="json:loads", **more):
    return FusionSpec(name=name, summary="s", factory=factory, **more)
"""


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """``plant(name, source, distribution, version)`` gives the entry point of a new plugin.

    Its distribution is real metadata on disk, as an installer would leave them.
    """
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def make(
        name: str, source: str, distribution: str = "", version: str = "1.0", head: str = HEAD
    ) -> EntryPoint:
        distribution = distribution or f"stillage-{name}"
        module = f"planted_{name}_{len(made)}"
        (tmp_path / f"{module}.py").write_text(head + textwrap.dedent(source))
        made.append(module)
        info = tmp_path / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        (info / "entry_points.txt").write_text(f"[stillage]\n{name} = {module}\n")
        dist = importlib.metadata.Distribution.at(info)
        return next(iter(dist.entry_points))

    yield make
    for module in made:
        sys.modules.pop(module, None)
