"""Draw replicas that cancel each other's luck: antithetic pairs, and Latin hypercubes.

A pair shares its random bits, one replica takes their complement (u and 1 - u); a block of S
consecutive units (replicas, or pairs) takes each S-th of every episode-level quantity exactly
once, in an order drawn for each quantity (McKay, Beckman and Conover 1979). Both are functions
of replica numbers alone, so nothing depends on how replicas are split into batches. Every
replica's own law stays what it was, so means stay unbiased; but replicas of a block are no
longer independent, and blocks are the units of an interval: :func:`interval`.

>>> sampling = Sampling(antithetic=True, strata=2)
>>> sampling.block, sampling.base(np.arange(5)).tolist()
(4, [0, 0, 2, 2, 4])
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from stillage import counter
from stillage.errors import BadInput

STREAM_LUCK, STREAM_ORDER = 61, 62
_ALL_ONES = np.uint64(2**64 - 1)
_SPAN = 2**64

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Words = NDArray[np.uint64]


class Sampling(NamedTuple):
    """A way to draw replicas; the default draws each of them independently."""

    antithetic: bool = False
    strata: int = 1

    @property
    def block(self) -> int:
        """Count the consecutive replicas that depend on each other."""
        return max(self.strata, 1) * (2 if self.antithetic else 1)

    def base(self, replicas: Ints) -> Ints:
        """Return the replica whose random bits each replica uses: its own, or its pair's first."""
        return replicas - replicas % 2 if self.antithetic else replicas

    def mirror(self, replicas: Ints) -> Words:
        """Return what to XOR all bits with, uint64 of the same shape.

        It is 0, or all ones in a pair's second.
        """
        odd = (replicas % 2 == 1) & self.antithetic
        return np.where(odd, _ALL_ONES, np.uint64(0))


def prefixes(seed: int, replicas: Ints, episode: int, sampling: Sampling) -> Words:
    """Compute the hash state of each replica's episode, uint64 (R,); a pair shares it.

    >>> from stillage_sim.engine.randomness import prefix
    >>> bool(prefixes(7, np.arange(4), 1, Sampling(antithetic=True))[3] == prefix(7, 2, 1))
    True
    """
    return counter.bits(seed, sampling.base(replicas), episode)


def episode_luck(
    seed: int, replicas: Ints, episode: int, quantities: int, sampling: Sampling
) -> Words:
    """Draw the bits of replicas' episode-level quantities, uint64 (R, V), not yet mirrored.

    >>> luck = episode_luck(1, np.arange(4), 0, 3, Sampling(strata=4))
    >>> np.sort(luck >> np.uint64(62), axis=0)[:, 0].tolist()
    [0, 1, 2, 3]
    """
    column = np.arange(quantities)
    base = sampling.base(replicas)
    bits = counter.bits(seed, base[:, None], episode, STREAM_LUCK, column)
    strata = max(sampling.strata, 1)
    if strata == 1 or not replicas.size:
        return bits
    unit = base // 2 if sampling.antithetic else base
    blocks, spot = np.unique(unit // strata, return_inverse=True)
    place = np.arange(strata)
    where = (blocks[:, None, None], episode, STREAM_ORDER, column[:, None], place)
    keys = counter.bits(seed, *where, 0)  # one coordinate more than any draw of a stage
    order = np.argsort(keys, axis=-1, kind="stable")
    # The stratum's place in 0 .. 2**64 - 1, and the bits, scaled down, within it.
    stratum = order[spot, :, unit % strata].astype(np.uint64)
    return np.asarray(stratum * np.uint64(_SPAN // strata) + bits // np.uint64(strata))


def block_means(values: Floats, sampling: Sampling) -> Floats:
    """Average blocks of replicas, (R, ...) -> (R / block, ...): independent of each other.

    Raises
    ------
    BadInput
        If R is no multiple of the block: then some strata would be missing.
    """
    if len(values) % sampling.block:
        raise BadInput("replicas", len(values), f"a multiple of {sampling.block} (see sampling)")
    return np.asarray(values.reshape(-1, sampling.block, *values.shape[1:]).mean(1))


def interval(
    values: Floats, sampling: Sampling, confidence: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Compute the mean over replicas (R, ...) and its Student interval, with blocks as the units.

    Raises
    ------
    BadInput
        If there are fewer than two blocks, or an incomplete one.

    >>> [round(float(x), 3) for x in interval(np.array([1.0, 2.0, 3.0, 6.0]), Sampling())]
    [3.0, -0.437, 6.437]
    """
    units = block_means(np.asarray(values, np.float64), sampling)
    if len(units) < 2:
        raise BadInput("replicas", len(values), f"at least {2 * sampling.block} (see sampling)")
    mean = units.mean(0)
    half = stats.t.isf((1.0 - confidence) / 2.0, len(units) - 1) * units.std(0, ddof=1)
    half = half / np.sqrt(len(units))
    return mean, np.asarray(mean - half), np.asarray(mean + half)
