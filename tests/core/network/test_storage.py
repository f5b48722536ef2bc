"""Saved networks come back exactly; damaged and hostile folders get one line."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from stillage.errors import BadInput
from stillage.network import Network
from stillage.network.config import NetworkConfig
from tests.core.toys import HOST, TASKS

CONFIG = {
    "modalities": {"strip": {"size": "small", "shape": (4,)}},
    "tasks": [task.model_dump() for task in TASKS],
    "width": 5,
}

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Network(NetworkConfig.model_validate(CONFIG), HOST).save(tmp_path / "net")
    return tmp_path / "net"


def change(folder: Path, edit: Edit) -> None:
    file = folder / "network.json"
    content = json.loads(file.read_text())
    edit(content["network"])
    file.write_text(json.dumps(content))


def refused(folder: Path) -> str:
    with pytest.raises(BadInput) as caught:
        Network.load(folder, HOST)
    text = str(caught.value)
    assert "\n" not in text
    assert folder.name in text or "strip" in text
    return text


def test_missing_and_damaged_files(folder: Path) -> None:
    weights = (folder / "weights.pt").read_bytes()
    for damage in (b"", b"not a zip", weights[: len(weights) // 2], weights[:-40]):
        (folder / "weights.pt").write_bytes(damage)
        assert "weights" in refused(folder)
    (folder / "weights.pt").unlink()
    assert "weights.pt" in refused(folder)
    (folder / "network.json").write_text("{")
    assert "network.json" in refused(folder)
    (folder / "network.json").unlink()
    assert "No such file" in refused(folder)


def test_flipped_bytes_never_escape_as_another_error(folder: Path) -> None:
    weights = bytearray((folder / "weights.pt").read_bytes())
    before = Network.load(folder, HOST).fingerprint()
    for place in range(0, len(weights), 97):
        damaged = bytearray(weights)
        damaged[place] ^= 0xFF
        (folder / "weights.pt").write_bytes(damaged)
        try:
            loaded = Network.load(folder, HOST)
        except BadInput:
            continue
        assert loaded.fingerprint() == before


def test_pickled_code_is_not_run(folder: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "pwned"),)

    torch.save({"heads.0.linear.bias": Evil()}, folder / "weights.pt")
    refused(folder)
    (folder / "weights.pt").write_bytes(pickle.dumps(Evil()))
    refused(folder)
    assert not (tmp_path / "pwned").exists()


def test_a_small_file_cannot_make_us_allocate(folder: Path) -> None:
    change(folder, lambda c: c["modalities"]["strip"]["parameters"].update(hidden=3_000_000_000))
    assert "bytes" in refused(folder)


def test_a_bomb_of_weights_is_refused(folder: Path) -> None:
    with zipfile.ZipFile(folder / "weights.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(64 << 20))
    assert (folder / "weights.pt").stat().st_size < 1 << 20
    assert "about" in refused(folder)


@pytest.mark.parametrize(
    "edit",
    [
        lambda c: c.update(width=10**9),
        lambda c: c.update(extra=1),
        lambda c: c["modalities"]["strip"].update(shape=[10**12]),
        lambda c: c["modalities"]["strip"].update(shape=[65536, 65536]),
        lambda c: c["modalities"]["strip"].update(shape=[5]),
        lambda c: c["modalities"]["strip"].update(size="../../etc"),
        lambda c: c["modalities"].update({"../strip": c["modalities"].pop("strip")}),
        lambda c: c["modalities"]["strip"]["parameters"].update(hidden=-4),
        lambda c: c["modalities"]["strip"]["parameters"].update(unheard=1),
        lambda c: c.update(modalities={}),
        lambda c: c.update(tasks=[]),
        lambda c: c.update(tasks=[c["tasks"][0]] * 2),
        lambda c: c["tasks"][0].update(classes=["PET"]),
        lambda c: c["tasks"][0].update(classes=["PET", "PET", "PP"]),
        lambda c: c["fusion"].update(name="unheard"),
        lambda c: c.update(width=7),
    ],
)
def test_an_edited_description_is_refused_in_one_line(folder: Path, edit: Edit) -> None:
    change(folder, edit)
    with pytest.raises(BadInput) as caught:
        Network.load(folder, HOST)
    assert "\n" not in str(caught.value)


def test_names_of_targets_never_matter_to_files_or_attributes(tmp_path: Path) -> None:
    names = ["../../x", "keys", "a.b", "forward", "training"]
    tasks = [TASKS[0].model_copy(update={"target": n}) for n in names]
    config = NetworkConfig.model_validate(CONFIG | {"tasks": [t.model_dump() for t in tasks]})
    network = Network(config, HOST)
    network.save(tmp_path / "net")
    assert {p.name for p in tmp_path.rglob("*")} == {"net", "network.json", "weights.pt"}
    assert Network.load(tmp_path / "net", HOST).fingerprint() == network.fingerprint()


def test_another_format_is_refused_by_its_number(folder: Path) -> None:
    file = folder / "network.json"
    file.write_text(file.read_text().replace('"format_version": 1', '"format_version": 2'))
    assert "format_version" in refused(folder)


def test_not_finite_weights_are_refused(folder: Path) -> None:
    network = Network.load(folder, HOST)
    with torch.no_grad():
        network.head("wear").get_parameter("linear.bias").fill_(float("nan"))
    network.save(folder)
    assert "NaN" in refused(folder)
