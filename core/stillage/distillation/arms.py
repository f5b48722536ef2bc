"""The arms of one seed: the same student, told different things."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from stillage.counter import generator, stream
from stillage.distillation.arrange import Arrangement
from stillage.distillation.plan import DistillPlan
from stillage.distillation.scoring import Units
from stillage.distillation.trees import ask, fit_trees
from stillage.network import Network, build_network
from stillage.network.student import Student
from stillage.task import Task
from stillage.teaching.bank import TeacherBank
from stillage.teaching.teacher import NetworkTeacher, Teacher
from stillage.training.convex import is_linear
from stillage.training.loop import TrainResult, Validate, train
from stillage.training.samples import PreparedSamples, stream_batches
from stillage.training.supervision import Guidance, Labels, Supervision, Term

if TYPE_CHECKING:
    from stillage.plugin.host import Host
    from stillage.recording import Recording

LINEAR = "linear"

Ints = NDArray[np.int64]
Predictions = dict[str, NDArray[np.float64]]
Told = Callable[[str], None]
"""Called with a line on what has been done."""


@dataclass
class TrainedArm:
    """What one arm came to: its network, its curves, and what it says of held-out samples."""

    network: Network
    result: TrainResult
    predictions: Predictions


@dataclass
class Bench:
    """What the arms of one seed share: samples, label budget, preparation, seed.

    Attributes
    ----------
    recording, plan, seed, arrangement
        What is distilled.
    host : Host, optional
        Default: the installed plugins.
    folder : Path or None
        For checkpoints and the bank while it runs.
    """

    recording: Recording
    plan: DistillPlan
    seed: int
    arrangement: Arrangement
    host: Host | None = None
    folder: Path | None = None
    told: Told = field(default=lambda line: None)

    def network(self, modalities: tuple[str, ...], size: str, kind: type[Network]) -> Network:
        """A fresh network, standardised on the training samples and fitted to the labels."""
        made = build_network(
            self.recording,
            modalities,
            size or None,
            self.arrangement.tasks,
            self.plan.fusion,
            self.seed,
            host=self.host,
            kind=kind,
        )
        made.fit_standardise(
            stream_batches(self.recording, self.arrangement.train, modalities, self.host)
        )
        made.fit_targets(
            {
                name: torch.from_numpy(labels.values[labels.known])
                for name, labels in self.arrangement.labels.items()
            }
        )
        return made.to(self.plan.device)

    def prepared(self, network: Network, samples: Ints) -> PreparedSamples:
        """Samples as ``network`` reads them."""
        return PreparedSamples(network, self.recording, samples, host=self.host)

    def validate(self, network: Network) -> Validate | None:
        """The mean score over tasks of the validation samples, if there are any."""
        chosen = self.arrangement.validation
        if not len(chosen):
            return None
        samples = self.prepared(network, chosen)
        groups = self.recording.group_index[chosen]
        units = {
            name: Units.of(shown.values[shown.known], groups[shown.known])
            for name, shown in self.arrangement.shown.items()
            if shown.known.any()
        }

        def score(trained: Network) -> float:
            said = samples.predict(trained)
            scores = [
                units[task.target].score(
                    task, said[task.target][self.arrangement.shown[task.target].known]
                )
                for task in self.arrangement.tasks
                if task.target in units
            ]
            return float(np.mean(scores)) if scores else 0.0

        return score

    def fit(
        self,
        name: str,
        network: Network,
        samples: PreparedSamples,
        labels: Mapping[str, Labels],
        guidance: Guidance | None = None,
        validate: Validate | None = None,
    ) -> TrainResult:
        """Train ``network`` in place as arm ``name``."""
        how = self.plan.training(self.seed, teacher=name == "teacher")
        batch = min(how.batch, len(samples))
        supervision = Supervision(
            network, labels, terms_of(self.plan), guidance, batch, self.seed, None
        )
        folder = self.folder / name if self.folder else None
        result = train(network, samples, supervision, how, validate, folder)
        self.told(f"{name} trained")
        return result


def terms_of(plan: DistillPlan) -> tuple[Term, ...]:
    """The objectives of a plan; those that need a teacher drop out without one."""
    return (
        Term("label_loss", plan.label_weight),
        Term("soft_target", plan.soft_weight, {"temperature": plan.temperature}),
        Term("feature_hint", plan.hint_weight),
        Term("relational_distance", plan.relational_weight),
    )


def select(labels: Mapping[str, Labels], rows: Ints) -> dict[str, Labels]:
    """Labels of some rows."""
    return {name: Labels(one.values[rows], one.known[rows]) for name, one in labels.items()}


def train_teacher(bench: Bench) -> tuple[Teacher, TrainedArm, PreparedSamples]:
    """The teacher, from the labelled paired samples alone; also the samples it was given.

    The network of a teacher of trees prepares samples for it and has learnt nothing.
    """
    arrangement, plan = bench.arrangement, bench.plan
    trees = plan.teacher_model == "trees"
    network = bench.network(plan.teacher, LINEAR if trees else plan.teacher_size, Network)
    everything = bench.prepared(network, arrangement.train)
    rows = np.flatnonzero(arrangement.known & arrangement.paired)
    labels = select(arrangement.labels, rows)
    if trees:
        samples, held_out = arrangement.train[rows], arrangement.held_out
        teacher = fit_trees(network, bench.recording, samples, labels, bench.seed, bench.host)
        said = ask(teacher, bench.recording, held_out, bench.host)
        bench.told("teacher trained")
        return teacher, TrainedArm(network, TrainResult(), said), everything
    result = bench.fit(
        "teacher", network, everything.subset(rows), labels, validate=bench.validate(network)
    )
    said = bench.prepared(network, arrangement.held_out).predict(network)
    return NetworkTeacher(network), TrainedArm(network, result, said), everything


def guide(bench: Bench, teacher: Teacher, views: int) -> Guidance | None:
    """The teacher's outputs for the pool (features: for all paired samples); None if empty."""
    arrangement, plan = bench.arrangement, bench.plan
    features = plan.hint_weight > 0 or plan.relational_weight > 0
    rows = arrangement.paired if features else arrangement.pool
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
    )
    source = np.where(rows, arrangement.train, -1)
    return Guidance(teacher, bank, source, arrangement.taught)


