"""Warn where a target can be predicted without any sensor, from order or time of acquisition.

If all PET was scanned before lunch, a drifting sensor knows PET by the hour. The check asks
how well one number of a group (its place in the order, its time) predicts the group's
target: each group is predicted from its nearest neighbours in that number, itself left out,
and the score is compared with that of shuffled targets. It warns, it never blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stillage.counter import uniform
from stillage.recording.columns import TargetColumn
from stillage.recording.reader import Recording
from stillage.task import LabelState

_NEIGHBOURS = 3
_SHUFFLES = 200
MARGIN = 0.2
_MAX_GROUPS = 20_000


@dataclass(frozen=True)
class ShortcutWarning:
    """A warning: one way to predict the target without a sensor.

    ``score`` is the task's metric (leave one group out), ``chance`` its mean with shuffled
    targets; ``message`` is a line for the report.
    """

    kind: Literal["group_order", "acquisition_time"]
    score: float
    chance: float
    message: str


def shortcut_check(recording: Recording, target: str) -> list[ShortcutWarning]:
    """Warn where group order or acquisition time predicts ``target`` well above chance.

    Well above: by more than a fifth of the way from chance to perfect, and more than any of
    200 shuffles. Fewer than eight labelled groups are not checked. The score is balanced
    accuracy, or r2 for ordinal (of the class rank) and regression targets.

    Raises
    ------
    BadInput
        If the target is unknown.
    """
    column = recording.target(target)
    groups, truth = _group_truth(recording, column)
    if len(groups) < 8 or len(np.unique(truth)) < 2:
        return []
    found = []
    for kind, what, feature in _features(recording, groups):
        known = np.isfinite(feature)
        if known.sum() < 8 or len(np.unique(feature[known])) < 2:
            continue
        score, chance, best = _neighbour_score(feature[known], truth[known], column.kind)
        if score > best and score - chance > MARGIN * (1.0 - chance):
            metric = "balanced accuracy" if column.kind == "classification" else "r2"
            message = (
                f"{what} alone predicts {target}: {metric} {score:.2f} (chance {chance:.2f}), "
                "so a sensor that drifts could score without seeing the material"
            )
            found.append(ShortcutWarning(kind, score, chance, message))
    return found


def _group_truth(
    recording: Recording, column: TargetColumn
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give labelled groups (at most _MAX_GROUPS, evenly spaced), their class or mean value."""
    labelled = column.states == LabelState.LABELLED
    codes, values = recording.group_index[labelled], column.values[labelled]
    groups, inverse = np.unique(codes, return_inverse=True)
    if column.kind == "classification":
        table = np.zeros((len(groups), len(column.classes)), np.int64)
        np.add.at(table, (inverse, values.astype(np.int64)), 1)
        truth = table.argmax(1).astype(np.float64)
    else:
        count = np.maximum(np.bincount(inverse, minlength=len(groups)), 1)
        truth = np.bincount(inverse, values, minlength=len(groups)) / count
    keep = np.unique(np.linspace(0, len(groups) - 1, _MAX_GROUPS).astype(np.int64))
    if len(groups) > _MAX_GROUPS:
        groups, truth = groups[keep], truth[keep]
    return groups, truth


def _features(
    recording: Recording, groups: NDArray[np.int64]
) -> Iterator[tuple[Literal["group_order", "acquisition_time"], str, NDArray[np.float64]]]:
    numbers = [re.search(r"(\d+)\D*$", recording.group_names[g]) for g in groups]
    if all(numbers):
        # 18 digits: more than a float keeps anyway, and none overflows
        ids = np.array([float(n[1][:18]) for n in numbers if n])
        yield "group_order", "the number in the group's name", ids
    yield "group_order", "the group's place in the file", groups.astype(np.float64)
    codes, size = recording.group_index, len(recording.group_names)
    for name in recording.modalities:
        stamps = recording.timestamps(name)
        if stamps is None:
            continue
        known = np.isfinite(stamps)
        count = np.bincount(codes[known], minlength=size)
        total = np.bincount(codes[known], stamps[known], minlength=size)
        with np.errstate(invalid="ignore", divide="ignore"):
            yield "acquisition_time", f"the time of the {name} reading", (total / count)[groups]


def _neighbours(feature: NDArray[np.float64]) -> NDArray[np.int64]:
    """Find the k nearest other groups in one number, (G, k); ties in a hashed order."""
    size = len(feature)
    order = np.lexsort((uniform(0, np.arange(size)), feature))
    value = feature[order]
    reach = _NEIGHBOURS
    steps = np.array([s for s in range(-reach, reach + 1) if s])
    places = np.arange(size)[:, None] + steps
    inside = (places >= 0) & (places < size)
    distance = np.abs(value[np.clip(places, 0, size - 1)] - value[:, None])
    distance = np.where(inside, distance, np.inf)
    nearest = np.take_along_axis(places, np.argsort(distance, 1, kind="stable")[:, :reach], 1)
    out = np.empty((size, reach), np.int64)
    out[order] = order[nearest]
    return out


def _neighbour_score(
    feature: NDArray[np.float64], truth: NDArray[np.float64], kind: str
) -> tuple[float, float, float]:
    """Compute the score, the mean score of shuffled targets, and the best of those."""
    near = _neighbours(feature)
    # fewer for many groups, to bound memory
    shuffles = np.arange(min(_SHUFFLES, max(20, 2_000_000 // len(truth))))
    order = uniform(1, shuffles[:, None], np.arange(len(truth))).argsort(1)
    mixed = _scores(truth[order], near, kind)
    return float(_scores(truth[None], near, kind)[0]), float(mixed.mean()), float(mixed.max())


def _scores(truth: NDArray[np.float64], near: NDArray[np.int64], kind: str) -> NDArray[np.float64]:
    """Score each row of targets (P, G), (P,), as predicted from three neighbours (G, 3)."""
    first, second, third = (truth[:, near[:, k]] for k in range(_NEIGHBOURS))
    if kind != "classification":
        rest = ((truth - (first + second + third) / _NEIGHBOURS) ** 2).sum(1)
        return np.asarray(1.0 - rest / ((truth - truth.mean(1, keepdims=True)) ** 2).sum(1))
    # the majority of three; where all differ, the nearest
    right = truth == np.where(second == third, second, first)
    recalls = [(right & (truth == k)).sum(1) / (truth == k).sum(1) for k in np.unique(truth)]
    return np.asarray(np.mean(recalls, axis=0))
