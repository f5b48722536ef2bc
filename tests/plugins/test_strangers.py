"""A plugin that core has never heard of, begun with `new`."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillage.cli.skeleton import write_skeleton
from tests.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return Sandbox(tmp_path_factory.mktemp("stranger") / "env")


@pytest.mark.timeout(600)
def test_new_plugin_installs_and_passes_unchanged(sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "sonar"
    files = write_skeleton("sonar-left", folder)
    before = {path: path.read_bytes() for path in files}
    sandbox.install(folder, "-e")
    assert sandbox.plugin("sonar-left")["distribution"] == "stillage-sonar-left"
    assert "pip install -e ." in (folder / "README.md").read_text()
    said = sandbox.run("-m", "pytest", "-q", "-p", "no:cacheprovider", folder, cwd=folder)
    assert "1 passed" in said
    said = sandbox.run("-m", "stillage", "plugins", "check", "sonar-left")
    assert "render() responds to each declared scene field" in said
    assert "encoder sonar-left-small" in said
    assert "FAIL" not in said
    assert {path: path.read_bytes() for path in files} == before
