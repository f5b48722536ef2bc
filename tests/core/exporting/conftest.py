"""Small students of toy modalities, with readings to calibrate them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from stillage.builtin import register
from stillage.bundle.runtime import Bundle
from stillage.exporting import TraceCache, export
from stillage.network import Network, NetworkConfig
from stillage.network.batch import Batch
from stillage.network.config import ModalityConfig
from stillage.network.tokens import Tokens
from stillage.plugin.host import Host
from stillage.plugin.spec import Cost, ModalitySpec, SampleSpec, encoder_specs
from stillage.recording.readings import Readings
from stillage.sensing.modality import Modality
from stillage.task import Task

COST = Cost(price_eur=3.0, energy_j=0.25, time_s=0.125)
TASKS = (
    Task(target="material", kind="classification", classes=("PP", "PET", "PE")),
    Task(target="grade", kind="ordinal", classes=("reuse", "repair", "recycle")),
    Task(target="wear", kind="regression", unit="kg"),
)


class Photo(Modality):
    """A photo, bytes last-channel, as cameras give it."""

    spec = ModalitySpec(
        name="photo",
        summary="A photo",
        factory="tests.core.exporting.conftest:Photo",
        sample=SampleSpec(
            shape=(None, None, 3), dtype="uint8", unit="1", axes=("row", "column", "colour")
        ),
        cost=COST,
    )
    standardise = "channel"

    def prepare(self, raw: Tensor) -> Tensor:
        return raw.permute(0, 3, 1, 2).float() / 255.0


class Series(Modality):
    """A short series of numbers."""

    spec = ModalitySpec(
        name="series",
        summary="A series",
        factory="tests.core.exporting.conftest:Series",
        sample=SampleSpec(shape=(None, 2), dtype="float32", unit="V", axes=("time", "channel")),
        cost=COST,
    )

    def prepare(self, raw: Tensor) -> Tensor:
        return torch.log1p(raw.abs())


class ConvEncoder(nn.Module):
    """Conv-BatchNorm-ReLU, pooled: 92,000 parameters at full width."""

    def __init__(self, shape: tuple[int, ...], base: int = 24) -> None:
        super().__init__()
        channels = (base, 2 * base, 3 * base, 4 * base)
        layers: list[nn.Module] = []
        for before, after in zip((shape[0], *channels[:-1]), channels, strict=True):
            layers += [nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after)]
            layers += [nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.width = channels[-1]

    def forward(self, prepared: Tensor) -> Tokens:
        return Tokens(self.layers(prepared).mean((2, 3)).unsqueeze(1))


class LstmEncoder(nn.Module):
    """The last hidden state of an LSTM."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.lstm = nn.LSTM(shape[1], 48, batch_first=True)
        self.width = 48

    def forward(self, prepared: Tensor) -> Tokens:
        return Tokens(self.lstm(prepared)[0][:, -1:])


def tiny(shape: tuple[int, ...]) -> ConvEncoder:
    """The photo's encoder at a sixth of its width."""
    return ConvEncoder(shape, 4)


_HERE = "tests.core.exporting.conftest"
_PHOTO_SIZES = {"small": ("full width", f"{_HERE}:ConvEncoder"), "tiny": ("", f"{_HERE}:tiny")}
_SERIES_SIZES = {"small": ("", f"{_HERE}:LstmEncoder")}
HOST = Host([]).plus(
    [
        *register(),
        Photo.spec,
        Series.spec,
        *encoder_specs("photo", _HERE, _PHOTO_SIZES),
        *encoder_specs("series", _HERE, _SERIES_SIZES),
    ]
)
"""Core's own plugin and the two toys, whatever is installed."""

SHAPES = {"photo": (16, 16, 3), "series": (10, 2)}


def readings(names: tuple[str, ...], count: int = 48, seed: int = 0) -> Readings:
    """Random readings; of several modalities each is absent now and then."""
    draw = np.random.default_rng(seed)
    raw: dict[str, Any] = {}
    presence: dict[str, Any] = {}
    for column, name in enumerate(names):
        if name == "photo":
            levels = draw.integers(0, 200, (count, 1, 1, 3))
            raw[name] = (levels + draw.integers(0, 56, (count, *SHAPES[name]))).astype(np.uint8)
        else:
            scale = draw.uniform(0.2, 3.0, (count, 1, 1))
            raw[name] = (scale * draw.normal(size=(count, *SHAPES[name]))).astype(np.float32)
        presence[name] = np.ones(count, bool)
        if len(names) > 1:
            presence[name][column::5] = False
            raw[name][column::5] = 0
    return Readings(raw, presence)


def batch_of(some: Readings) -> Batch:
    """Readings as a batch."""
    raw = {name: torch.from_numpy(values) for name, values in some.raw.items()}
    masks = {name: torch.from_numpy(mask) for name, mask in some.presence.items()}
    return Batch(np.arange(len(some)), raw, masks)


def student(
    names: tuple[str, ...] = ("photo",),
    size: str = "tiny",
    seed: int = 0,
    tasks: tuple[Task, ...] = TASKS,
    **more: Any,
) -> Network:
    """An untrained student whose statistics are those of :func:`readings`."""
    modalities = {
        name: ModalityConfig(
            size="small" if name == "series" and size == "tiny" else size, shape=SHAPES[name]
        )
        for name in names
    }
    config = NetworkConfig(modalities=modalities, tasks=tasks, width=more.pop("width", 32), **more)
    network = Network(config, HOST, seed)
    network.fit_standardise([batch_of(readings(names))])
    network.fit_targets({"wear": torch.tensor([18.0, 22.0, 26.0])} if len(tasks) == 3 else {})
    network.train()
    for _ in range(20):  # so that batch statistics are those of the readings
        network(batch_of(readings(names)))
    return network.eval()


@pytest.fixture(scope="session")
def traces() -> TraceCache:
    return TraceCache()


@pytest.fixture(scope="session")
def photo_student() -> Network:
    """The student behind ``photo_bundle``; do not change it."""
    return student()


@pytest.fixture(scope="session")
def photo_bundle(
    photo_student: Network, tmp_path_factory: pytest.TempPathFactory, traces: TraceCache
) -> Path:
    """A bundle of a photo student, FP32 and INT8; do not change it."""
    folder = tmp_path_factory.mktemp("bundles") / "photo"
    some = readings(("photo",))
    export(photo_student, folder, calibration=some, cache=traces, runs=5, host=HOST)
    return folder


@pytest.fixture
def spoil(photo_bundle: Path, tmp_path: Path) -> Callable[..., Path]:
    """A copy of the bundle with a changed manifest or changed files."""
    import hashlib
    import shutil

    def change(
        manifest: Callable[[dict[str, Any]], None] | None = None,
        files: dict[str, bytes] | None = None,
        resign: bool = False,
    ) -> Path:
        folder = tmp_path / "spoilt"
        shutil.copytree(photo_bundle, folder)
        described = json.loads((folder / "manifest.json").read_text())
        for name, content in (files or {}).items():
            (folder / name).write_bytes(content)
            for entry in described["files"].values():
                if resign and entry["name"] == name:
                    entry["sha256"] = hashlib.sha256(content).hexdigest()
        if manifest:
            manifest(described)
        if manifest or resign:
            (folder / "manifest.json").write_text(json.dumps(described))
        return folder

    return change


@pytest.fixture
def opened(photo_bundle: Path) -> Bundle:
    return Bundle.open(photo_bundle)
