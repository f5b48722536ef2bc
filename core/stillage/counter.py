"""Counter-based randomness: every random number is a hash of where it is needed.

``u = hash(seed, a, b, ...)`` in 64-bit integer arithmetic, so a draw depends on its
coordinates (seed, replica, step, stream ...) alone and never on the order, the batch or
the worker in which it is made. The mixer is the finaliser of SplitMix64 (Steele, Lea and
Flood, OOPSLA 2014), applied once per coordinate.

>>> float(uniform(1, 2, 3)) == float(uniform(1, 2, 3))
True
>>> bool((uniform(7, np.arange(1000)) < 1).all())
True
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MULTIPLY_1 = np.uint64(0xBF58476D1CE4E5B9)
MULTIPLY_2 = np.uint64(0x94D049BB133111EB)
_MASK = (1 << 64) - 1


def mix(state: NDArray[np.uint64], value: Any) -> NDArray[np.uint64]:
    """Fold one integer coordinate (array or scalar, wrapped to 64 bits) into ``state``."""
    if isinstance(value, int):
        value = value & _MASK
    with np.errstate(over="ignore"):
        z = (state ^ np.asarray(value).astype(np.uint64)) + GOLDEN
        z = (z ^ (z >> np.uint64(30))) * MULTIPLY_1
        z = (z ^ (z >> np.uint64(27))) * MULTIPLY_2
        return np.asarray(z ^ (z >> np.uint64(31)))


def bits(seed: int, *coordinates: Any) -> NDArray[np.uint64]:
    """Draw 64 random bits for each broadcast combination of integer coordinates."""
    state = mix(np.zeros((), np.uint64), seed)
    for coordinate in coordinates:
        state = mix(state, coordinate)
    return state


def uniform(seed: int, *coordinates: Any) -> NDArray[np.float64]:
    """Draw float64 in [0, 1) with 53 random bits, one for each combination of coordinates."""
    return (bits(seed, *coordinates) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(seed: int, *coordinates: Any) -> NDArray[np.float64]:
    """Draw a standard normal float64 for each combination of coordinates (Box and Muller, 1958).

    >>> draws = normal(5, np.arange(100_000))
    >>> bool(abs(draws.mean()) < 0.02 and abs(draws.std() - 1.0) < 0.02)
    True
    """
    # of 1 - u, which is never 0: the logarithm stays finite
    radius = np.sqrt(-2.0 * np.log1p(-uniform(seed, *coordinates, 0)))
    return np.asarray(radius * np.cos(2.0 * np.pi * uniform(seed, *coordinates, 1)))


def stream(name: str) -> int:
    """Give a stable integer for a named stream, the same in every process.

    >>> stream("flip") == stream("flip") != stream("crop")
    True
    """
    return zlib.crc32(name.encode())


def generator(seed: int, *coordinates: int) -> np.random.Generator:
    """Make a NumPy generator (Philox) keyed by the same hash, for draws outside the simulator."""
    return np.random.Generator(np.random.Philox(key=int(bits(seed, *coordinates))))
