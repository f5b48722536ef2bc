"""Split recordings by whole groups, so that no item, block or unit is on both sides."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage.counter import stream, uniform
from stillage.errors import BadInput
from stillage.recording.columns import TargetColumn
from stillage.recording.reader import Recording
from stillage.task import LabelState

TRAIN = ("train", "training")
HELD_OUT = ("test", "held_out", "held-out")


@dataclass(frozen=True)
class Split:
    """A split: the samples to learn from and those held out to score on, sorted int64."""

    train: NDArray[np.int64]
    held_out: NDArray[np.int64]


def group_keys(names: Sequence[str], seed: int, purpose: str = "split") -> NDArray[np.float64]:
    """Draw a uniform number in [0, 1) for each group name, independent of the other groups.

    >>> a, b = group_keys(["x", "y"], 1), group_keys(["y"], 1)
    >>> bool(a[1] == b[0])
    True
    """
    codes = [
        int.from_bytes(hashlib.blake2b(n.encode(), digest_size=8).digest(), "big") for n in names
    ]
    return uniform(seed, stream(purpose), np.array(codes, np.uint64))


def grouped_split(
    groups: Sequence[str] | NDArray[np.str_],
    strata: Mapping[str, Hashable] | None,
    held_out: float,
    seed: int,
) -> Split:
    """Hold out a share of whole groups, the same share of every stratum.

    Parameters
    ----------
    groups : sequence of str (N,)
        Each sample's group.
    strata : mapping of group to stratum, optional
        Groups that it does not name are left out of both sides. Of n groups of a stratum
        ``round(held_out * n)`` are held out, at least one and at most n - 1; a single group
        is never held out. None: one stratum.
    held_out : float
        Share in (0, 1).
    seed : int
        A group's place in the draw is a hash of the seed and its name alone.

    Raises
    ------
    BadInput
        If the share is out of range or either side would be empty.

    >>> split = grouped_split(["a", "a", "b", "c"], {"a": 0, "b": 0, "c": 0}, 1 / 3, seed=1)
    >>> len(split.train) + len(split.held_out)
    4
    """
    if not 0 < held_out < 1:
        raise BadInput("held_out", held_out, "a share between 0 and 1")
    names, codes = np.unique(np.asarray(groups, dtype=np.str_), return_inverse=True)
    keys = group_keys([str(n) for n in names], seed)
    members: dict[Hashable, list[int]] = {}
    for code, name in enumerate(names):
        if strata is None or str(name) in strata:
            stratum = 0 if strata is None else strata[str(name)]
            members.setdefault(stratum, []).append(code)
    side = np.zeros(len(names), np.int8)
    for ours in members.values():
        order = sorted(ours, key=lambda code: keys[code])
        # half up, unlike round()
        count = min(max(1, int(held_out * len(ours) + 0.5)), len(ours) - 1)
        side[order[:count]] = 2
        side[order[count:]] = 1
    train, rest = np.flatnonzero(side[codes] == 1), np.flatnonzero(side[codes] == 2)
    if not len(train) or not len(rest):
        raise BadInput(
            "split", f"{len(members)} classes of {len(names)} groups", "2 groups of a class"
        )
    return Split(train.astype(np.int64), rest.astype(np.int64))


def target_strata(groups: NDArray[np.str_], column: TargetColumn, bins: int = 10) -> dict[str, int]:
    """Give the stratum of every group with a label: its commonest class, or a quantile bin.

    Quantile bins of group means hold at least three groups each and are at most ``bins``.
    """
    labelled = column.states == LabelState.LABELLED
    names, codes = np.unique(groups[labelled], return_inverse=True)
    if not len(names):
        raise BadInput(f"target {column.name!r}", "no labelled sample", "labels to score on")
    values = column.values[labelled]
    if column.kind == "regression":
        means = np.bincount(codes, values) / np.bincount(codes)
        count = max(1, min(bins, len(names) // 3))
        rank = np.argsort(np.argsort(means, kind="stable"), kind="stable")
        return {str(n): int(r * count // len(names)) for n, r in zip(names, rank, strict=True)}
    table = np.zeros((len(names), len(column.classes)), np.int64)
    np.add.at(table, (codes, values), 1)
    return {str(n): int(k) for n, k in zip(names, table.argmax(1), strict=True)}


def recording_split(recording: Recording, target: str, held_out: float, seed: int) -> Split:
    """Give the set's own split where the recording carries one, else draw a stratified one.

    Samples out of the target's set are on neither side. Groups without any label teach (they
    are in the unlabelled pool) and are never held out, since they cannot be scored.

    Raises
    ------
    BadInput
        If the target is unknown, or its own split lacks a train or a test part.
    """
    column = recording.target(target)
    inside = column.states != LabelState.OUT_OF_SET
    labelled = column.states == LabelState.LABELLED
    own = recording.split
    if own is not None:
        train = np.flatnonzero(np.isin(own, TRAIN) & inside)
        rest = np.flatnonzero(np.isin(own, HELD_OUT) & labelled)
        if not len(train) or not len(rest):
            raise BadInput(
                f"{recording.path} split", f"parts {sorted(set(own.tolist()))}", "train and test"
            )
        return Split(train.astype(np.int64), rest.astype(np.int64))
    groups = recording.groups
    split = grouped_split(groups, target_strata(groups, column), held_out, seed)
    pool = np.flatnonzero(inside & ~np.isin(groups, np.unique(groups[labelled])))
    train = np.sort(np.concatenate([split.train[inside[split.train]], pool]))
    return Split(train.astype(np.int64), split.held_out[labelled[split.held_out]])