def shuffle(guidance: Guidance, seed: int) -> Guidance:
    """The same teacher outputs, each given to another sample of the pool."""
    rows = np.flatnonzero(guidance.source >= 0)
    source = guidance.source.copy()
    source[rows] = source[generator(seed, stream("shuffled")).permutation(rows)]
    return Guidance(guidance.teacher, guidance.bank, source, guidance.heads)


def pseudo_labels(
    tasks: tuple[Task, ...],
    labels: Mapping[str, Labels],
    said: Predictions,
    taught: Mapping[str, NDArray[np.bool_]],
) -> dict[str, Labels]:
    """Labels where they are known, a model's own decisions ``said`` (n rows) on the pool."""
    found = {}
    for task in tasks:
        one, own = labels[task.target], said[task.target]
        decided: NDArray[Any] = own if task.kind == "regression" else own.argmax(1)
        values = np.where(one.known, one.values, decided.astype(one.values.dtype))
        found[task.target] = Labels(values, one.known | taught[task.target])
    return found


def train_students(bench: Bench, teacher: Teacher) -> tuple[dict[str, TrainedArm], PreparedSamples]:
    """Labels alone, self-training, shuffled teacher and teacher: same start, same order.

    With an empty pool all four are the same training, which is then done once.
    """
    arrangement, plan = bench.arrangement, bench.plan
    base = bench.network(plan.student, plan.size, Student)
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
        result = bench.fit(
            name, network, everything.subset(rows), select(labels, rows), guidance, validate
        )
        arms[name] = TrainedArm(network, result, held_out.predict(network))

    fit("labels_only", known, arrangement.labels)
    guidance = guide(bench, teacher, 1 if is_linear(base) else plan.views)
    if guidance is None:
        alone = arms["labels_only"]
        return dict.fromkeys(
            ("labels_only", "self_training", "shuffled", "distilled"), alone
        ), everything
    told = np.flatnonzero(arrangement.known | (guidance.source >= 0))
    own = everything.predict(arms["labels_only"].network)
    pseudo = pseudo_labels(arrangement.tasks, arrangement.labels, own, arrangement.taught)
    fit("self_training", told, pseudo)
    fit("shuffled", told, arrangement.labels, shuffle(guidance, bench.seed))
    fit("distilled", told, arrangement.labels, guidance)
    return arms, everything
