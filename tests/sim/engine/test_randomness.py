"""The compiled hash is the very hash of stillage.counter, and its draws are what they claim."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stillage import counter
from stillage_sim.engine import randomness as rnd

words = st.integers(0, 2**63 - 1)


@settings(deadline=None)
@given(seed=words, replica=words, episode=words, step=words, stream=words, index=words)
def test_hash_is_bit_identical_to_the_counter(
    seed: int, replica: int, episode: int, step: int, stream: int, index: int
) -> None:
    expected = counter.bits(seed, replica, episode, step, stream, index)
    with np.errstate(over="ignore"):
        now = np.uint64(rnd.fold(rnd.prefix(seed, replica, episode), np.uint64(step)))
        got = rnd.draw(now, stream, index)
    assert int(got) == int(expected)
    assert rnd.fraction(np.uint64(got)) == counter.uniform(
        seed, replica, episode, step, stream, index
    )


def test_negative_seeds_wrap_like_the_counter() -> None:
    assert rnd.prefix(-1, 0, 0) == counter.bits(-1, 0, 0)


@settings(deadline=None)
@given(bits=st.integers(0, 2**32 - 1), count=st.integers(1, 2**31))
def test_below_is_the_exact_multiply_shift(bits: int, count: int) -> None:
    assert int(rnd.below(np.uint64(bits), count)) == bits * count // 2**32 < count


def test_below_is_uniform() -> None:
    bits = counter.bits(5, np.arange(60_000))
    drawn = [int(rnd.below(rnd.high(word), 7)) for word in bits]
    assert stats.chisquare(np.bincount(drawn, minlength=7)).pvalue > 1e-4


@pytest.mark.parametrize("mean", [0.0, 0.01, 0.8, 12.0, 60.0])
def test_table_draws_are_poisson(mean: float) -> None:
    table = rnd.poisson_table(mean)
    assert table[-1] == 1.0
    assert (np.diff(table) >= 0).all()
    u = counter.uniform(9, np.arange(40_000))
    drawn = np.array([rnd.from_table(float(x), table) for x in u])
    assert (drawn == stats.poisson.ppf(u, mean).clip(0)).mean() > 0.9999
    assert drawn.mean() == pytest.approx(mean, abs=4 * (mean / len(u)) ** 0.5)


def test_table_takes_the_largest_draw() -> None:
    table = rnd.poisson_table(2.0)
    assert rnd.from_table(1.0 - 2.0**-53, table) <= len(table) - 1
