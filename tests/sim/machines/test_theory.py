"""The closed forms give the published numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from stillage_sim.machines import theory

ROWS = [(2.0, 336.45, 2), (1.5, 378.1, 1), (2.5, 354.6, 1), (3.5, 411.4, 1)]


@pytest.mark.parametrize(("shape", "age", "digits"), ROWS)
def test_optimal_age_is_the_published_one(shape: float, age: float, digits: int) -> None:
    law = stats.weibull_min(shape, scale=1000.0)
    best = theory.optimal_age(law, 1.0, 10.0)
    assert round(best, digits) == age
    assert theory.replacement_rate(best, law, 1.0, 10.0) <= min(
        theory.replacement_rate(best * factor, law, 1.0, 10.0) for factor in (0.99, 1.01)
    )


def test_rates_of_age_replacement_and_run_to_failure() -> None:
    law = stats.weibull_min(2.0, scale=1000.0)
    assert round(theory.replacement_rate(336.45, law, 1.0, 10.0), 7) == 0.0060561
    assert round(theory.replacement_rate(math.inf, law, 1.0, 10.0), 7) == 0.0112838


@pytest.mark.parametrize("shape", [0.7, 1.0])
def test_what_does_not_age_is_never_replaced(shape: float) -> None:
    law = stats.weibull_min(shape, scale=1000.0)
    assert math.isinf(theory.optimal_age(law, 1.0, 10.0))
    assert math.isinf(theory.optimal_age(stats.weibull_min(2.0, scale=1000.0), 10.0, 10.0))


def test_durations_count_as_they_should() -> None:
    law = stats.weibull_min(2.0, scale=1000.0)
    rate = theory.replacement_rate(math.inf, law, 1.0, 10.0, 5.0, 100.0)
    assert rate == pytest.approx(10.0 / (float(law.mean()) + 100.0))
    best = theory.optimal_age(law, 1.0, 10.0, 5.0, 100.0)
    ages = np.linspace(50.0, 900.0, 341)
    rates = [theory.replacement_rate(age, law, 1.0, 10.0, 5.0, 100.0) for age in ages]
    assert best == pytest.approx(ages[int(np.argmin(rates))], abs=5.0)


def test_availability() -> None:
    assert round(theory.availability(200.0, 10.0), 5) == 0.95238
    assert round(theory.availability_at(20.0, 200.0, 10.0), 5) == 0.95821
    assert theory.availability_at(1e9, 200.0, 10.0) == pytest.approx(200.0 / 210.0)


def test_repairmen_with_enough_crews_are_independent() -> None:
    down = theory.repairmen(4, 4, 200.0, 10.0)
    assert down == pytest.approx(stats.binom(4, 10.0 / 210.0).pmf(np.arange(5)))


def test_gamma_life_agrees_with_its_approximation_for_small_steps() -> None:
    exact = theory.gamma_life_mean(0.01, 0.01)
    assert exact == pytest.approx(float(theory.gamma_life(0.01, 0.01).mean()), rel=1e-3)
