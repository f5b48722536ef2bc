"""Fit teachers of scikit-learn on prepared samples, for tasks where no network beats them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from stillage.errors import BadInput
from stillage.teaching.teacher import SklearnTeacher
from stillage.training.samples import stream_batches

if TYPE_CHECKING:
    from stillage.distillation.bench import Bench
    from stillage.task import Task


def fit_estimators(bench: Bench, estimator: Callable[[Task], Any]) -> SklearnTeacher:
    """Fit an estimator for each task on the prepared, standardised samples with a label of it.

    Parameters
    ----------
    bench : Bench
        What to learn from.
    estimator : callable of Task
        Gives an unfitted scikit-learn classifier with ``predict_proba``, or a regressor.
    """
    teacher = SklearnTeacher(
        bench.preparer(), {task.target: estimator(task) for task in bench.arrangement.tasks}
    )
    samples, labels = bench.labelled
    batches = stream_batches(bench.recording, samples, teacher.modalities, bench.host)
    matrix = torch.cat([teacher.features(batch) for batch in batches]).numpy()
    for task in teacher.tasks:
        known = labels[task.target].known
        teacher.estimators[task.target].fit(matrix[known], labels[task.target].values[known])
    bench.told("teacher trained")
    return teacher


def fit_trees(bench: Bench, trees: int = 100) -> SklearnTeacher:
    """Fit the teacher ``trees``: extra-trees (Geurts et al., 2006) for each task."""
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    if trees < 1:
        raise BadInput("teacher 'trees' trees", trees, "at least 1")

    def estimator(task: Task) -> Any:
        kind = ExtraTreesRegressor if task.kind == "regression" else ExtraTreesClassifier
        return kind(trees, random_state=bench.seed)

    return fit_estimators(bench, estimator)
