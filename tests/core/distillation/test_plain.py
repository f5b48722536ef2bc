"""The plain model is scikit-learn and nothing else, on the labels that the budget shows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression

from stillage.distillation.plain import PlainModel, plain_arms, reduce_features
from stillage.task import Task
from tests.core.toys import GRADE, MATERIAL, WEAR


def _data(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 3, 150)
    cheap = draw.normal(size=(150, 4)) + truth[:, None]
    rich = np.hstack([cheap, 3.0 * np.eye(3)[truth] + draw.normal(size=(150, 3))])
    return cheap, rich, truth


def test_classes_are_told_by_logistic_regression_twice() -> None:
    cheap, rich, truth = _data()
    labelled = np.arange(100) < 20
    said = plain_arms(
        MATERIAL, (rich[:100], rich[100:]), (cheap[:100], cheap[100:]), truth[:100], labelled, 0
    )
    teacher = LogisticRegression(max_iter=2000).fit(rich[:20], truth[:20])
    alone = LogisticRegression(max_iter=2000).fit(cheap[:20], truth[:20])
    told = np.where(labelled, truth[:100], teacher.predict(rich[:100]))
    distilled = LogisticRegression(max_iter=2000).fit(cheap[:100], told)
    for name, model, features in (
        ("plain_teacher", teacher, rich),
        ("plain_labels_only", alone, cheap),
        ("plain", distilled, cheap),
    ):
        np.testing.assert_array_equal(said[name], model.predict_proba(features[100:]))


@pytest.mark.parametrize("task", [MATERIAL, GRADE, WEAR], ids=lambda task: task.kind)
def test_hidden_labels_and_unpaired_readings_do_not_matter(task: Task) -> None:
    cheap, rich, truth = _data()
    truth = truth.astype(float) if task is WEAR else truth
    labelled, paired = np.arange(100) < 30, np.arange(100) >= 10
    first = plain_arms(
        task, (rich[:100], rich[100:]), (cheap[:100], cheap[100:]), truth[:100], labelled, 1, paired
    )
    lies, noise = np.where(labelled, truth[:100], 2 - truth[:100]), rich[:100].copy()
    noise[~paired] = 1e3
    second = plain_arms(
        task, (noise, rich[100:]), (cheap[:100], cheap[100:]), lies, labelled, 1, paired
    )
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])


def test_values_are_told_by_extra_trees() -> None:
    cheap, _, truth = _data()
    ours = PlainModel(WEAR, seed=3).fit(cheap[:100], truth[:100]).predict(cheap[100:])
    peer = ExtraTreesRegressor(100, random_state=3).fit(cheap[:100], truth[:100])
    np.testing.assert_array_equal(ours, peer.predict(cheap[100:]))


def test_classes_that_were_never_seen_have_probability_zero() -> None:
    cheap, _, truth = _data()
    some = truth != 1
    said = PlainModel(MATERIAL).fit(cheap[some], truth[some]).predict(cheap)
    assert said.shape == (150, 3)
    assert (said[:, 1] == 0).all()
    np.testing.assert_allclose(said.sum(1), 1.0)
    one = truth == 2
    constant = PlainModel(MATERIAL).fit(cheap[one], truth[one]).predict(cheap)
    assert (constant == [0.0, 0.0, 1.0]).all()


def test_wide_readings_are_reduced_by_training_samples_alone() -> None:
    draw = np.random.default_rng(0)
    mixing = draw.normal(size=(3, 600))
    train, held_out = draw.normal(size=(80, 3)) @ mixing, draw.normal(size=(20, 3)) @ mixing
    first, told = reduce_features(train, held_out)
    assert first.shape == (80, 64)
    assert told.shape == (20, 64)
    second, _ = reduce_features(train, held_out * 0)
    np.testing.assert_array_equal(first, second)
    distances = np.linalg.norm(told[:, None] - told[None], axis=-1)
    expected = np.linalg.norm(held_out[:, None] - held_out[None], axis=-1)
    off = ~np.eye(20, dtype=bool)
    assert np.ptp(distances[off] / expected[off]) < 1e-6  # distances keep but for one scale
    narrow = train[:, :10]
    assert reduce_features(narrow, narrow)[0] is narrow
