"""How machines wear: Wiener and gamma processes, Weibull lives, and how long they last.

Everything is a hash of (seed, sample, step), so that unit i wears alike alone or among others.

* Wiener: ``dX = mu dt + sigma dB``; the first passage of ``D`` is inverse Gaussian with mean
  ``D / mu`` and shape ``D^2 / sigma^2`` (Schroedinger 1915; Chhikara and Folks 1989).
* Gamma: increments over dt are Gamma(shape ``a dt``, scale ``b``); monotone
  (van Noortwijk, Reliability Engineering and System Safety 94, 2009). It has passed D by t with
  probability ``Q(a t, D / b)``, the regularised upper incomplete gamma function.
* Weibull life: ``P(T > t) = exp(-(t / lambda)^k)``, mean ``lambda Gamma(1 + 1/k)``.
"""

from __future__ import annotations

from math import gamma as gamma_function

import numpy as np
from numpy.typing import NDArray

from stillage.counter import normal, stream, uniform
from stillage.errors import BadInput

Array = NDArray[np.float64]
Samples = NDArray[np.int64]

TURBOFAN_SHAPE, TURBOFAN_SCALE = 4.41, 225.0
"""Weibull shape and scale (cycles) of the lives of the turbofan set FD001."""

TURBOFAN_DECAY = 47.5
"""Cycles over which health falls near the end there: ``exp(-RUL / 47.5)``."""


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not 0.0 < value < np.inf:
            raise BadInput(name, f"{value}", "a positive number")


def wiener_paths(
    drift: float, volatility: float, steps: int, dt: float, seed: int, samples: Samples
) -> Array:
    """Wear ``(N, steps + 1)`` from 0, exact at multiples of ``dt``.

    >>> wiener_paths(2.0, 0.0, 3, 0.5, 0, np.array([4]))
    array([[0., 1., 2., 3.]])
    """
    noise = normal(seed, samples[:, None], stream("wiener"), np.arange(steps))
    increments = drift * dt + volatility * np.sqrt(dt) * noise
    return np.concatenate([np.zeros((len(samples), 1)), np.cumsum(increments, 1)], 1)


def gamma_paths(
    shape: float, scale: float, steps: int, dt: float, seed: int, samples: Samples
) -> Array:
    """Wear ``(N, steps + 1)`` from 0 by gamma increments: ``shape`` a unit of time, ``scale``.

    Increments are quantiles of uniform draws, so they are exact.
    """
    from scipy.special import gammaincinv

    _positive(shape=shape, scale=scale, dt=dt)
    draws = uniform(seed, samples[:, None], stream("gamma"), np.arange(steps))
    increments = scale * gammaincinv(shape * dt, draws)
    return np.concatenate([np.zeros((len(samples), 1)), np.cumsum(increments, 1)], 1)


def first_passage(paths: Array, threshold: float, dt: float) -> Array:
    """First time (N,) at which paths ``(N, steps + 1)`` reach ``threshold``; NaN where never.

    Seen at multiples of ``dt`` alone; between them a Wiener path may have passed before: use
    :func:`wiener_passage` for exact times.
    """
    reached = paths >= threshold
    times = reached.argmax(1) * dt
    return np.where(reached.any(1), times, np.nan)


def wiener_passage(
    drift: float, volatility: float, threshold: float, seed: int, samples: Samples
) -> Array:
    """Exact first-passage times (N,): inverse Gaussian (Michael, Schucany and Haas 1976).

    Raises
    ------
    BadInput
        If drift, volatility or threshold is not positive.
    """
    _positive(drift=drift, volatility=volatility, threshold=threshold)
    mean, shape = threshold / drift, (threshold / volatility) ** 2
    chi = normal(seed, samples, stream("passage")) ** 2
    half = mean * chi / (2.0 * shape)
    small = mean / (1.0 + half + np.sqrt(half * half + 2.0 * half))  # the root, without cancelling
    lower = uniform(seed, samples, stream("passage root")) <= mean / (mean + small)
    return np.where(lower, small, mean * mean / small)


def gamma_passage(
    shape: float, scale: float, threshold: float, seed: int, samples: Samples
) -> Array:
    """Exact first-passage times (N,) of a gamma process: quantiles of ``Q(a t, D / b)``."""
    from scipy.special import gammaincc

    _positive(shape=shape, scale=scale, threshold=threshold)
    wanted = uniform(seed, samples, stream("gamma passage"))
    low, high = np.zeros(len(samples)), np.full(len(samples), threshold / (shape * scale) + 1.0)
    while (short := gammaincc(shape * high, threshold / scale) < wanted).any():
        high = np.where(short, 2.0 * high, high)
    for _ in range(60):
        middle = 0.5 * (low + high)
        below = gammaincc(shape * middle, threshold / scale) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(0.5 * (low + high))


def weibull_life(shape: float, scale: float, seed: int, samples: Samples) -> Array:
    """Lives (N,): ``lambda (-ln U)^(1/k)``."""
    _positive(shape=shape, scale=scale)
    survival = -np.log1p(-uniform(seed, samples, stream("weibull")))
    return np.asarray(scale * survival ** (1.0 / shape))


def weibull_mean(shape: float, scale: float) -> float:
    """Mean life ``lambda Gamma(1 + 1/k)``.

    >>> round(weibull_mean(4.41, 225.0))
    205
    """
    _positive(shape=shape, scale=scale)
    return scale * gamma_function(1.0 + 1.0 / shape)


def health_of(remaining: Array, decay: float = TURBOFAN_DECAY) -> Array:
    """Health in 0..1 from remaining life: ``1 - exp(-RUL / decay)``; 1 is new, 0 failed.

    >>> health_of(np.array([0.0, 1e9]))
    array([0., 1.])
    """
    _positive(decay=decay)
    return np.asarray(1.0 - np.exp(-np.maximum(remaining, 0.0) / decay))
