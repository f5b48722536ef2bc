"""Distilling from a teacher bank against asking the teacher again in each step.

The teacher is made just deep enough for its forward pass to take ten of the student's training
steps; both sides take the same steps and reach the same losses (``tests/core/bank``). The
peer keeps its prepared samples in memory; our side reads and prepares them to build the bank.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from stillage.network import Network, build_network
from stillage.network.batch import Outputs, load_batch
from stillage.network.tokens import Tokens
from stillage.plugin.spec import encoder_specs
from stillage.recording import Recording
from stillage.teaching.bank import TeacherBank
from stillage.teaching.objectives.base import ObjectiveContext, Ports
from stillage.teaching.objectives.feature_hint import FeatureHint
from stillage.teaching.objectives.soft_target import SoftTarget
from stillage.teaching.teacher import NetworkTeacher
from tests.benchmarks.harness import Benchmark
from tests.core.toys import HOST as TOYS
from tests.core.toys import MATERIAL, toy_recording

EPOCHS, BATCH, SAMPLES, TIMES = 20, 64, 256, 10.0
MODALITIES = ("strip", "picture")


class DeepEncoder(nn.Module):
    """A perceptron of as many layers as it takes."""

    depth = 1

    def __init__(self, shape: tuple[int, ...], width: int = 512) -> None:
        super().__init__()
        self.width = width
        sizes = [int(np.prod(shape)), *[width] * self.depth]
        layers = [nn.Sequential(nn.Linear(a, b), nn.ReLU()) for a, b in pairwise(sizes)]
        self.body = nn.Sequential(nn.Flatten(), *layers)

    def forward(self, prepared: Tensor) -> Tokens:
        return Tokens(self.body(prepared).unsqueeze(1))


_SIZES = {"large": ("as deep as it takes", "tests.benchmarks.bank_bench:DeepEncoder")}
HOST = TOYS.plus(spec for name in MODALITIES for spec in encoder_specs(name, "", _SIZES))
"""The toys, with a teacher's encoder."""


class Distilling:
    """One student's training, fed by a bank or by the live teacher."""

    def __init__(self, recording: Recording, depth: int) -> None:
        self.recording, DeepEncoder.depth = recording, depth
        heard = recording.presence("strip") & recording.presence("picture")
        self.samples = np.flatnonzero(heard)[:SAMPLES]
        self.batch = load_batch(recording, self.samples, MODALITIES, [MATERIAL], host=HOST)
        network = build_network(recording, MODALITIES, "large", [MATERIAL], host=HOST)
        network.fit_standardise([self.batch])
        self.teacher = NetworkTeacher(network)
        self.prepared = network.prepare(self.batch)

    def live(self, rows: np.ndarray) -> Outputs:
        """Ask the teacher again, of samples that are prepared already."""
        with torch.inference_mode():
            outputs = self.teacher.network.forward_prepared(self.prepared.select(rows))
        return outputs.detach()

    def train(self, told: Callable[[np.ndarray], Outputs], epochs: int = EPOCHS) -> Network:
        """Twenty epochs of the student on whatever the teacher says."""
        student = build_network(
            self.recording, ["strip"], "small", [MATERIAL], width=16, host=HOST
        ).train()
        student.fit_standardise([self.batch])
        prepared = student.prepare(self.batch)
        everything = self.live(np.arange(8)).features
        objectives = [SoftTarget(), FeatureHint()]
        context = ObjectiveContext.of(
            student, self.teacher, BATCH, (everything.mean(0), everything.std(0))
        )
        for objective in objectives:
            objective.bind(context)
        learnt = [*student.parameters(), *(p for o in objectives for p in o.parameters())]
        optimiser = torch.optim.Adam(learnt, lr=1e-3)
        order = np.random.default_rng(0)
        for _ in range(epochs):
            for rows in np.split(order.permutation(len(self.samples)), len(self.samples) // BATCH):
                outputs = student.forward_prepared(prepared.select(rows))
                ports = Ports(outputs, told(rows))
                loss = torch.stack([o(ports) for o in objectives]).sum()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        return student

    def from_bank(self) -> None:
        """Build the bank, then train from it."""
        bank = TeacherBank.build(self.teacher, self.recording, self.samples, host=HOST)
        self.train(lambda rows: bank.fetch(self.samples[rows]))

    def from_live(self) -> None:
        """Train with the teacher in every step."""
        self.train(self.live)

    def relative(self) -> float:
        """Teacher forward of one batch in training steps of the student (median of 5)."""
        rows = np.arange(BATCH)
        steps = len(self.samples) // BATCH
        told = self.live(rows)
        forwards, trained = [], []
        for _ in range(5):
            start = time.perf_counter()
            self.live(rows)
            forwards.append(time.perf_counter() - start)
            start = time.perf_counter()
            self.train(lambda _: told, 2)
            trained.append((time.perf_counter() - start) / (2 * steps))
        return statistics.median(forwards) / statistics.median(trained)


def benchmarks() -> list[Benchmark]:
    torch.set_num_threads(1)
    folder = tempfile.TemporaryDirectory()
    recording = toy_recording(Path(folder.name) / "toys.h5", count=600)
    depth = 8
    distilling = Distilling(recording, depth)
    while (relative := distilling.relative()) < TIMES:
        depth = int(depth * max(1.1, TIMES / relative)) + 1
        distilling = Distilling(recording, depth)

    def ours() -> None:
        assert folder.name  # keeps the recording's folder
        distilling.from_bank()

    return [
        Benchmark(
            name=f"distil from the bank, {EPOCHS} epochs",
            unit="s",
            ours=ours,
            peer=distilling.from_live,
            peer_version=f"teacher in each step, {relative:.0f}x a step, torch {torch.__version__}",
            target=4.0,
        )
    ]
