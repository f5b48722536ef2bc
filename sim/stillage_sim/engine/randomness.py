"""Draw counter-based random numbers in compiled loops, bit-identical to :mod:`stillage.counter`.

A draw is ``hash(seed, replica, episode, step, stream, index)``. The hash folds one coordinate
after another, so that a replica's prefix and a step's prefix are computed once.

>>> from stillage import counter
>>> state = prefix(7, 3, 0)
>>> with np.errstate(over="ignore"):
...     bool(fold(state, np.uint64(5)) == counter.bits(7, 3, 0, 5))
True
"""

from __future__ import annotations

import numpy as np

from stillage import counter
from stillage_sim.engine.marks import compiled, shared

__all__ = [
    "LOW_32", "U32", "below", "draw", "fold", "fraction", "from_table", "high", "low",
    "poisson_table", "prefix",
]  # fmt: skip

GOLDEN = counter.GOLDEN
MULTIPLY_1 = counter.MULTIPLY_1
MULTIPLY_2 = counter.MULTIPLY_2
U11, U27, U30, U31, U32 = (np.uint64(n) for n in (11, 27, 30, 31, 32))
LOW_32 = np.uint64(0xFFFFFFFF)
UNIT = 2.0**-53


@shared
def fold(state: np.uint64, value: np.uint64) -> np.uint64:
    """Fold one coordinate (uint64) into a hash state, as :func:`stillage.counter.mix`."""
    z = (state ^ value) + GOLDEN
    z = (z ^ (z >> U30)) * MULTIPLY_1
    z = (z ^ (z >> U27)) * MULTIPLY_2
    return z ^ (z >> U31)


@shared
def draw(state: np.uint64, stream: int, index: int) -> np.uint64:
    """Draw 64 random bits of a stream at an index, given the prefix of everything before."""
    return fold(fold(state, np.uint64(stream)), np.uint64(index))


@shared
def fraction(bits: np.uint64) -> float:
    """Turn 64 random bits into float64 in [0, 1), as :func:`stillage.counter.uniform`."""
    return np.float64(bits >> U11) * UNIT


@shared
def high(bits: np.uint64) -> np.uint64:
    """Return the upper 32 of 64 random bits."""
    return bits >> U32


@shared
def low(bits: np.uint64) -> np.uint64:
    """Return the lower 32 of 64 random bits."""
    return bits & LOW_32


@shared
def below(bits32: np.uint64, count: int) -> np.int64:
    """Draw a whole number in [0, count) from 32 random bits (Lemire's multiply-shift).

    Some numbers are likelier than others by at most ``count`` in 2**32.
    """
    return np.int64((bits32 * np.uint64(count)) >> U32)


@compiled
def from_table(u: float, cumulative: np.ndarray) -> int:
    """Find the smallest k with ``u < cumulative[k]``: a draw by quantile table (inversion)."""
    k = 0
    while k < cumulative.shape[0] - 1 and u >= cumulative[k]:
        k += 1
    return k


def prefix(seed: int, replica: int, episode: int) -> np.uint64:
    """Compute the hash state of one replica's episode."""
    return np.uint64(counter.bits(seed, replica, episode))


def poisson_table(mean: float) -> np.ndarray:
    """Tabulate the probabilities P(N <= k), k = 0..n, of a Poisson law; the last one is 1.

    Made once by the driver; loops only compare with it. The tail beyond is under 2**-53.

    >>> from_table(0.5, poisson_table(0.0)), from_table(0.95, poisson_table(1.0))
    (0, 3)
    """
    from scipy.stats import poisson

    last = int(poisson.isf(UNIT, mean)) + 1 if mean > 0 else 0
    table = np.asarray(poisson.cdf(np.arange(last + 1), mean), np.float64)
    table[-1] = 1.0
    return table
