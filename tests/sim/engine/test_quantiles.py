"""Quantile tables: conditional means against closed forms, quadrature and the law's own mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from stillage import counter
from stillage_sim.engine.quantiles import CELLS, LIFE_CELLS, discrete_table, pick, quantile_table

LAWS: dict[str, Any] = {
    "normal": stats.norm(5, 2),
    "exponential": stats.expon(scale=3),
    "lognormal": stats.lognorm(0.5, scale=2),
    "module life": stats.weibull_min(5.3759, scale=30),
    "infant mortality": stats.weibull_min(0.5),
    "gamma": stats.gamma(0.1),
    "beta": stats.beta(0.5, 0.5),
    "triangular": stats.triang(0.3),
    "poisson": stats.poisson(3),
    "many": stats.poisson(1e5),
    "heavy tail": stats.pareto(2.5),
}


@pytest.mark.parametrize("law", LAWS.values(), ids=list(LAWS))
@pytest.mark.parametrize("cells", [1, 2, 7, CELLS, LIFE_CELLS])
def test_the_mean_is_the_laws_and_cells_rise(law: Any, cells: int) -> None:
    table = quantile_table(law, cells)
    assert table.shape == (cells,)
    assert (np.diff(table) >= 0).all()
    assert table.mean() == pytest.approx(law.mean(), rel=1e-11)


@pytest.mark.parametrize("cells", [2, 8, 1024])
def test_cells_of_the_exponential_are_its_conditional_means(cells: int) -> None:
    """The partial mean from u: the integral of -log(1 - u) is (1 - u) log(1 - u) + u."""
    u = np.arange(cells + 1) / cells
    left = 1.0 - u
    partial = left * np.log(np.where(left > 0, left, 1.0)) + u
    expected = np.diff(partial) * cells
    assert quantile_table(stats.expon(), cells) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_cells_of_the_normal_are_its_conditional_means() -> None:
    edges = stats.norm.ppf(np.arange(257) / 256)
    expected = -np.diff(stats.norm.pdf(edges)) * 256
    assert quantile_table(stats.norm(), 256) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["beta", "gamma", "module life"])
def test_a_cell_is_the_integral_of_the_density(name: str) -> None:
    law, table = LAWS[name], quantile_table(LAWS[name], 16)
    for k in (3, 8, 14):
        ends = law.ppf([k / 16, (k + 1) / 16])
        mean, _ = integrate.quad(lambda x: x * law.pdf(x), *ends, epsabs=1e-14)
        assert table[k] == pytest.approx(16 * mean, rel=1e-8)


def test_whole_numbers_stay_whole() -> None:
    table = quantile_table(stats.poisson(3), CELLS)
    whole = np.mod(table, 1.0) == 0.0
    assert whole.mean() > 0.98  # only the cells that two values share are not
    assert quantile_table(stats.bernoulli(0.25), 8).tolist() == [0.0] * 6 + [1.0] * 2


@settings(deadline=None, max_examples=50)
@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9),
    weights=st.lists(st.floats(0.0, 1.0), min_size=9, max_size=9),
    cells=st.integers(1, 300),
)
def test_a_discrete_table_keeps_mean_and_range(
    values: list[float], weights: list[float], cells: int
) -> None:
    value = np.sort(np.array(values))
    weight = np.array(weights[: len(values)]) + 1e-3
    table = discrete_table(value, weight, cells)
    assert table.mean() == pytest.approx(np.average(value, weights=weight), abs=1e-5)
    assert table.min() >= value[0]
    assert table.max() <= value[-1]


def test_what_has_no_table_is_refused() -> None:
    with pytest.raises(ValueError, match="finite mean"):
        quantile_table(stats.cauchy())
    with pytest.raises(ValueError, match="cells"):
        quantile_table(stats.norm(), 0)
    with pytest.raises(ValueError, match="cells"):
        quantile_table(stats.poisson(1), 0)


def test_variance_is_short_by_what_cells_hide() -> None:
    """Of the exponential: 1 less the mean square of the table, a tenth of a percent."""
    assert 1.0 - quantile_table(stats.expon(), 1024).var() == pytest.approx(0.00105, abs=5e-5)
    assert 1.0 - quantile_table(stats.norm(), 4096).var() < 1e-4


def test_picked_draws_are_distributed_like_the_law() -> None:
    table = quantile_table(stats.expon(), CELLS)
    bits = counter.bits(3, np.arange(50_000))
    drawn = np.array([pick(table, word) for word in bits])
    assert abs(drawn.mean() - 1.0) < 4 / len(bits) ** 0.5
    assert stats.kstest(drawn, "expon").statistic < 1 / CELLS + 2 / len(bits) ** 0.5


def test_complementary_bits_pick_the_opposite_cell() -> None:
    table = np.arange(1024.0)
    for word in counter.bits(4, np.arange(500)):
        assert pick(table, word) + pick(table, ~word) == 1023.0
