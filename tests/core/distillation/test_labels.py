"""The label budget: what its numbers mean, and that a larger one contains a smaller one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillage.distillation.labels import (
    choose_groups,
    choose_validation,
    group_strata,
    one_value_each,
    parse_labels,
)
from stillage.errors import BadInput


@pytest.mark.parametrize(
    ("text", "value"), [("4", 4), ("0.2", 0.2), ("1.0", 1.0), ("all", "all"), (4, 4), (".5", 0.5)]
)
def test_budgets_are_read(text: str, value: object) -> None:
    assert parse_labels(text) == value
    assert type(parse_labels(text)) is type(value)


@pytest.mark.parametrize("text", ["0", "-3", "1.5", "0.0", "nan", "inf", "many", "", True])
def test_other_budgets_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadInput, match="expected groups a class") as error:
        parse_labels(text)
    assert "\n" not in str(error.value)


STRATA = st.lists(st.integers(-1, 3), min_size=1, max_size=60).map(np.array)


@given(STRATA, st.integers(1, 20), st.integers(0, 100))
def test_an_integer_is_groups_of_each_class(strata: np.ndarray, labels: int, seed: int) -> None:
    keys = np.random.default_rng(seed).random(len(strata))
    chosen = choose_groups(strata, "classification", labels, keys)
    assert len(np.unique(chosen)) == len(chosen)
    for stratum in np.unique(strata[strata >= 0]):
        assert (strata[chosen] == stratum).sum() == min(labels, (strata == stratum).sum())
    assert (strata[chosen] >= 0).all()


@given(STRATA, st.integers(1, 60), st.integers(0, 100))
def test_regression_deals_groups_out_over_its_strata(
    strata: np.ndarray, labels: int, seed: int
) -> None:
    keys = np.random.default_rng(seed).random(len(strata))
    chosen = choose_groups(strata, "regression", labels, keys)
    assert len(chosen) == min(labels, (strata >= 0).sum())
    taken = [(strata[chosen] == s).sum() for s in np.unique(strata[strata >= 0])]
    left = [(strata == s).sum() for s in np.unique(strata[strata >= 0])]
    for count, size in zip(taken, left, strict=True):
        assert count >= min(size, max(taken) - 1)


@given(STRATA, st.integers(1, 10), st.sampled_from(["classification", "regression"]))
def test_a_larger_budget_contains_a_smaller_one(strata: np.ndarray, labels: int, kind: str) -> None:
    keys = np.random.default_rng(labels).random(len(strata))
    small = choose_groups(strata, kind, labels, keys)
    large = choose_groups(strata, kind, labels + 3, keys)
    assert set(small) <= set(large) <= set(choose_groups(strata, kind, "all", keys))
    tenth, half = (choose_groups(strata, kind, share, keys) for share in (0.1, 0.5))
    assert set(tenth) <= set(half)


def test_a_decimal_is_a_share_of_each_class() -> None:
    strata = np.repeat([0, 1], [40, 10])
    chosen = choose_groups(strata, "classification", 0.2, np.arange(50.0))
    assert np.bincount(strata[chosen]).tolist() == [8, 2]
    assert len(choose_groups(strata, "classification", 1.0, np.arange(50.0))) == 50


def test_strata_are_classes_quartiles_or_none() -> None:
    groups = np.array([0, 0, 1, 2, 2, 4])
    assert group_strata(np.array([1, 1, 0, 2, 2, 0]), groups, "classification").tolist() == [
        1, 0, 2, -1, 0,
    ]  # fmt: skip
    mixed = np.array([1, 0, 0, 2, 2, 0])
    assert group_strata(mixed, groups, "classification").tolist() == [0, 0, 0, -1, 0]
    values = np.linspace(0.0, 1.0, 40)
    strata = group_strata(values, np.arange(40), "regression")
    assert np.bincount(strata).tolist() == [10, 10, 10, 10]
    assert one_value_each(values, np.arange(40))
    assert not one_value_each(mixed, groups)


def test_validation_comes_out_of_a_large_enough_budget_only() -> None:
    strata = np.repeat([0, 1], 20)
    keys = np.random.default_rng(0).random(40)
    few = choose_groups(strata, "classification", 7, keys)
    assert len(choose_validation(strata, few, 8, keys[::-1])) == 0
    many = choose_groups(strata, "classification", 8, keys)
    aside = choose_validation(strata, many, 8, keys[::-1])
    assert set(aside) < set(many)
    assert np.bincount(strata[aside]).tolist() == [2, 2]
