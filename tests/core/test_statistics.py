"""Intervals against closed forms, scipy's bootstrap, scikit-learn's metrics and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, r2_score

from stillage.counter import generator
from stillage.errors import BadInput
from stillage.statistics import (
    Interval,
    joint_bootstrap,
    mean_interval,
    resample_weights,
    score_from_sums,
    score_sums,
)
from stillage.task import Task

CLASSES = Task(target="polymer", kind="classification", classes=("a", "b", "c"))
GRADES = Task(target="grade", kind="ordinal", classes=("a", "b", "c"))
VALUE = Task(target="value", kind="regression", unit="1")


def _data(task: Task, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    if task.kind == "regression":
        truth = rng.normal(3.0, 2.0, n)
        return truth, truth + rng.normal(0, 1.0, n)
    classes = rng.integers(0, 3, n)
    noisy = np.where(rng.random(n) < 0.7, classes, rng.integers(0, 3, n))
    return classes, np.eye(3)[noisy] * 0.6 + 0.1


@pytest.mark.parametrize("task", [CLASSES, GRADES, VALUE], ids=lambda task: task.kind)
def test_sums_give_the_metrics_of_scikit_learn(task: Task) -> None:
    truth, prediction = _data(task, generator(1, 2), 80)
    ours = float(score_from_sums(task, score_sums(task, truth, prediction).sum(0)))
    guess = prediction if task.kind == "regression" else prediction.argmax(1)
    expected = {
        "classification": lambda: balanced_accuracy_score(truth, guess),
        "ordinal": lambda: cohen_kappa_score(truth, guess, weights="quadratic"),
        "regression": lambda: r2_score(truth, guess),
    }[task.kind]()
    assert ours == pytest.approx(expected, abs=1e-12)
    assert ours == pytest.approx(task.score(truth, prediction), abs=1e-12)


@pytest.mark.parametrize("task", [CLASSES, GRADES, VALUE], ids=lambda task: task.kind)
def test_a_weight_is_a_repetition(task: Task) -> None:
    truth, prediction = _data(task, generator(3, 4), 40)
    times = generator(5).integers(0, 4, 40)
    weighted = score_from_sums(task, times @ score_sums(task, truth, prediction))
    repeated = task.score(np.repeat(truth, times), np.repeat(prediction, times, axis=0))
    assert float(weighted) == pytest.approx(repeated, abs=1e-12)


def test_mean_interval_matches_scipy() -> None:
    values = generator(11).gamma(2.0, 1.5, 60)
    ours = mean_interval(values, resamples=20000)
    peer = stats.bootstrap(
        (values,), np.mean, n_resamples=20000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    width = peer.high - peer.low
    assert ours.low == pytest.approx(peer.low, abs=0.03 * width)
    assert ours.high == pytest.approx(peer.high, abs=0.03 * width)
    assert ours.mean == pytest.approx(values.mean())


def test_coverage_of_the_mean_is_near_its_confidence() -> None:
    rng = generator(21)
    hits = 0
    for trial in range(400):
        interval = mean_interval(rng.normal(1.0, 2.0, 50), resamples=400, seed=trial)
        hits += interval.low <= 1.0 <= interval.high
    assert 0.90 <= hits / 400 <= 0.98  # binomial SD .011 around a true coverage near .94


def test_joint_variance_is_that_of_groups_plus_that_of_seeds() -> None:
    # Score of (seed, group) = seed effect + group effect: the mean's bootstrap variance is
    # var(seed)/S + var(group)/G, in closed form. Hits may be fractions: recall is linear.
    task = Task(target="t", kind="classification", classes=("only", "never"))
    rng = generator(31)
    seed_effect, group_effect = rng.normal(0, 0.05, 30), rng.normal(0, 0.2, 50)
    hits = 0.5 + seed_effect[:, None] + group_effect[None, :]
    sums = np.zeros((30, 50, 4))
    sums[:, :, 0], sums[:, :, 2] = hits, 1.0
    boot = joint_bootstrap(task, sums, resamples=8000)
    expected = np.sqrt(seed_effect.var() / 30 + group_effect.var() / 50)
    assert boot.estimate == pytest.approx(hits.mean())
    assert boot.draws.std() == pytest.approx(expected, rel=0.03)


def test_joint_coverage_over_fresh_groups_and_seeds() -> None:
    task = Task(target="t", kind="classification", classes=("only", "never"))
    rng = generator(41)
    covered = 0
    for trial in range(200):
        chance = 0.6 + rng.normal(0, 0.05, 12)[:, None] + rng.normal(0, 0.15, 60)[None, :]
        held_out = rng.random((12, 60)) < 1 / 3
        sums = np.zeros((12, 60, 4))
        sums[:, :, 0] = held_out * (rng.random((12, 60)) < chance)
        sums[:, :, 2] = held_out
        interval = joint_bootstrap(task, sums, resamples=300, seed=trial).interval()
        covered += interval.low <= 0.6 <= interval.high
    assert covered / 200 >= 0.93  # fixed splits drawn again: never narrower than promised


def test_differences_are_paired() -> None:
    truth, first = _data(CLASSES, generator(51), 240)
    sums = score_sums(CLASSES, truth, first).reshape(4, 60, -1)
    same = joint_bootstrap(CLASSES, sums) - joint_bootstrap(CLASSES, sums.copy())
    assert (same.draws == 0).all()
    _, second = _data(CLASSES, generator(52), 240)
    apart = joint_bootstrap(CLASSES, score_sums(CLASSES, truth, second).reshape(4, 60, -1))
    assert (apart - joint_bootstrap(CLASSES, sums)).draws.std() > 0


def test_same_input_same_interval_and_other_seed_another() -> None:
    sums = score_sums(CLASSES, *_data(CLASSES, generator(61), 120)).reshape(3, 40, -1)
    first, again = (joint_bootstrap(CLASSES, sums).interval() for _ in range(2))
    assert first == again != joint_bootstrap(CLASSES, sums, seed=1).interval()


def test_a_seed_without_drawn_groups_is_left_out() -> None:
    sums = np.zeros((2, 5, 4))
    sums[0, :, 0] = sums[0, :, 2] = 1.0
    sums[1, 0, 0] = sums[1, 0, 2] = 1.0  # its single group is often not drawn
    boot = joint_bootstrap(Task(target="t", kind="classification", classes=("a", "b")), sums)
    assert np.nanmin(boot.draws) == np.nanmax(boot.draws) == 1.0
    assert 0 < np.isnan(boot.draws).mean() < 0.25  # both drawn seeds the second, its group not
    assert boot.interval() == Interval(1.0, 1.0, 1.0)


def test_weights_sum_to_the_count_and_empty_is_refused() -> None:
    weights = resample_weights(7, 500, 0, "groups")
    assert (weights.sum(1) == 7).all()
    assert weights.mean() == pytest.approx(1.0)
    assert weights.var() == pytest.approx(1 - 1 / 7, rel=0.1)
    with pytest.raises(BadInput, match="nothing to resample"):
        mean_interval([])


def test_interval_words() -> None:
    assert Interval(0.1, 0.05, 0.15).excludes()
    assert not Interval(0.1, -0.05, 0.15).excludes()
    assert Interval(0.0, -0.02, 0.02).within(0.02)
    assert not Interval(0.0, -0.03, 0.02).within(0.02)
