"""The worked example, a modality that core has never heard of: built, installed and distilled."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from stillage.recording import Recording
from tests.sandbox import Sandbox

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "stillage-radar"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return Sandbox(tmp_path_factory.mktemp("stranger") / "env")


@pytest.mark.timeout(600)
def test_the_radar_is_built_installed_and_distilled(sandbox: Sandbox, tmp_path: Path) -> None:
    """As its README says, by its own commands, from a wheel."""
    source = shutil.copytree(EXAMPLE, tmp_path / "source")
    sandbox.run("-m", "build", "--wheel", "--no-isolation", "-o", tmp_path / "dist", source)
    (wheel,) = (tmp_path / "dist").glob("stillage_radar-*.whl")
    sandbox.install(wheel)
    shutil.move(source / "stillage_radar", tmp_path / "gone")
    found = sandbox.plugin("radar")
    assert (found["distribution"], found["modalities"]) == ("stillage-radar", ["radar"])
    assert found["formats"] == {"modality radar": [".rdm"]}
    assert " passed" in sandbox.run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", source / "tests"
    )

    pairs, taught = tmp_path / "pairs.h5", tmp_path / "taught"
    sandbox.run("-m", "stillage_radar.pairs", pairs)
    with Recording.open(pairs) as recording:
        assert recording.modalities["radar"].unit == "dB"
    options = ("--labels", "8", "--seeds", "2", "--workers", "0", "--out", taught, "--json")
    said = sandbox.run("-m", "stillage", "distill", pairs, *options)
    arms = json.loads(said)["arms"]
    assert arms["teacher"]["mean"] > arms["labels_only"]["mean"] > 1.3 / 6, arms
    assert arms["distilled"]["mean"] > arms["shuffled"]["mean"], arms
    sandbox.run("-m", "stillage", "export", taught / "student", tmp_path / "bundle")
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    assert [entry["name"] for entry in manifest["modalities"]] == ["radar"]


def test_core_has_never_heard_of_it() -> None:
    assert "stillage_radar" not in sys.modules
    roots = [EXAMPLE.parents[2] / name for name in ("core", "plugins", "sim", "scenarios")]
    heard = [p for root in roots for p in root.rglob("*.py") if re.search("radar", p.read_text())]
    assert not heard


def test_the_readme_says_how(tmp_path: Path) -> None:
    text = (EXAMPLE / "README.md").read_text()
    assert "stillage distill pairs.h5 --teacher led,radar --student radar --labels 8" in text
    for path in re.findall(r"\| `([\w.]+\.py)`", text):
        assert (EXAMPLE / "stillage_radar" / path).is_file()
