"""Wear processes against the analytic laws of their first passages."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from stillage.errors import BadInput
from stillage_sensors.physics.degradation import (
    first_passage,
    gamma_passage,
    gamma_paths,
    health_of,
    weibull_life,
    weibull_mean,
    wiener_passage,
    wiener_paths,
)

UNITS = np.arange(20_000)


def inverse_gaussian(drift: float, volatility: float, threshold: float) -> stats.rv_continuous:
    mean, shape = threshold / drift, (threshold / volatility) ** 2
    return stats.invgauss(mean / shape, scale=shape)


def test_wiener_passage_is_inverse_gaussian() -> None:
    times = wiener_passage(0.5, 0.6, 10.0, 1, UNITS)
    law = inverse_gaussian(0.5, 0.6, 10.0)
    assert law.mean() == pytest.approx(20.0)
    assert times.mean() == pytest.approx(20.0, abs=4 * law.std() / np.sqrt(len(UNITS)))
    share = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    np.testing.assert_allclose(np.quantile(times, share), law.ppf(share), rtol=0.02)
    assert stats.kstest(times, law.cdf).pvalue > 0.001


def test_wiener_paths_pass_when_the_law_says() -> None:
    """Paths seen at steps of .05 pass late by at most what Brownian motion hides between them:
    a shift of the threshold by .5826 sigma sqrt(dt) (Siegmund 1979)."""
    drift, volatility, dt = 0.5, 0.6, 0.05
    paths = wiener_paths(drift, volatility, 1200, dt, 2, np.arange(1500))
    times = first_passage(paths, 10.0, dt)
    assert np.isfinite(times).mean() > 0.995
    late = 0.5826 * volatility * np.sqrt(dt) / drift
    error = 4 * inverse_gaussian(drift, volatility, 10.0).std() / np.sqrt(1500)
    assert np.nanmean(times) == pytest.approx(20.0 + late, abs=error)
    wear = paths[:, 400]
    assert wear.mean() == pytest.approx(drift * 20.0, abs=4 * wear.std() / np.sqrt(1500))
    assert wear.std() == pytest.approx(volatility * np.sqrt(20.0), rel=0.08)


def test_gamma_paths_have_gamma_increments_and_never_fall() -> None:
    paths = gamma_paths(0.8, 1.5, 25, 2.0, 3, np.arange(2000))
    assert (np.diff(paths, axis=1) >= 0).all()
    end = paths[:, -1]
    law = stats.gamma(0.8 * 50.0, scale=1.5)
    assert stats.kstest(end, law.cdf).pvalue > 0.001


def test_gamma_passage_follows_its_law_and_its_paths() -> None:
    times = gamma_passage(0.8, 1.5, 40.0, 4, np.arange(4000))
    asked = np.quantile(times, [0.1, 0.5, 0.9])
    passed = stats.gamma.sf(40.0, 0.8 * asked, scale=1.5)
    np.testing.assert_allclose(passed, [0.1, 0.5, 0.9], atol=0.025)
    paths = gamma_paths(0.8, 1.5, 200, 0.5, 5, np.arange(2000))
    seen = first_passage(paths, 40.0, 0.5)
    assert np.nanmean(seen) == pytest.approx(times.mean() + 0.25, abs=0.6)


def test_weibull_life_has_its_mean_and_quantiles() -> None:
    lives = weibull_life(4.41, 225.0, 6, UNITS)
    assert weibull_mean(4.41, 225.0) == pytest.approx(stats.weibull_min(4.41, scale=225).mean())
    assert lives.mean() == pytest.approx(weibull_mean(4.41, 225.0), rel=0.01)
    assert stats.kstest(lives, stats.weibull_min(4.41, scale=225.0).cdf).pvalue > 0.001


def test_a_unit_wears_alike_alone_or_among_others() -> None:
    whole = wiener_paths(1.0, 0.3, 20, 1.0, 7, np.arange(5))
    np.testing.assert_array_equal(wiener_paths(1.0, 0.3, 20, 1.0, 7, np.array([3])), whole[3:4])
    lives = weibull_life(2.0, 10.0, 7, np.array([4, 1]))
    np.testing.assert_array_equal(lives, weibull_life(2.0, 10.0, 7, np.arange(5))[[4, 1]])


def test_health_falls_to_zero_at_the_end() -> None:
    left = np.array([200.0, 47.5, 0.0])
    np.testing.assert_allclose(health_of(left), [1 - np.exp(-200 / 47.5), 1 - np.exp(-1), 0.0])


def test_refuses_what_never_fails() -> None:
    with pytest.raises(BadInput, match="drift"):
        wiener_passage(0.0, 1.0, 1.0, 0, np.arange(2))
