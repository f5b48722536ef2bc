"""Privileged-information toys (Lopez-Paz et al., 2016) as paired recordings."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from torch import Tensor

from stillage.builtin import register
from stillage.distillation import DistillPlan
from stillage.distillation.bench import Bench
from stillage.plugin.host import Host
from stillage.plugin.spec import Cost, ModalitySpec, SampleSpec
from stillage.recording import Stream, TargetColumn, write_recording
from stillage.sensing.modality import Modality
from stillage.teaching.objectives.base import Objective, Ports
from stillage.teaching.teacher import NetworkTeacher

COST = Cost(price_eur=1.0, energy_j=0.1, time_s=0.01)

Reading = Literal["margin", "noise", "copy"]


class Numbers(Modality):
    """Plain numbers."""

    def prepare(self, raw: Tensor) -> Tensor:
        return raw.float()


def _spec(name: str) -> ModalitySpec:
    return ModalitySpec(
        name=name,
        summary="numbers",
        factory=f"tests.core.distillation.toys:{name.capitalize()}",
        sample=SampleSpec(shape=(None,), dtype="float32", unit="1", axes=("number",)),
        cost=COST,
        default_size="linear",
    )


class Cheap(Numbers):
    """What the student reads."""

    spec = _spec("cheap")


class Rich(Numbers):
    """What the teacher reads too."""

    spec = _spec("rich")


HOST = Host([]).plus([*register(), Cheap.spec, Rich.spec])
"""Core's own plugin and the two toys, whatever is installed."""

PLAN = DistillPlan(teacher=("rich", "cheap"), student=("cheap",), tasks=("side",), labels=8)


class Narrowing(Objective):
    """The size of features and logits; it notes the states of the samples that it was shown."""

    name = "narrowing"
    ports: ClassVar[tuple[str, ...]] = ("student.features", "student.heads", "targets")
    seen: ClassVar[list[Tensor]] = []

    def loss(self, ports: Ports) -> Tensor:
        self.seen.append(ports.states["side"])
        return ports.student.features.square().mean() + ports.student.heads["side"].square().mean()


def fit_own(bench: Bench) -> NetworkTeacher:
    """A teacher by the tools of the bench, from labelled samples alone."""
    samples, labels = bench.labelled
    assert len(samples) == len(labels["side"].values) == labels["side"].known.sum()
    network = bench.preparer()
    bench.fit("teacher", network, bench.rich(network).subset(bench.teacher_rows), labels)
    return NetworkTeacher(network)


def privileged(
    path: Path,
    rich: Reading,
    count: int = 420,
    width: int = 20,
    seed: int = 1,
    split: bool = False,
    flip: np.ndarray | None = None,
) -> Path:
    """Points on two sides of a plane, as the cheap sensor sees them, and a rich sensor.

    The rich sensor reads the clean margin, noise, or the very numbers of the cheap one.
    """
    draw = np.random.default_rng(seed)
    cheap = draw.normal(size=(count, width))
    margin = cheap @ draw.normal(size=width) / np.sqrt(width)
    side = (margin + 0.05 * draw.normal(size=count) > 0).astype(np.int64)
    reading = {
        "margin": margin[:, None],
        "noise": draw.normal(size=(count, 5)),
        "copy": cheap,
    }[rich]
    parts = ["train" if k % 3 else "test" for k in range(count)]
    if flip is not None:
        side = np.where(flip, 1 - side, side)
    return write_recording(
        path,
        [
            Stream("cheap", cheap.astype(np.float32), "1", axes=("number",)),
            Stream("rich", reading.astype(np.float32), "1", axes=("number",)),
        ],
        [TargetColumn("side", "classification", side, classes=("left", "right"))],
        [f"item-{k}" for k in range(count)],
        split=parts if split else None,
        defaults={"teacher": ["rich", "cheap"], "student": ["cheap"], "task": "side"},
    )
