"""The built-in plugins pass the conformance kit that third parties use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stillage.cli.main import run
from stillage.plugin.host import get_host
from stillage.testing import PROMISES, check_fusion, check_modality, check_objective, check_reader

HOST = get_host()


@pytest.mark.parametrize("name", [spec.name for spec in HOST.specs("modality")])
def test_modality_conforms(name: str) -> None:
    own = [spec for spec in HOST.specs("encoder") if spec.modality == name]
    wanted = len(PROMISES["modality"]) + len(own) * len(PROMISES["encoder"])
    assert len(check_modality(name)) == wanted


@pytest.mark.parametrize("name", [spec.name for spec in HOST.specs("modality")])
def test_every_size_has_an_encoder(name: str) -> None:
    sizes = {"linear", HOST.spec("modality", name).default_size}
    for size in sizes:
        assert HOST.encoder(name, size).name == f"{name}-{size}"


@pytest.mark.parametrize("name", [spec.name for spec in HOST.specs("fusion")])
def test_fusion_conforms(name: str) -> None:
    assert len(check_fusion(name)) >= len(PROMISES["fusion"])


@pytest.mark.parametrize("name", [spec.name for spec in HOST.specs("objective")])
def test_objective_conforms(name: str) -> None:
    assert len(check_objective(name)) >= len(PROMISES["objective"])


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A folder of small tables, as people have them."""
    rng = np.random.default_rng(0)
    lines = ["group,split,path:led,target:polymer"]
    for k in range(6):
        np.save(tmp_path / f"{k}.npy", rng.random(8, np.float32))
        lines.append(f"item-{k},{'train' if k < 4 else 'test'},{k}.npy,{'PP' if k % 2 else 'PET'}")
    (tmp_path / "set.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "set.csv"


def test_manifest_conforms(manifest: Path) -> None:
    assert len(check_reader("manifest", manifest, task="polymer")) == len(PROMISES["reader"])
    assert check_reader("manifest", manifest, cut="3.npy")


def test_plastic_scanner_conforms(real_data: Path) -> None:
    folder = real_data / "plastic_scanner_paired"
    assert check_reader("plastic-scanner", folder, cut="led8.csv")


def test_the_command_checks_a_reader_too(manifest: Path, capsys) -> None:
    assert run(["plugins", "check", "manifest", "--path", str(manifest), "-o", "task=polymer"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) == len(PROMISES["reader"])
    assert all(line.startswith("pass  reader manifest: ") for line in out)
    (manifest.parent / "4.npy").write_bytes(b"")
    assert run(["plugins", "check", "manifest", "--path", str(manifest)]) == 1
    assert "FAIL  reader manifest: the reader turns the example" in capsys.readouterr().out
