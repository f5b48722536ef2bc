"""Bootstrap intervals of scores, over groups and training seeds, jointly and paired.

A score (balanced accuracy, quadratic kappa, r2) is a function of sums over held-out units, so
each group keeps its sums and a bootstrap is a weighted sum: groups are drawn with replacement
once for all seeds (an item that is hard is hard for every seed), and seeds are drawn too. Arms
that are compared share every draw. Intervals are percentile intervals (Efron, 1979); every
draw comes from the counter generator, so the same input gives the same interval everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.counter import generator, stream
from stillage.errors import BadInput
from stillage.task import Task

Floats = NDArray[np.float64]

_RESAMPLES = 2000
CONFIDENCE = 0.95
_BLOCK = 256
"""Resamples that are scored at once, to bound memory."""


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its percentile interval.

    >>> Interval(0.5, 0.25, 0.75).json()
    {'mean': 0.5, 'low': 0.25, 'high': 0.75}
    """

    mean: float
    low: float
    high: float

    def json(self) -> dict[str, float]:
        """Give the interval under the keys that every result file uses."""
        return {"mean": self.mean, "low": self.low, "high": self.high}

    def excludes(self, value: float = 0.0) -> bool:
        """Whether ``value`` lies outside the interval."""
        return not self.low <= value <= self.high

    def within(self, margin: float) -> bool:
        """Whether the whole interval lies within plus or minus ``margin``."""
        return -margin <= self.low and self.high <= margin


def percentile_interval(
    estimate: float, draws: NDArray[Any], confidence: float = CONFIDENCE
) -> Interval:
    """Take the percentile interval of ``draws`` (B,) around ``estimate``; NaN is no draw."""
    tail = (1.0 - confidence) / 2.0
    low, high = np.nanquantile(np.asarray(draws, np.float64), [tail, 1.0 - tail])
    return Interval(float(estimate), float(low), float(high))


def resample_weights(count: int, resamples: int, seed: int, name: str) -> Floats:
    """Count how often each of ``count`` units is drawn, (resamples, count); rows sum to ``count``.

    >>> resample_weights(3, 2, seed=0, name="groups").sum(1)
    array([3., 3.])
    """
    if count < 1:
        raise BadInput(f"bootstrap of {name}", "nothing to resample", "at least one")
    draws = generator(seed, stream(name), count).integers(0, count, (resamples, count))
    # so that one bincount counts every resample apart
    offsets = np.arange(resamples)[:, None] * count
    counts = np.bincount((draws + offsets).ravel(), minlength=resamples * count)
    return counts.reshape(resamples, count).astype(np.float64)


