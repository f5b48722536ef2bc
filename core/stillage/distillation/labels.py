"""Choose which groups of the training part keep their labels: the label budget."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput

Labels = int | float | Literal["all"]
Ints = NDArray[np.int64]

_EXPECTED = "groups a class (4), a fraction of groups (0.2) or 'all'"
_BINS = 4


def parse_labels(text: str | float) -> Labels:
    """Read a budget: an integer is groups a class, a decimal a fraction of groups.

    >>> parse_labels("4"), parse_labels("0.2"), parse_labels("all")
    (4, 0.2, 'all')

    Raises
    ------
    BadInput
        For anything else.
    """
    if isinstance(text, bool):
        raise BadInput("--labels", text, _EXPECTED)
    if isinstance(text, str):
        word = text.strip()
        if word == "all":
            return "all"
        try:
            text = int(word) if word.lstrip("+-").isdigit() else float(word)
        except ValueError:
            raise BadInput("--labels", repr(word), _EXPECTED) from None
    if isinstance(text, int):
        if text < 1:
            raise BadInput("--labels", text, _EXPECTED)
        return text
    if not 0 < text <= 1:
        raise BadInput("--labels", text, _EXPECTED)
    return text


def group_strata(values: NDArray[Any], groups: Ints, kind: str) -> Ints:
    """Assign each group number (G,) a stratum, from the samples' ``values`` (n,).

    Classes where every group has one; a single stratum where groups mix classes (a block of
    time); quartiles of the groups' means for regression; -1 where a group has no sample.
    """
    count = int(groups.max()) + 1 if len(groups) else 0
    strata = np.full(count, -1, np.int64)
    present = np.unique(groups)
    if kind == "regression":
        sizes = np.bincount(groups, minlength=count)[present]
        means = np.bincount(groups, values, count)[present] / sizes
        edges = np.quantile(means, np.linspace(0, 1, _BINS + 1)[1:-1])
        strata[present] = np.searchsorted(edges, means, side="right")
        return strata
    if one_value_each(values, groups):
        strata[groups] = values.astype(np.int64)
    else:
        strata[present] = 0
    return strata


def one_value_each(values: NDArray[Any], groups: Ints) -> bool:
    """Say whether all samples (n,) of every group have the same value.

    >>> one_value_each(np.array([1, 1, 2]), np.array([0, 0, 1]))
    True
    """
    order = np.argsort(groups, kind="stable")
    same_group = groups[order][1:] == groups[order][:-1]
    return bool((values[order][1:] == values[order][:-1])[same_group].all())


def choose_groups(strata: Ints, kind: str, labels: Labels, keys: NDArray[np.float64]) -> Ints:
    """Choose group numbers that keep their labels, sorted; a larger budget contains a smaller one.

    Parameters
    ----------
    strata : int64 array (G,)
        From :func:`group_strata`; groups at -1 are no candidates.
    kind : str
        With regression, or a single stratum, an integer budget is groups in all, dealt out
        over the strata in turn; else it is groups a stratum (a class).
    labels : int, float or "all"
        The budget.
    keys : float64 array (G,)
        Groups of a stratum are taken by rising key.

    >>> strata = np.array([0, 0, 0, 1, 1, 1])
    >>> choose_groups(strata, "classification", 2, np.array([0.1, 0.3, 0.2, 0.3, 0.2, 0.1]))
    array([0, 2, 4, 5])
    """
    members = []
    for stratum in np.unique(strata[strata >= 0]):
        inside = np.flatnonzero(strata == stratum)
        members.append(inside[np.argsort(keys[inside], kind="stable")])
    if labels == "all":
        chosen = members
    elif isinstance(labels, int) and kind != "regression":
        chosen = [groups[:labels] for groups in members]
    elif isinstance(labels, int):
        turns = [(turn, i) for i, groups in enumerate(members) for turn in range(len(groups))]
        chosen = [members[i][turn : turn + 1] for turn, i in sorted(turns)[:labels]]
    else:
        chosen = [groups[: max(1, round(labels * len(groups)))] for groups in members]
    return np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, np.int64)


def choose_validation(
    strata: Ints, labelled: Ints, minimum: int, keys: NDArray[np.float64]
) -> Ints:
    """Choose a quarter of the labelled groups of every stratum for validation, or none.

    None where any class has fewer than ``minimum`` labelled groups: then the number of steps
    is fixed, since a handful of labels is worth more in training than in stopping.
    """
    kept = np.full(len(strata), -1, np.int64)
    kept[labelled] = strata[labelled]
    counts = np.unique(kept[kept >= 0], return_counts=True)[1]
    if not len(counts) or counts.min() < minimum:
        return np.zeros(0, np.int64)
    return choose_groups(kept, "classification", 0.25, keys)
