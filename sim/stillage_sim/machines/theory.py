"""Closed forms of maintenance theory, with which the simulated machines must agree.

Sources: Barlow and Proschan, Mathematical Theory of Reliability (1965), chapters 3 and 4, for
age replacement and availability; Gross and Harris, Fundamentals of Queueing Theory, for the
machine-repair model and Erlang's loss formula; Cox and Miller, The Theory of Stochastic
Processes (1965), for first passages.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, optimize, stats

LONGEST = 1e3
"""Ages are sought up to so many mean lives; beyond, replacement never pays."""


def failure_chance(age: float, hours: float, shape: float, scale: float) -> float:
    """Compute the chance that a Weibull machine of an age fails in the next hours.

    It is 1 - exp(-[H(a+d) - H(a)]).

    ``H(t) = (t / scale) ** shape`` is the cumulative hazard; ages and ``scale`` in hours.

    >>> round(failure_chance(500.0, 10.0, 2.0, 1000.0), 6)
    0.010049
    """
    hazard = ((age + hours) / scale) ** shape - (age / scale) ** shape
    return -math.expm1(-hazard)


def mean_until(law: Any, age: float) -> float:
    """Compute the mean hours until a new machine fails or reaches ``age``: int_0^age R.

    ``law`` is a frozen ``scipy.stats`` law of lives in hours.

    >>> round(mean_until(stats.expon(scale=100.0), math.inf), 9)
    100.0
    """
    if math.isinf(age):
        return float(law.mean())
    points = [float(x) for x in law.ppf([0.001, 0.1, 0.5, 0.9, 0.999]) if 0.0 < x < age]
    return float(integrate.quad(law.sf, 0.0, age, points=points or None, limit=200)[0])


def replacement_rate(
    age: float,
    law: Any,
    preventive_eur: float,
    corrective_eur: float,
    preventive_h: float = 0.0,
    corrective_h: float = 0.0,
) -> float:
    """Compute the EUR per hour if a machine is replaced at ``age`` (h; infinite: run to failure).

    [cp R(T) + cf F(T)] / [int_0^T R + mp R(T) + mf F(T)]: the cost of a cycle over its length
    (renewal reward), with the durations mp, mf (h) of both jobs.

    >>> round(replacement_rate(336.45, stats.weibull_min(2.0, scale=1000.0), 1.0, 10.0), 7)
    0.0060561
    """
    survives = 0.0 if math.isinf(age) else float(law.sf(age))
    cost = preventive_eur * survives + corrective_eur * (1.0 - survives)
    idle = preventive_h * survives + corrective_h * (1.0 - survives)
    return cost / (mean_until(law, age) + idle)


def optimal_age(
    law: Any,
    preventive_eur: float,
    corrective_eur: float,
    preventive_h: float = 0.0,
    corrective_h: float = 0.0,
) -> float:
    """Find the age (h) of least :func:`replacement_rate`; infinite where replacement never pays.

    The root of (cf - cp) h(T) L(T) = C(T) (1 + (mf - mp) h(T)), with the hazard rate h, the
    cycle's cost C and its length L.

    >>> weibull = stats.weibull_min(2.0, scale=1000.0)
    >>> round(optimal_age(weibull, 1.0, 10.0), 2)
    336.45
    >>> optimal_age(stats.expon(scale=1000.0), 1.0, 10.0)
    inf
    """
    mean = float(law.mean())

    def slope(age: float) -> float:
        survives = float(law.sf(age))
        hazard = float(law.pdf(age)) / survives
        cost = preventive_eur * survives + corrective_eur * (1.0 - survives)
        idle = preventive_h * survives + corrective_h * (1.0 - survives)
        length = mean_until(law, age) + idle
        gain = (corrective_eur - preventive_eur) * hazard * length
        return gain - cost * (1.0 + (corrective_h - preventive_h) * hazard)

    ages = [mean * 2.0**power for power in range(-20, 10)]
    ages = [age for age in ages if age <= LONGEST * mean and law.sf(age) > 1e-12]
    jobs = (preventive_eur, corrective_eur, preventive_h, corrective_h)
    best, least = math.inf, replacement_rate(math.inf, law, *jobs)
    for low, high in itertools.pairwise(ages):
        if slope(low) < 0.0 <= slope(high):
            age = float(optimize.brentq(slope, low, high, xtol=1e-9 * mean))
            rate = replacement_rate(age, law, *jobs)
            if rate < least * (1.0 - 1e-9):
                best, least = age, rate
    return best


def availability(mean_up: float, mean_down: float) -> float:
    """Compute the share of the time that a machine is up in the long run.

    >>> round(availability(200.0, 10.0), 5)
    0.95238
    """
    return mean_up / (mean_up + mean_down)


def availability_at(hours: float, mean_up: float, mean_down: float) -> float:
    """Compute the chance that a new machine is up after some hours, all laws exponential.

    >>> round(availability_at(20.0, 200.0, 10.0), 5)
    0.95821
    """
    fails, repairs = 1.0 / mean_up, 1.0 / mean_down
    total = fails + repairs
    return repairs / total + fails / total * math.exp(-total * hours)


def wiener_life(drift: float, diffusion: float) -> Any:
    """Build the law of the wear hours at which a Wiener path with drift reaches 1.

    It is inverse Gaussian.

    ``drift`` per hour and ``diffusion`` per root hour, both in thresholds; mean 1 / drift,
    variance diffusion^2 / drift^3.

    >>> law = wiener_life(0.01, 0.05)
    >>> round(float(law.mean()), 6), round(float(law.var()), 3)
    (100.0, 2500.0)
    """
    shape = 1.0 / diffusion**2
    return stats.invgauss(1.0 / (drift * shape), scale=shape)


def gamma_survival(hours: float, drift: float, diffusion: float) -> float:
    """Compute the chance that a gamma path has not reached 1 after some wear hours.

    Its level at t is gamma of mean drift t and variance diffusion^2 t (thresholds).

    >>> gamma_survival(0.0, 0.01, 0.05)
    1.0
    """
    if hours <= 0.0:
        return 1.0
    size = diffusion**2 / drift
    return float(stats.gamma.cdf(1.0, drift / size * hours, scale=size))


def gamma_life_mean(drift: float, diffusion: float) -> float:
    """Compute the mean wear hours until a gamma path reaches 1: the integral of its survival.

    >>> round(gamma_life_mean(0.01, 1e-4), 2)
    100.0
    """
    last = 1.0 / drift
    while gamma_survival(last, drift, diffusion) > 1e-12:
        last *= 1.5
    part = (drift, diffusion)
    middle = min(1.0 / drift, last)
    return float(
        integrate.quad(gamma_survival, 0.0, middle, args=part, limit=400)[0]
        + integrate.quad(gamma_survival, middle, last, args=part, limit=400)[0]
    )


def gamma_life(drift: float, diffusion: float) -> Any:
    """Build the law of a gamma path's life by the Birnbaum-Saunders approximation.

    It is good for many small steps.

    Park and Padgett, Lifetime Data Analysis 11 (2005).

    >>> round(float(gamma_life(0.01, 0.01).mean()), 2)
    100.5
    """
    size = diffusion**2 / drift
    return stats.fatiguelife(math.sqrt(size), scale=1.0 / drift)


def repairmen(machines: int, crews: int, mean_up: float, mean_down: float) -> NDArray[np.float64]:
    """Compute the chances of 0..K machines down in the long run, float64 (K + 1,): M/M/c//K.

    K machines with exponential lives and repairs, and ``crews`` that serve one each.

    >>> repairmen(1, 1, 200.0, 10.0).round(5).tolist()
    [0.95238, 0.04762]
    """
    weights = [1.0]
    for down in range(1, machines + 1):
        fails = (machines - down + 1) / mean_up
        weights.append(weights[-1] * fails * mean_down / min(down, crews))
    chances = np.asarray(weights)
    return np.asarray(chances / chances.sum())


def erlang_loss(servers: int, load: float) -> float:
    """Compute the chance that all of ``servers`` are busy under an offered load: Erlang's B.

    >>> round(erlang_loss(2, 1.0), 6)
    0.2
    """
    chance = 1.0
    for n in range(1, servers + 1):
        chance = load * chance / (n + load * chance)
    return chance


def spare_availability(base: int, mean_up: float, lead: float) -> float:
    """Compute the long-run availability of a machine whose repairs need but a spare part.

    Repairs take no time but the spare part's.

    Exponential lives, base stock ``base`` ordered one for one, any lead time of mean ``lead``
    (h). The machine is down while base + 1 orders are under way, and orders no more then: a
    loss system of base + 1 servers, insensitive to the law of lead times.

    >>> round(spare_availability(0, 200.0, 10.0), 5)
    0.95238
    """
    return 1.0 - erlang_loss(base + 1, lead / mean_up)
