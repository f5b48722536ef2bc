"""Declared laws: their tables have the mean and spread that they declare, or a clear refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from stillage.errors import BadInput
from stillage_sim.uncertainty.laws import (
    Beta,
    Empirical,
    Gamma,
    Law,
    Lognormal,
    Normal,
    Poisson,
    Triangular,
    Uniform,
    Weibull,
)
from stillage_sim.uncertainty.truncation import Truncated

DECLARED: list[tuple[Any, float, float]] = [
    (Uniform(low=2, high=8), 5.0, 3.0**0.5),
    (Triangular(low=0, mode=3, high=6), 3.0, 1.5**0.5),
    (Normal(mean=50, sd=8), 50.0, 8.0),
    (Lognormal(mean=5, sd=3), 5.0, 3.0),
    (Gamma(shape=4, scale=0.5), 2.0, 1.0),
    (Beta(alpha=2, beta=3), 0.4, 0.2),
    (Poisson(mean=9), 9.0, 3.0),
    (Weibull(shape=1, scale=30), 30.0, 30.0),
    (Empirical(values=(1, 3), weights=(3, 1)), 1.5, 0.75**0.5),
]


@pytest.mark.parametrize(("law", "mean", "sd"), DECLARED, ids=lambda x: getattr(x, "law", None))
def test_tables_have_the_declared_moments(law: Any, mean: float, sd: float) -> None:
    table = law.table()
    assert law.expected() == pytest.approx(mean, rel=1e-9)
    assert table.std() == pytest.approx(sd, rel=0.003)
    assert len(table) in (1024, 4096, 16384)


def test_a_number_is_a_constant_and_unknown_keys_are_refused() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Law)
    assert adapter.validate_python(2.5).table(3.0).tolist() == [2.5]
    for wrong in (
        {"law": "normal", "mean": 1, "sd": 1, "meen": 2},
        {"law": "gauss", "mean": 1},
        {"law": "normal", "mean": float("nan"), "sd": 1},
        {"law": "normal", "mean": 1, "sd": 0},
        {"law": "poisson", "mean": -1},
        True,
        "5",
    ):
        with pytest.raises(ValidationError):
            adapter.validate_python(wrong)


@pytest.mark.parametrize("ends", [(-1.0, 2.0), (None, 0.5), (1.5, None), (4.0, 4.5)])
def test_truncated_normal_is_scipys(ends: tuple[float | None, float | None]) -> None:
    low, high = ends
    table = Normal(mean=0, sd=1, low=low, high=high).table()
    peer = stats.truncnorm(-np.inf if low is None else low, np.inf if high is None else high)
    assert table.mean() == pytest.approx(peer.mean(), rel=1e-7)
    assert table.std() == pytest.approx(peer.std(), rel=0.005)
    assert table.min() >= (-np.inf if low is None else low)
    assert table.max() <= (np.inf if high is None else high)


def test_truncation_conditions_and_does_not_clip() -> None:
    """The exponential has no memory: cut off below at 2, it is itself, 2 later."""
    cut = Weibull(shape=1, scale=1, low=2).table()
    assert cut == pytest.approx(2.0 + Weibull(shape=1, scale=1).table(), rel=1e-9)
    cut = Poisson(mean=3, low=1, high=4).table()
    k = np.arange(1, 5)
    assert cut.mean() == pytest.approx(np.average(k, weights=stats.poisson.pmf(k, 3)))
    assert (cut.min(), cut.max()) == (1.0, 4.0)


def test_truncation_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="at least 1e-06"):
        Normal(mean=0, sd=1, low=9).table()
    with pytest.raises(BadInput, match="at least 1e-06"):
        Poisson(mean=1, low=60).table()
    with pytest.raises(ValueError, match="more than low"):
        Normal(mean=0, sd=1, low=2, high=1)
    with pytest.raises(ValueError, match="at least 1e-06"):
        Truncated(stats.norm(), 2.0, 1.0)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: Triangular(low=0, mode=7, high=6), "mode"),
        (lambda: Empirical(values=(1.0, 2.0), weights=(1.0,)), "weights"),
        (lambda: Empirical(values=(1.0,), weights=(0.0,)), "zeros"),
        (lambda: Normal(mean=1, sd=1, season=(1.0,) * 11), "season: found 11 factors"),
        (lambda: Normal(mean=1, sd=1, weekday=(1.0,) * 8), "weekday: found 8 factors"),
        (lambda: Lognormal(mean=1e-9, sd=1e9).table(), "mean"),
    ],
)
def test_contradictions_are_refused_in_one_line(make: Any, found: str) -> None:
    with pytest.raises(ValueError, match=found) as caught:
        make()
    told = caught.value
    if isinstance(told, ValidationError):
        told = told.errors()[0]["ctx"]["error"]
    assert isinstance(told, BadInput)
    assert "\n" not in str(told)


def test_heavy_tails_get_more_cells() -> None:
    assert len(Normal(mean=5, sd=1).table()) == 1024
    assert len(Lognormal(mean=5, sd=9).table()) > 1024


def test_rare_and_extreme_laws_keep_their_unit() -> None:
    assert Poisson(mean=0).table().tolist() == [0.0] * 1024
    assert Poisson(mean=1e8).expected() == pytest.approx(1e8, rel=1e-9)
    assert Normal(mean=1e12, sd=1.0).expected() == pytest.approx(1e12, rel=1e-12)
    assert Gamma(shape=0.01, scale=1e-9).expected() == pytest.approx(1e-11, rel=1e-9)
