"""Laws of times (between arrivals, of service, to failure, of repair), drawn by inversion.

A draw is exact where a closed form is: ``-log(u)`` and its kin are allowed in the event engine,
which therefore promises that compiled and interpreted runs agree to a relative 1e-12, not to
the last bit as the stepped engine does. A law without a closed form comes as a table of equally
likely values, for instance conditional means of equiprobable cells.

>>> exponential(2.0).mean, erlang(6.0, 3).mean, round(hyperexponential(2.0, cv2=4.0).mean, 12)
(2.0, 6.0, 2.0)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_sim.engine import compiled
from stillage_sim.engine.randomness import below, fold, fraction, high

CONSTANT, EXPONENTIAL, ERLANG, HYPEREXPONENTIAL, UNIFORM, WEIBULL, LOGNORMAL, TABLED = range(8)
PARAMETERS = 3
NO_TABLE = np.ones(1)

U0, U1 = np.uint64(0), np.uint64(1)


@dataclass(frozen=True, eq=False)
class TimeLaw:
    """A law of non-negative times, in the model's unit.

    Parameters
    ----------
    kind : int
        One of this module's codes.
    parameters : tuple of float
        Up to three numbers, meant by ``kind``; see :func:`draw_time`.
    mean : float
        Its mean.
    table : float64 (n,)
        Equally likely values of a tabled law.
    """

    kind: int
    parameters: tuple[float, ...]
    mean: float
    table: NDArray[np.float64] | None = None


def _check(name: str, value: float, least: float, strict: bool = True) -> float:
    """Return a finite number above (or, not strict, at) ``least``; else raise BadInput."""
    if not math.isfinite(value) or value < least or (strict and value == least):
        raise BadInput(name, found=value, expected=f"a number {'>' if strict else '>='} {least:g}")
    return float(value)


def constant(value: float) -> TimeLaw:
    """Make the law of times that are always ``value`` (>= 0)."""
    return TimeLaw(CONSTANT, (_check("constant: value", value, 0.0, strict=False),), value)


def exponential(mean: float) -> TimeLaw:
    """Make an exponential law, of a ``mean`` > 0."""
    return TimeLaw(EXPONENTIAL, (_check("exponential: mean", mean, 0.0),), mean)


def erlang(mean: float, phases: int) -> TimeLaw:
    """Make the law of a sum of ``phases`` exponentials; its squared cv is 1 / phases.

    cv: coefficient of variation.
    """
    _check("erlang: phases", phases, 1, strict=False)
    return TimeLaw(ERLANG, (_check("erlang: mean", mean, 0.0) / phases, float(phases)), mean)


def hyperexponential(mean: float, cv2: float) -> TimeLaw:
    """Make the law of one of two exponentials, with balanced means.

    Its squared coefficient of variation ``cv2`` is >= 1.

    The first is chosen with p = (1 + sqrt((c - 1) / (c + 1))) / 2 and has the mean m / (2 p),
    the second m / (2 (1 - p)): Whitt (1982), *Approximating a point process by a renewal
    process*.
    """
    _check("hyperexponential: mean", mean, 0.0)
    _check("hyperexponential: cv2", cv2, 1.0, strict=False)
    first = (1.0 + math.sqrt((cv2 - 1.0) / (cv2 + 1.0))) / 2.0
    return TimeLaw(
        HYPEREXPONENTIAL, (mean / (2.0 * first), mean / (2.0 * (1.0 - first)), first), mean
    )


def uniform(low: float, high: float) -> TimeLaw:
    """Make a uniform law between ``low`` (>= 0) and ``high``."""
    _check("uniform: low", low, 0.0, strict=False)
    _check("uniform: high", high, low, strict=False)
    return TimeLaw(UNIFORM, (low, high - low), (low + high) / 2.0)


def weibull(shape: float, scale: float) -> TimeLaw:
    """Make a Weibull law, S(t) = exp(-(t / scale) ** shape)."""
    power = 1.0 / _check("weibull: shape", shape, 0.0)
    _check("weibull: scale", scale, 0.0)
    return TimeLaw(WEIBULL, (scale, power), scale * math.gamma(1.0 + power))


def lognormal(mean: float, cv2: float) -> TimeLaw:
    """Make a lognormal law of a mean and a squared coefficient of variation.

    It is drawn by Box and Muller.
    """
    _check("lognormal: mean", mean, 0.0)
    variance = math.log1p(_check("lognormal: cv2", cv2, 0.0, strict=False))
    return TimeLaw(LOGNORMAL, (math.log(mean) - variance / 2.0, math.sqrt(variance)), mean)


def tabled(values: NDArray[np.float64]) -> TimeLaw:
    """Make a law of ``values`` (n,), n >= 1, equally likely: recorded times or a quantile table."""
    table = np.ascontiguousarray(values, np.float64)
    if table.ndim != 1 or not table.size or not np.isfinite(table).all() or table.min() < 0.0:
        raise BadInput("tabled: values", f"shape {table.shape}", "finite values >= 0 (n,)")
    return TimeLaw(TABLED, (), float(table.mean()), table)


@compiled
def standard(bits: np.uint64) -> float:
    """Draw a standard exponential from 64 random bits: -log of a number in (0, 1]."""
    time: float = -math.log(1.0 - fraction(bits))
    return time


@compiled
def draw_time(
    kind: int, parameters: np.ndarray, table: np.ndarray, bits: np.uint64, mirror: np.uint64
) -> float:
    """Draw one time of a law; further bits, where a law needs them, are folded from ``bits``.

    ``parameters`` (3,): CONSTANT (value), EXPONENTIAL (mean), ERLANG (mean of a phase, phases),
    HYPEREXPONENTIAL (mean, other mean, chance of the first), UNIFORM (low, width), WEIBULL
    (scale, 1 / shape), LOGNORMAL (mean and deviation of the log); TABLED uses ``table`` (n,).
    ``mirror`` is 0, or all ones for the antithetic replica.
    """
    time: float = parameters[0]
    if kind == EXPONENTIAL:
        time *= standard(bits ^ mirror)
    elif kind == ERLANG:
        total = 0.0
        for phase in range(int(parameters[1])):
            total += standard(fold(bits, np.uint64(phase)) ^ mirror)
        time *= total
    elif kind == HYPEREXPONENTIAL:
        if fraction(fold(bits, U1) ^ mirror) >= parameters[2]:
            time = parameters[1]
        time *= standard(bits ^ mirror)
    elif kind == UNIFORM:
        time += parameters[1] * fraction(bits ^ mirror)
    elif kind == WEIBULL:
        time *= standard(bits ^ mirror) ** parameters[1]
    elif kind == LOGNORMAL:
        normal = math.sqrt(2.0 * standard(bits))
        normal *= math.cos(2.0 * math.pi * fraction(fold(bits, U1)))
        # Negated, since mirrored bits would change the radius but not the sign.
        time = math.exp(time + parameters[1] * (normal if mirror == U0 else -normal))
    elif kind == TABLED:
        time = table[below(high(bits ^ mirror), table.shape[0])]
    return time