def mean_interval(
    values: Sequence[float] | NDArray[Any],
    resamples: int = _RESAMPLES,
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Compute a bootstrap interval of the mean of independent ``values`` (n,).

    For a paired comparison pass the differences.

    >>> mean_interval([2.0, 2.0, 2.0])
    Interval(mean=2.0, low=2.0, high=2.0)
    """
    data = np.asarray(values, np.float64)
    weights = resample_weights(len(data), resamples, seed, "values")
    return percentile_interval(data.mean(), weights @ data / len(data), confidence)


def score_sums(task: Task, truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    """Compute what each unit adds to the sums that a score is made of, (n, F).

    ``prediction`` is :meth:`Task.predict`'s: (n, K) probabilities or (n,) values. Columns:
    classification, hits and counts of each class (2K); ordinal, the confusion table (K*K);
    regression, 1, y, y**2 and the squared error (4). r2 does not change when truth and
    prediction are shifted and scaled alike: do so where values are far from 0.
    """
    if task.kind == "regression":
        y = np.asarray(truth, np.float64)
        error = (y - np.asarray(prediction, np.float64)) ** 2
        return np.stack([np.ones_like(y), y, y**2, error], axis=1)
    classes = len(task.classes)
    truth = np.asarray(truth, np.int64)
    guess = np.asarray(prediction).argmax(1)
    rows = np.arange(len(truth))
    if task.kind == "classification":
        sums = np.zeros((len(truth), 2 * classes))
        sums[rows, truth] = guess == truth
        sums[rows, classes + truth] = 1.0
        return sums
    table = np.zeros((len(truth), classes * classes))
    table[rows, truth * classes + guess] = 1.0
    return table


def score_from_sums(task: Task, sums: NDArray[Any]) -> Floats:
    """Compute :meth:`Task.score` of weighted units, from sums (..., F) to scores (...).

    >>> task = Task(target="t", kind="classification", classes=("a", "b"))
    >>> sums = score_sums(task, np.array([0, 0, 1]), np.eye(2)[[0, 1, 1]])
    >>> float(score_from_sums(task, sums.sum(0)))
    0.75
    """
    sums = np.asarray(sums, np.float64)
    if task.kind == "regression":
        count, y, y2, error = np.moveaxis(sums, -1, 0)
        total = y2 - y**2 / np.maximum(count, 1e-300)
        # no variance but rounding: r2 is 0, as in Task.score
        flat = total <= 1e-12 * np.maximum(y2, 1e-300)
        return np.asarray(np.where(flat, 0.0, 1.0 - error / np.where(flat, 1.0, total)))
    classes = len(task.classes)
    if task.kind == "classification":
        hits, counts = sums[..., :classes], sums[..., classes:]
        recalls = np.where(counts > 0, hits / np.where(counts > 0, counts, 1.0), 0.0)
        return np.asarray(recalls.sum(-1) / np.maximum((counts > 0).sum(-1), 1))
    table = sums.reshape(*sums.shape[:-1], classes, classes)
    grid = np.arange(classes)
    weight = (grid[:, None] - grid[None, :]) ** 2
    chance = table.sum(-1)[..., :, None] * table.sum(-2)[..., None, :]
    expected = (weight * chance).sum((-1, -2)) / np.maximum(table.sum((-1, -2)), 1e-300)
    observed = (weight * table).sum((-1, -2))
    zero = expected == 0
    return np.asarray(np.where(zero, 0.0, 1.0 - observed / np.where(zero, 1.0, expected)))


@dataclass(frozen=True)
class Bootstrap:
    """A bootstrap: a score's mean over seeds, as found and under each draw of groups and seeds.

    Differences of two bootstraps made with the same seed and shape are paired.
    """

    estimate: float
    draws: Floats

    def __sub__(self, other: Bootstrap) -> Bootstrap:
        return Bootstrap(self.estimate - other.estimate, self.draws - other.draws)

    def interval(self, confidence: float = CONFIDENCE) -> Interval:
        """The percentile interval."""
        return percentile_interval(self.estimate, self.draws, confidence)


def joint_bootstrap(
    task: Task, sums: NDArray[Any], resamples: int = _RESAMPLES, seed: int = 0
) -> Bootstrap:
    """Resample groups and training seeds jointly.

    ``sums`` is (S, G, F): for S seeds and G groups, each group's :func:`score_sums` added up,
    zeros where a group was not held out in that seed. A draw without any held-out group of
    any drawn seed is NaN.
    """
    data = np.asarray(sums, np.float64)
    seeds, groups, _ = data.shape
    group_weights = resample_weights(groups, resamples, seed, "groups")
    seed_weights = resample_weights(seeds, resamples, seed, "seeds")
    draws = np.empty(resamples)
    for start in range(0, resamples, _BLOCK):
        block = slice(start, start + _BLOCK)
        totals = np.einsum("bg,sgf->bsf", group_weights[block], data, optimize=True)
        weights = seed_weights[block] * totals.any(-1)  # a seed may lose all its groups
        scores = (score_from_sums(task, totals) * weights).sum(1)
        left = weights.sum(1)
        draws[block] = np.where(left > 0, scores / np.where(left > 0, left, 1.0), np.nan)
    return Bootstrap(float(score_from_sums(task, data.sum(1)).mean()), draws)
