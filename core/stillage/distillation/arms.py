"""Train the arms of one seed: the same student, supervised in different ways."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.counter import generator, stream
from stillage.distillation.arm_table import DISTILLED, LABELS_ONLY, STUDENTS
from stillage.distillation.bench import Bench, Ints, select
from stillage.network import Network
from stillage.task import Task
from stillage.teaching.bank import TeacherBank
from stillage.teaching.teacher import Teacher
from stillage.training.convex import is_linear
from stillage.training.loop import TrainResult
from stillage.training.samples import PreparedSamples
from stillage.training.supervision import Guidance, Labels, about_all_taught, create_objective

Predictions = dict[str, NDArray[np.float64]]


@dataclass
class TrainedArm:
    """Hold a trained arm: its network, its training curves and its held-out predictions."""

    network: Network
    result: TrainResult
    predictions: Predictions


def _guide(bench: Bench, teacher: Teacher, views: int) -> Guidance | None:
    """Return the teacher's outputs for the samples whose objectives need them; None if none does.

    These are the pool, and all paired samples where an objective is about all of them; features
    are kept where one reads them.
    """
    arrangement = bench.arrangement
    ports = [create_objective(one, bench.host).ports for one in bench.plan.objectives]
    rows = arrangement.paired if any(map(about_all_taught, ports)) else arrangement.pool
    if not rows.any():
        return None
    folder = bench.folder / "bank" if bench.folder else None
    bank = TeacherBank.build(
        teacher,
        bench.recording,
        arrangement.train[rows],
        views,
        bench.seed,
        folder,
        host=bench.host,
        features=any("teacher.features" in each for each in ports),
    )
    source = np.where(rows, arrangement.train, -1)
    return Guidance(teacher, bank, source, arrangement.taught)


def shuffle(guidance: Guidance, seed: int) -> Guidance:
    """Give each sample of the pool the teacher's outputs of another one."""
    rows = np.flatnonzero(guidance.source >= 0)
    source = guidance.source.copy()
    source[rows] = source[generator(seed, stream("shuffled")).permutation(rows)]
    return Guidance(guidance.teacher, guidance.bank, source, guidance.heads)


def _pseudo_labels(
    tasks: tuple[Task, ...],
    labels: Mapping[str, Labels],
    said: Predictions,
    taught: Mapping[str, NDArray[np.bool_]],
) -> dict[str, Labels]:
    """Return labels where they are known, and a model's decisions ``said`` (n rows) on the pool."""
    found = {}
    for task in tasks:
        one, own = labels[task.target], said[task.target]
        decided: NDArray[Any] = own if task.kind == "regression" else own.argmax(1)
        values = np.where(one.known, one.values, decided.astype(one.values.dtype))
        found[task.target] = Labels(values, one.known | taught[task.target])
    return found


def train_students(bench: Bench, teacher: Teacher) -> tuple[dict[str, TrainedArm], PreparedSamples]:
    """Train each arm's student from the same start in the same order of samples.

    With an empty pool all four are the same training, which is then done once.
    """
    arrangement, plan = bench.arrangement, bench.plan
    base = bench.network(plan.student, plan.size, plan.fusion, plan.student_model)
    everything = bench.prepared(base, arrangement.train)
    held_out = bench.prepared(base, arrangement.held_out)
    validate = bench.validate(base)
    known = np.flatnonzero(arrangement.known)
    arms: dict[str, TrainedArm] = {}

    def fit(
        name: str, rows: Ints, labels: Mapping[str, Labels], guidance: Guidance | None = None
    ) -> None:
        network = copy.deepcopy(base)
        if guidance:
            guidance = Guidance(
                guidance.teacher,
                guidance.bank,
                guidance.source[rows],
                {target: taught[rows] for target, taught in guidance.heads.items()},
            )
        samples = everything.subset(rows)
        result = bench.fit(name, network, samples, select(labels, rows), guidance, validate)
        arms[name] = TrainedArm(network, result, held_out.predict(network))

    fit(LABELS_ONLY, known, arrangement.labels)
    guidance = _guide(bench, teacher, 1 if is_linear(base) else plan.views)
    if guidance is None:
        return dict.fromkeys(STUDENTS, arms[LABELS_ONLY]), everything
    told = np.flatnonzero(arrangement.known | (guidance.source >= 0))
    own = everything.predict(arms[LABELS_ONLY].network)
    pseudo = _pseudo_labels(arrangement.tasks, arrangement.labels, own, arrangement.taught)
    fit("self_training", told, pseudo)
    fit("shuffled", told, arrangement.labels, shuffle(guidance, bench.seed))
    fit(DISTILLED, told, arrangement.labels, guidance)
    return arms, everything
