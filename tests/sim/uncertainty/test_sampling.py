"""Antithetic pairs and strata: unbiased, variances as theory has them, intervals that cover."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from stillage.errors import BadInput
from stillage_sim.uncertainty.sampling import (
    Sampling,
    block_means,
    episode_luck,
    interval,
    prefixes,
)

REPLICAS = 48_000
SAMPLINGS = [Sampling(), Sampling(True), Sampling(False, 4), Sampling(False, 5), Sampling(True, 3)]


def uniforms(sampling: Sampling, quantities: int, seed: int = 1) -> NDArray[np.float64]:
    replicas = np.arange(REPLICAS)
    luck = episode_luck(seed, replicas, 0, quantities, sampling)
    return ((luck ^ sampling.mirror(replicas)[:, None]) >> np.uint64(11)).astype(float) * 2.0**-53


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
def test_every_replicas_law_stays_uniform(sampling: Sampling) -> None:
    u = uniforms(sampling, 2)
    for place in range(sampling.block):
        part = u[place :: sampling.block]
        assert stats.kstest(part[:, 0], "uniform").pvalue > 1e-4
        assert abs(np.corrcoef(part[:, 0], part[:, 1])[0, 1]) < 4 / len(part) ** 0.5


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
def test_the_mean_stays_unbiased(sampling: Sampling) -> None:
    u = uniforms(sampling, 3)
    values = np.exp(u[:, 0]) + u[:, 1] * u[:, 2]
    means = block_means(values, sampling)
    expected = math.e - 1.0 + 0.25
    assert abs(means.mean() - expected) < 4 * means.std() / len(means) ** 0.5


@given(strata=st.integers(2, 12), antithetic=st.booleans(), seed=st.integers(0, 2**40))
def test_each_block_has_each_stratum_once(strata: int, antithetic: bool, seed: int) -> None:
    sampling = Sampling(antithetic, strata)
    replicas = np.arange(3 * sampling.block)
    luck = episode_luck(seed, replicas, 2, 4, sampling)
    stratum = (luck[:: 2 if antithetic else 1] // np.uint64(2**64 // strata)).astype(int)
    found = np.sort(stratum.reshape(3, strata, 4), axis=1)
    assert (found == np.arange(strata)[None, :, None]).all()


def test_antithetic_pairs_reduce_the_variance_of_exp_as_theory_says() -> None:
    """Var of exp(u): (e^2 - 1) / 2 - (e - 1)^2; covariance with exp(1 - u): e - (e - 1)^2."""
    square = (math.e - 1.0) ** 2
    variance, covariance = (math.e**2 - 1.0) / 2.0 - square, math.e - square
    pairs = block_means(np.exp(uniforms(Sampling(True), 1)[:, 0]), Sampling(True))
    assert pairs.var() == pytest.approx((variance + covariance) / 2.0, rel=0.03)
    single = np.exp(uniforms(Sampling(), 1)[:, 0])
    assert single.var() / 2.0 / pairs.var() == pytest.approx(30.9, rel=0.04)


def test_a_pair_cancels_what_is_linear() -> None:
    pairs = block_means(uniforms(Sampling(True), 1)[:, 0], Sampling(True))
    assert pairs == pytest.approx(np.full(len(pairs), 0.5), abs=1e-15)


@pytest.mark.parametrize("strata", [2, 4, 5, 16])
def test_strata_cut_the_variance_with_the_cube(strata: int) -> None:
    """A mean of S stratified uniforms: S strata of width 1/S, variance 1 / (12 S^3)."""
    means = block_means(uniforms(Sampling(False, strata), 1)[:, 0], Sampling(False, strata))
    assert means.var() == pytest.approx(1.0 / (12.0 * strata**3), rel=0.06)


def test_a_latin_hypercube_removes_the_additive_part_only() -> None:
    """Of u w over S strata, with u = 1/2 + A + e: A the stratum's centre, e what is left of u.

    A has variance a = (1 - 1/S^2) / 12 and sums to 0 over a block, e has b = 1 / (12 S^2); so a
    block's mean has variance b / (2 S) + a^2 / (S - 1) + 2 a b / S + b^2 / S. The second term is
    the interaction in a random order, which no Latin hypercube removes (Stein 1987).
    """
    strata = 8
    u = uniforms(Sampling(False, strata), 2)
    means = block_means(u[:, 0] * u[:, 1], Sampling(False, strata))
    a, b = (1.0 - strata**-2) / 12.0, strata**-2 / 12.0
    expected = b / (2 * strata) + a**2 / (strata - 1) + (2 * a * b + b**2) / strata
    assert means.var() == pytest.approx(expected, rel=0.08)
    assert (1.0 / 24.0 + 1.0 / 144.0) / strata > 5.0 * means.var()


def test_pairs_share_bits_and_batches_do_not_matter() -> None:
    sampling = Sampling(antithetic=True, strata=4)
    replicas = np.arange(40)
    assert (
        prefixes(3, replicas, 1, sampling)[::2] == prefixes(3, replicas, 1, sampling)[1::2]
    ).all()
    whole = episode_luck(3, replicas, 1, 5, sampling)
    assert (whole[::2] == whole[1::2]).all()
    parts = [episode_luck(3, replicas[a:b], 1, 5, sampling) for a, b in ((0, 7), (7, 40))]
    assert (np.concatenate(parts) == whole).all()
    assert not (episode_luck(3, replicas, 2, 5, sampling) == whole).any()
    assert sampling.mirror(replicas)[:2].tolist() == [0, 2**64 - 1]


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
def test_intervals_cover_as_often_as_they_say(sampling: Sampling) -> None:
    """800 samples of 60 replicas, 95 %: coverage within .95 +- .03 (four standard errors)."""
    u = uniforms(sampling, 2)
    values = (np.exp(u[:, 0]) * (0.5 + u[:, 1])).reshape(800, 60)
    expected = math.e - 1.0
    inside = 0
    for sample in values:
        _, low, high = interval(sample, sampling)
        inside += bool(low <= expected <= high)
    assert inside / 800 == pytest.approx(0.95, abs=0.03)


def test_intervals_that_ignore_the_pairing_are_wrong() -> None:
    u = uniforms(Sampling(True), 1)[:, 0]
    _, low, high = interval(np.exp(u), Sampling(True))
    _, naive_low, naive_high = interval(np.exp(u), Sampling())
    assert (naive_high - naive_low) / (high - low) == pytest.approx(30.9**0.5, rel=0.03)


def test_intervals_of_several_kpis_at_once() -> None:
    values = np.arange(24.0).reshape(8, 3)
    mean, low, high = interval(values, Sampling(True, 2))
    assert mean.shape == low.shape == high.shape == (3,)
    assert (low < mean).all()
    assert (mean < high).all()


def test_incomplete_blocks_are_refused() -> None:
    with pytest.raises(BadInput, match="multiple of 6"):
        block_means(np.zeros(7), Sampling(True, 3))
    with pytest.raises(BadInput, match="at least 12"):
        interval(np.zeros(6), Sampling(True, 3))


def test_extreme_counts() -> None:
    assert episode_luck(1, np.arange(0), 0, 3, Sampling(True, 4)).shape == (0, 3)
    assert episode_luck(1, np.arange(3), 0, 0, Sampling(True, 4)).shape == (3, 0)
    big = episode_luck(1, np.arange(100_000), 0, 4, Sampling(False, 1000))
    assert big.shape == (100_000, 4)
