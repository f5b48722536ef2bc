"""No group on both sides, every class with its share, the same draw from the same seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillage.errors import BadInput
from stillage.recording import (
    Recording,
    Stream,
    TargetColumn,
    grouped_split,
    recording_split,
    write_recording,
)
from stillage.recording.splits import target_strata


@given(
    sizes=st.lists(st.integers(2, 20), min_size=1, max_size=4),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 2**32),
)
def test_shares_and_separation(sizes: list[int], share: float, seed: int) -> None:
    strata = {f"{k}-{n}": k for k, size in enumerate(sizes) for n in range(size)}
    groups = [name for name in strata for _ in range(3)] + ["outside", "outside"]
    split = grouped_split(groups, strata, share, seed)
    train = {groups[i] for i in split.train}
    held = {groups[i] for i in split.held_out}
    assert not train & held
    assert train | held == set(strata)
    for k, size in enumerate(sizes):
        count = sum(strata[name] == k for name in held)
        assert 1 <= count <= size - 1
        assert abs(count - share * size) <= 1
    assert (np.diff(split.train) > 0).all()
    assert (np.diff(split.held_out) > 0).all()
    again = grouped_split(groups, strata, share, seed)
    np.testing.assert_array_equal(split.train, again.train)


def test_order_of_samples_does_not_matter_and_seeds_do() -> None:
    groups = [f"g{k}" for k in range(40)]
    split = grouped_split(groups, None, 0.25, 5)
    held = {groups[i] for i in split.held_out}
    back = groups[::-1]
    assert {back[i] for i in grouped_split(back, None, 0.25, 5).held_out} == held
    assert {groups[i] for i in grouped_split(groups, None, 0.25, 6).held_out} != held


def test_every_group_is_held_out_alike() -> None:
    """Over many seeds each group is held out in its share: binomial, 5 sigma."""
    groups = [f"g{k}" for k in range(12)]
    count = np.zeros(12)
    for seed in range(900):
        count[grouped_split(groups, None, 1 / 3, seed).held_out] += 1
    assert (abs(count - 300) < 5 * np.sqrt(900 * 2 / 9)).all(), count


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_bad_share(share: float) -> None:
    with pytest.raises(BadInput, match="held_out"):
        grouped_split(["a", "b"], None, share, 0)


def test_one_group_cannot_be_split() -> None:
    with pytest.raises(BadInput, match="expected 2 groups of a class"):
        grouped_split(["a", "a"], None, 0.5, 0)


def test_regression_is_stratified_by_quantiles() -> None:
    values = np.repeat(np.arange(60.0) ** 3, 2)
    groups = np.repeat([f"g{k:02d}" for k in range(60)], 2)
    column = TargetColumn("m", "regression", values, unit="kg")
    strata = target_strata(groups, column)
    assert sorted(set(strata.values())) == list(range(10))
    assert all(strata[f"g{k:02d}"] == k // 6 for k in range(60))
    split = grouped_split(groups, strata, 1 / 3, 0)
    low = sum(values[split.held_out] <= np.median(values))
    assert low == len(split.held_out) / 2


def recording(folder: Path, **change: Any) -> Recording:
    """24 items of 2 samples: 10 of class x, 8 of y, 3 without a label, 3 out of the set."""
    count = 48
    items = np.arange(count) // 2
    labels = np.where(items < 10, 0, 1)
    states = np.where(items < 18, 1, np.where(items < 21, 0, -1)).astype(np.int8)
    parts: dict[str, Any] = {
        "streams": [Stream("led", np.zeros((count, 2), np.float32), "1")],
        "targets": [TargetColumn("t", "classification", labels, states, ("x", "y"))],
        "groups": [f"item {k}" for k in items],
    }
    return Recording.open(write_recording(folder / "a.h5", **(parts | change)))


def test_label_states(tmp_path: Path) -> None:
    split = recording_split(recording(tmp_path), "t", 1 / 3, 0)
    train, held = set(split.train // 2), set(split.held_out // 2)
    assert not train & held
    assert not (train | held) & {21, 22, 23}
    assert {18, 19, 20} <= train
    assert sum(k < 10 for k in held) == 3
    assert sum(10 <= k < 18 for k in held) == 3


def test_own_split_is_honoured_for_every_seed(tmp_path: Path) -> None:
    own = ["train"] * 30 + ["other"] * 2 + ["test"] * 16
    opened = recording(tmp_path, split=own)
    for seed in (0, 1):
        split = recording_split(opened, "t", 1 / 3, seed)
        np.testing.assert_array_equal(split.train, np.arange(30))
        np.testing.assert_array_equal(split.held_out, np.arange(32, 36))
    opened = recording(tmp_path, split=["train"] * 48)
    with pytest.raises(BadInput, match=r"parts \['train'\], expected train and test"):
        recording_split(opened, "t", 1 / 3, 0)
    with pytest.raises(BadInput, match="no target 'u'"):
        recording_split(opened, "u", 1 / 3, 0)


def test_unlabelled_recording(tmp_path: Path) -> None:
    column = TargetColumn("t", "classification", np.zeros(48, int), np.zeros(48, int), ("x", "y"))
    with pytest.raises(BadInput, match="no labelled sample"):
        recording_split(recording(tmp_path, targets=[column]), "t", 1 / 3, 0)
