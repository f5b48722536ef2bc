"""Toy modalities, encoders and a small recording for tests of the core."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from stillage.builtin import register
from stillage.network.tokens import Tokens
from stillage.plugin.host import Host
from stillage.plugin.spec import Cost, EncoderSpec, ModalitySpec, SampleSpec, encoder_specs
from stillage.recording import Recording, Stream, TargetColumn, write_recording
from stillage.sensing.augment import View
from stillage.sensing.modality import Modality
from stillage.task import LabelState, Task

COST = Cost(price_eur=2.0, energy_j=0.5, time_s=0.1)


class Strip(Modality):
    """Four numbers."""

    spec = ModalitySpec(
        name="strip",
        summary="Four numbers",
        factory="tests.core.toys:Strip",
        sample=SampleSpec(shape=(4,), dtype="float32", unit="1", axes=("band",)),
        cost=COST,
        default_size="linear",
    )

    def prepare(self, raw: Tensor) -> Tensor:
        return raw.float()


class Picture(Modality):
    """A tiny picture, mirrored in augmented views."""

    spec = ModalitySpec(
        name="picture",
        summary="A tiny picture",
        factory="tests.core.toys:Picture",
        sample=SampleSpec(
            shape=(1, None, 6), dtype="uint8", unit="1", axes=("channel", "row", "column")
        ),
        cost=COST,
        default_size="small",
    )
    standardise = "channel"

    def prepare(self, raw: Tensor) -> Tensor:
        return raw.float() / 255.0

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        import torch

        flip = torch.from_numpy(view.uniform("flip") < 0.5)
        return torch.where(flip[:, None, None, None], prepared.flip(-1), prepared)


class Chirp(Modality):
    """A ragged series, padded or cut to eight steps."""

    spec = ModalitySpec(
        name="chirp",
        summary="A ragged series",
        factory="tests.core.toys:Chirp",
        sample=SampleSpec(shape=(None,), dtype="float32", unit="V", axes=("time",), ragged=True),
        cost=COST,
    )

    def collate(self, rows: Sequence[NDArray[Any]]) -> NDArray[Any]:
        dense = np.zeros((len(rows), 8), np.float32)
        for place, row in enumerate(rows):
            dense[place, : len(row[:8])] = row[:8]
        return dense

    def prepare(self, raw: Tensor) -> Tensor:
        return raw.float()


class SmallEncoder(nn.Module):
    """Batch statistics and dropout, to see that neither moves in a teacher."""

    def __init__(self, shape: tuple[int, ...], hidden: int = 8) -> None:
        super().__init__()
        self.width = hidden
        size = int(np.prod(shape))
        self.body = nn.Sequential(
            nn.Flatten(), nn.Linear(size, hidden), nn.BatchNorm1d(hidden), nn.Dropout(0.5)
        )

    def forward(self, prepared: Tensor) -> Tokens:
        return Tokens(self.body(prepared).unsqueeze(1))


def small(*modalities: str) -> list[EncoderSpec]:
    """The small encoder of each of these modalities."""
    sizes = {"small": ("batch statistics and dropout", "tests.core.toys:SmallEncoder")}
    return [spec for name in modalities for spec in encoder_specs(name, "", sizes)]


HOST = Host([]).plus(
    [*register(), Strip.spec, Picture.spec, Chirp.spec, *small("strip", "picture", "chirp")]
)
"""Core's own plugin and the toys, whatever is installed."""

MATERIAL = Task(target="material", kind="classification", classes=("PET", "PP", "PS"))
GRADE = Task(target="grade", kind="ordinal", classes=("reuse", "repair", "recycle"))
WEAR = Task(target="wear", kind="regression", unit="kg")
TASKS = (MATERIAL, GRADE, WEAR)


def toy_recording(path: Path, count: int = 90, seed: int = 0) -> Recording:
    """Strips (one in nine absent), pictures (one in seven absent) and ragged chirps."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 3, count)
    strips = (draw.normal(size=(count, 4)) + truth[:, None] * [1, -1, 0.5, 0]).astype(np.float32)
    pictures = draw.integers(0, 100, (count, 1, 6, 6)) + 50 * truth[:, None, None, None]
    lengths = draw.integers(3, 12, count)
    strip_index = np.arange(count)
    strip_index[4::9] = -1
    picture_index = np.arange(count)
    picture_index[5::7] = -1
    states = np.full(count, LabelState.LABELLED, np.int8)
    states[10:20] = LabelState.UNLABELLED
    states[20:25] = LabelState.OUT_OF_SET
    write_recording(
        path,
        [
            Stream("strip", strips, "1", strip_index, axes=("band",)),
            Stream("picture", pictures.astype(np.uint8), "1", picture_index),
            Stream("chirp", [draw.normal(size=n).astype(np.float32) for n in lengths], "V"),
        ],
        [
            TargetColumn("material", "classification", truth, states, MATERIAL.classes),
            TargetColumn("grade", "ordinal", truth, classes=GRADE.classes),
            TargetColumn("wear", "regression", 20.0 + 3.0 * truth + strips[:, 0], unit="kg"),
        ],
        [f"item-{k // 2}" for k in range(count)],
    )
    return Recording.open(path)
