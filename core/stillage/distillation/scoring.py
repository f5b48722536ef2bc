"""Score a model on held-out groups, as sums that can be resampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.distillation.labels import one_value_each
from stillage.statistics import score_from_sums, score_sums
from stillage.task import Task

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Units:
    """Hold what is scored: groups where a group has one truth, else samples.

    Scans of one item are averaged before they are scored. In a block of time whose samples
    differ in truth there is nothing to average: its samples are scored, and resampled together.

    Attributes
    ----------
    truth : array (U,)
        Class numbers or values of the units.
    unit_of : int64 array (n,)
        The unit of each held-out sample.
    group_of : int64 array (U,)
        The group number of each unit.
    per_group : bool
        Whether units are groups.
    """

    truth: NDArray[Any]
    unit_of: Ints
    group_of: Ints
    per_group: bool

    @classmethod
    def of(cls, truth: NDArray[Any], groups: Ints, per_group: bool | None = None) -> Units:
        """Return the units of held-out samples with ``truth`` (n,) in ``groups`` (n,)."""
        together = one_value_each(truth, groups) if per_group is None else per_group
        if not together:
            return cls(truth, np.arange(len(truth)), groups, False)
        names, first, unit_of = np.unique(groups, return_index=True, return_inverse=True)
        return cls(truth[first], unit_of.astype(np.int64), names.astype(np.int64), True)

    def average(self, prediction: NDArray[Any]) -> Floats:
        """Average the predictions of each unit's samples, (U, K) or (U,), from (n, K) or (n,).

        >>> units = Units.of(np.array([1, 1]), np.array([7, 7]))
        >>> units.average(np.array([[1.0, 0.0], [0.0, 1.0]]))
        array([[0.5, 0.5]])
        """
        total = np.zeros((len(self.truth), *prediction.shape[1:]))
        np.add.at(total, self.unit_of, prediction)
        count = np.bincount(self.unit_of, minlength=len(self.truth))
        return np.asarray(total / count.reshape(-1, *[1] * (prediction.ndim - 1)))

    def sums(self, task: Task, prediction: NDArray[Any], groups: int) -> Floats:
        """Return score sums of each group number, (groups, F); zeros where it has no unit.

        Regression values are shifted and scaled by the truth's mean and deviation, which
        changes no r2 and keeps sums of squares exact.
        """
        truth, told = self.truth, self.average(prediction)
        if task.kind == "regression":
            middle, spread = truth.mean(), truth.std() or 1.0
            truth, told = (truth - middle) / spread, (told - middle) / spread
        each = score_sums(task, truth, told)
        total = np.zeros((groups, each.shape[1]))
        np.add.at(total, self.group_of, each)
        return total

    def score(self, task: Task, prediction: NDArray[Any]) -> float:
        """Compute the task's metric over the units."""
        return float(
            score_from_sums(task, score_sums(task, self.truth, self.average(prediction)).sum(0))
        )
