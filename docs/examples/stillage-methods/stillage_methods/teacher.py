"""A teacher: the labelled samples themselves."""

from __future__ import annotations

from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from stillage import Task
from stillage.distillation import Bench
from stillage.distillation.trees import fit_estimators
from stillage.teaching.teacher import SklearnTeacher


def fit_neighbours(bench: Bench, count: int = 5) -> SklearnTeacher:
    """Nearest neighbours for each task, among the labelled samples of the teacher's modalities."""
    least = min(int(labels.known.sum()) for labels in bench.labelled[1].values())

    def estimator(task: Task) -> KNeighborsClassifier | KNeighborsRegressor:
        kind = KNeighborsRegressor if task.kind == "regression" else KNeighborsClassifier
        return kind(min(count, least), weights="distance")

    return fit_estimators(bench, estimator)
