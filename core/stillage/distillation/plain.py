"""Fit the plain model beside ours: scikit-learn on the same splits, labels and readings."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.task import Task

Floats = NDArray[np.float64]

WIDEST = 512
TREES = 100


class PlainModel:
    """Fit logistic regression for classes, extra-trees for ordinal and regression targets."""

    def __init__(self, task: Task, seed: int = 0) -> None:
        self.task, self.seed = task, seed
        self._model: Any = None

    def fit(self, features: Floats, truth: NDArray[Any]) -> PlainModel:
        """Fit to ``features`` (n, F) and class numbers or values ``truth`` (n,)."""
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
        from sklearn.linear_model import LogisticRegression

        if self.task.kind == "regression":
            self._model = ExtraTreesRegressor(TREES, random_state=self.seed)
        elif self.task.kind == "ordinal":
            self._model = ExtraTreesClassifier(TREES, random_state=self.seed)
        elif len(np.unique(truth)) > 1:
            self._model = LogisticRegression(C=1.0, max_iter=2000)
        else:
            self._model = ExtraTreesClassifier(1, random_state=self.seed)  # one class: constant
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._model.fit(features, truth)
        return self

    def predict(self, features: Floats) -> Floats:
        """Return probabilities (n, K), zero for classes never seen, or values (n,)."""
        if self.task.kind == "regression":
            return np.asarray(self._model.predict(features), np.float64)
        found = np.zeros((len(features), len(self.task.classes)))
        found[:, self._model.classes_.astype(np.int64)] = self._model.predict_proba(features)
        return found

    def decide(self, features: Floats) -> NDArray[Any]:
        """Return the most probable class number (n,), or values (n,)."""
        told = self.predict(features)
        return told if self.task.kind == "regression" else told.argmax(1)


def reduce_features(train: Floats, held_out: Floats) -> tuple[Floats, Floats]:
    """Reduce readings of training samples (n, F) and held-out ones (m, F) to fewer columns.

    Those wider than 512 numbers are projected on at most 64 principal components of the
    training samples (labelled or not), so that images stay affordable.
    """
    if train.shape[1] <= WIDEST:
        return train, held_out
    from sklearn.decomposition import PCA

    components = min(64, *train.shape)
    pca = PCA(components, svd_solver="randomized", random_state=0).fit(train)
    scale = np.sqrt(pca.explained_variance_[:1]) or 1.0
    return pca.transform(train) / scale, pca.transform(held_out) / scale


def plain_arms(
    task: Task,
    rich: tuple[Floats, Floats],
    cheap: tuple[Floats, Floats],
    truth: NDArray[Any],
    labelled: NDArray[np.bool_],
    seed: int,
    paired: NDArray[np.bool_] | None = None,
) -> dict[str, Floats]:
    """Predict the held-out samples by the plain teacher, by labels alone and distilled.

    Parameters
    ----------
    task : Task
        What is told.
    rich, cheap : pairs of float64 arrays (n, F), (m, F)
        Standardised prepared readings of n training and m held-out samples, from
        :func:`reduce_features`.
    truth : array (n,)
        Read only where ``labelled``.
    labelled : bool array (n,)
        The label budget.
    seed : int
        Seed of the trees.
    paired : bool array (n,), optional
        Where the rich readings are there; by default everywhere.
    """
    taught = np.ones(len(labelled), bool) if paired is None else paired
    known = labelled & taught
    teacher = PlainModel(task, seed).fit(rich[0][known], truth[known])
    alone = PlainModel(task, seed).fit(cheap[0][labelled], truth[labelled])
    targets = truth.copy()
    pool = taught & ~labelled
    if pool.any():
        targets[pool] = teacher.decide(rich[0][pool])
    used = taught | labelled
    distilled = PlainModel(task, seed).fit(cheap[0][used], targets[used])
    return {
        "plain_teacher": teacher.predict(rich[1]),
        "plain_labels_only": alone.predict(cheap[1]),
        "plain": distilled.predict(cheap[1]),
    }
