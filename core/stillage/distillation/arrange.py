"""Arrange one seed's samples: split, label budget and pool, with hidden labels blanked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stillage.distillation.labels import choose_groups, choose_validation, group_strata
from stillage.distillation.plan import DistillPlan
from stillage.distillation.scoring import Units
from stillage.errors import BadInput
from stillage.recording.splits import group_keys, recording_split
from stillage.task import LabelState, Task
from stillage.training.supervision import Labels

if TYPE_CHECKING:
    from stillage.recording import Recording

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Arrangement:
    """Hold one seed's samples; nothing that trains sees more of the targets than :attr:`labels`.

    Attributes
    ----------
    tasks : tuple of Task
        The primary one first.
    train : int64 array (n,)
        Sample numbers to learn from: the pool of paired samples, and labelled ones.
    held_out : int64 array (m,)
        Paired samples to score on.
    labels : dict of Labels (n,)
        What the budget shows; hidden values are blanked.
    paired : bool array (n,)
        Where all modalities of teacher and student are there.
    taught : dict of bool array (n,)
        For each target, the rows whose value the teacher tells: paired, not labelled.
    validation : int64 array (v,)
        Samples of labelled groups that are kept from training to stop it; mostly none.
    shown : dict of Labels (v,)
        Labels of the validation samples.
    scored : dict of int64 array
        For each target, the rows of ``held_out`` whose truth is known.
    units : dict of Units
        For each target, what is scored, over those rows.
    label_groups : dict of str to int
        Labelled groups of each class (or ``""``) of the primary target, validation included.
    """

    tasks: tuple[Task, ...]
    train: Ints
    held_out: Ints
    labels: dict[str, Labels]
    paired: Bools
    taught: dict[str, Bools]
    validation: Ints
    shown: dict[str, Labels]
    scored: dict[str, Ints]
    units: dict[str, Units]
    label_groups: dict[str, int]

    @property
    def known(self) -> Bools:
        """Rows with a label of any target, (n,)."""
        return np.asarray(np.any([one.known for one in self.labels.values()], axis=0))

    @property
    def pool(self) -> Bools:
        """Rows of which the teacher tells any target, (n,)."""
        return np.asarray(np.any(list(self.taught.values()), axis=0))


def _present(recording: Recording, modalities: Iterable[str], every: bool) -> Bools:
    table = [recording.presence(name) for name in modalities]
    return np.asarray(np.all(table, axis=0) if every else np.any(table, axis=0))


def _labels(recording: Recording, task: Task, samples: Ints, show: Bools) -> Labels:
    column = recording.targets[task.target]
    known = show & (column.states[samples] == LabelState.LABELLED)
    return Labels(column.values[samples], known)


def arrange(recording: Recording, plan: DistillPlan, seed: int) -> Arrangement:
    """Split, spend the label budget, and blank what it does not show.

    Raises
    ------
    BadInput
        If no paired sample is held out, or the budget shows no label of a target.
    """
    tasks = tuple(recording.targets[name].task for name in plan.tasks)
    column = recording.targets[plan.primary]
    groups = recording.group_index
    split = recording_split(recording, plan.primary, plan.held_out, seed)
    paired = _present(recording, (*plan.teacher, *plan.student), every=True)
    readable = _present(recording, plan.student, every=False)
    train = split.train
    if plan.open_set:
        outside = (column.states == LabelState.OUT_OF_SET) & paired
        apart = outside & ~np.isin(groups, groups[split.held_out])
        train = np.union1d(train, np.flatnonzero(apart))
    held_out = split.held_out[paired[split.held_out]]
    if not len(held_out):
        raise BadInput(recording.path, "no held-out sample with all modalities", "paired samples")

    labelled = train[column.states[train] == LabelState.LABELLED]
    strata = np.full(len(recording.group_names), -1, np.int64)
    found = group_strata(column.values[labelled], groups[labelled], column.kind)
    strata[: len(found)] = found
    keys = group_keys(recording.group_names, seed, "labels")
    chosen = choose_groups(strata, column.kind, plan.labels, keys)
    order = group_keys(recording.group_names, seed, "validation")
    aside = choose_validation(strata, chosen, plan.validate_from, order)

    shown = np.isin(groups, chosen)
    validating = np.isin(groups, aside)
    validation = train[validating[train] & readable[train]]
    train = train[~validating[train]]
    train = train[paired[train] | (readable & shown)[train]]
    labels = {t.target: _labels(recording, t, train, shown[train]) for t in tasks}
    train, labels = _drop_useless(train, labels, paired)
    taught = {
        t.target: paired[train] & ~labels[t.target].known & _inside(recording, t, train, plan)
        for t in tasks
    }
    for name, known in labels.items():
        if not (known.known & paired[train]).any():
            raise BadInput("--labels", f"no labelled paired sample of {name!r}", "a larger budget")
    scored, units = {}, {}
    for task in tasks:
        truth = recording.targets[task.target]
        scored[task.target] = np.flatnonzero(truth.states[held_out] == LabelState.LABELLED)
        some = held_out[scored[task.target]]
        if not len(some):
            raise BadInput(f"target {task.target!r}", "no held-out sample with a label", "some")
        if (truth.values[some] == truth.values[some[0]]).all():
            alike = "one and the same value in all held-out samples"
            raise BadInput(f"target {task.target!r}", alike, "two values or more to score")
        units[task.target] = Units.of(truth.values[some], groups[some])
    return Arrangement(
        tasks,
        train,
        held_out,
        labels,
        paired[train],
        taught,
        validation,
        {t.target: _labels(recording, t, validation, shown[validation]) for t in tasks},
        scored,
        units,
        _count(tasks[0], strata[chosen]),
    )


def _inside(recording: Recording, task: Task, samples: Ints, plan: DistillPlan) -> Bools:
    if plan.open_set:
        return np.ones(len(samples), bool)
    return np.asarray(recording.targets[task.target].states[samples] != LabelState.OUT_OF_SET)


def _drop_useless(
    train: Ints, labels: dict[str, Labels], paired: Bools
) -> tuple[Ints, dict[str, Labels]]:
    """Leave out samples that are neither paired nor labelled: nobody can tell them anything."""
    kept = paired[train] | np.any([labels[name].known for name in labels], axis=0)
    return train[kept], {
        name: replace(one, values=one.values[kept], known=one.known[kept])
        for name, one in labels.items()
    }


def _count(task: Task, strata: Ints) -> dict[str, int]:
    if task.kind == "regression" or len(np.unique(strata)) == 1:
        return {"": len(strata)}
    return {name: int((strata == k).sum()) for k, name in enumerate(task.classes)}
