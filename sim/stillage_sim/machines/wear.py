"""Age the machines: lives are drawn at renewal, and paths of wear a stride ahead.

The j-th life of machine k and the i-th stride of its paths depend on nothing but replica,
episode, k and j or i, so that all policies meet the same machines.
"""

from __future__ import annotations

import numpy as np

from stillage_sim.engine import called, stage
from stillage_sim.engine.quantiles import pick
from stillage_sim.engine.randomness import draw, fraction
from stillage_sim.machines.arrays import (
    BERNOULLI,
    GAMMA,
    NEVER,
    NONE,
    WEIBULL,
    WORKING,
    Machines,
    MachineState,
)
from stillage_sim.machines.durations import duration

(
    STREAM_ORIGIN,
    STREAM_LIFE,
    STREAM_PATH,
    STREAM_BRIDGE,
    STREAM_INSTANT,
    STREAM_ROOT,
    STREAM_START,
    STREAM_UP,
    STREAM_NOISE,
    STREAM_REPAIR,
    STREAM_UPKEEP,
    STREAM_LEAD,
) = range(20, 32)

_FAR = 80.0
"""Bridges whose chance of crossing is under exp(-80) are not drawn."""

_HALVINGS = 600
"""Newton steps that suffice for the root of any float64: a step at least halves a guess that is
far too high, and the first is at most 2**537 times too high."""


@called
def root(square: float) -> float:
    """Compute the square root by Newton's method, from + x / alone.

    >>> root(2.0) * root(2.0) - 2.0 < 1e-15, root(0.0)
    (True, 0.0)
    """
    if square <= 0.0:
        return 0.0
    guess = square if square > 1.0 else 1.0
    for _ in range(_HALVINGS):
        better = 0.5 * (guess + square / guess)
        if better >= guess:  # from above, guesses fall until rounding stops them
            break
        guess = better
    return guess


@called
def bridge_instant(
    start: float, end: float, scatter: float, deviate: float, chance: float
) -> float:
    """Draw when a Brownian bridge that crosses 1 first does, as a share of its length.

    ``start`` < 1 and ``end`` are its ends, ``scatter`` its variance over its length, ``deviate``
    a standard normal and ``chance`` a uniform draw. With s = t / (1 - t) the first passage is
    inverse Gaussian of mean (1 - start) / abs(1 - end) and shape (1 - start)^2 / scatter (time
    inversion; by reflection at 1 for a bridge that ends below it), here drawn by the
    transformation of Michael, Schucany and Haas (The American Statistician 30, 1976), with its
    smaller root written so that nothing cancels.

    >>> bridge_instant(0.0, 2.0, 1e-12, 0.0, 0.3)
    0.5
    """
    gap = 1.0 - start
    beyond = end - 1.0 if end > 1.0 else 1.0 - end
    mean = gap / (beyond if beyond > 1e-12 else 1e-12)  # a bridge may end at 1 itself
    half = mean * deviate * deviate * scatter / (2.0 * gap * gap)
    spread = 1.0 + half + root(half * (2.0 + half))
    instant = mean / spread
    if chance * (mean + instant) > mean:
        instant = mean * spread
    share: float = instant / (1.0 + instant)
    return share


@stage
def luck(origin: np.uint64, stream: int, index: int, mirror: np.uint64) -> np.uint64:
    """Draw 64 random bits of an episode; they are complemented in an antithetic replica."""
    bits: np.uint64 = draw(origin, stream, index) ^ mirror
    return bits


@stage
def crossing(
    start: float,
    end: float,
    scatter: float,
    normal: np.ndarray,
    exponential: np.ndarray,
    origin: np.uint64,
    index: int,
    mirror: np.uint64,
) -> float:
    """Draw when in a stride a Wiener path first crosses 1, as a share of the stride; -1: never.

    Between ends a, b < 1 it does with chance exp(-2 (1 - a)(1 - b) / scatter) (Brownian
    bridge): where that exponent is less than a standard exponential draw.
    """
    near = 2.0 * (1.0 - start) * (1.0 - end)
    if end < 1.0 and near >= scatter * duration(
        exponential, luck(origin, STREAM_BRIDGE, index, mirror)
    ):
        return -1.0
    deviate = pick(normal, luck(origin, STREAM_INSTANT, index, mirror))
    chance = fraction(luck(origin, STREAM_ROOT, index, mirror))
    return bridge_instant(start, end, scatter, deviate, chance)


@stage
def extend_path(
    machines: Machines, state: MachineState, r: int, k: int, wear: float, mirror: np.uint64
) -> None:
    """Draw machine k's path of wear further, until it lasts beyond ``wear`` hours or fails.

    The ends of strides are exact, and so is the instant of a Wiener path's first crossing,
    whether it ends the stride above 1 or below; that of a gamma path is interpolated.
    """
    while state.left[r, k] <= wear and state.doomed[r, k] == 0:
        index = k + machines.number * state.points[r, k]
        origin = state.origin[r]
        start = state.goal[r, k]
        end = start + pick(machines.path[k], luck(origin, STREAM_PATH, index, mirror))
        share = -1.0
        if machines.model[k] == GAMMA:
            if end >= 1.0:
                share = (1.0 - start) / (end - start)
        elif end >= 1.0 or 2.0 * (1.0 - start) * (1.0 - end) < _FAR * machines.scatter[k]:
            share = crossing(
                start, end, machines.scatter[k], machines.normal, machines.exponential,
                origin, index, mirror,
            )  # fmt: skip
        hours = machines.stride
        if share >= 0.0:
            state.doomed[r, k] = 1
            hours = share * machines.stride
            end = 1.0
        state.points[r, k] += 1
        state.left[r, k] += hours
        state.goal[r, k] = end
        state.rise[r, k] = (end - start) / hours if hours > 0.0 else 0.0


@stage
def renew(machines: Machines, state: MachineState, r: int, k: int, mirror: np.uint64) -> None:
    """Make machine k as good as new, and let it work."""
    model = machines.model[k]
    state.mode[r, k] = WORKING
    state.age[r, k] = 0.0
    state.doomed[r, k] = 0
    state.goal[r, k] = 0.0
    state.rise[r, k] = 0.0
    state.level[r, k] = 0.0
    state.seen[r, k] = 0.0
    if model == NONE:
        state.left[r, k] = NEVER
    elif model == BERNOULLI or model >= GAMMA:
        state.left[r, k] = 0.0
    else:
        index = k + machines.number * state.renewals[r, k]
        life = duration(machines.life[k], luck(state.origin[r], STREAM_LIFE, index, mirror))
        state.left[r, k] = life
        state.goal[r, k] = life * machines.slope[k]
        state.rise[r, k] = machines.slope[k]
    state.renewals[r, k] += 1


@stage
def stagger(machines: Machines, state: MachineState, r: int, k: int, mirror: np.uint64) -> None:
    """Set machine k amid a life, as it would be met in a long run to failure.

    Its life is drawn length-biased, its age uniformly within it. A path of wear starts at a
    uniform level, at the age at which it is expected there.
    """
    share = fraction(luck(state.origin[r], STREAM_START, 2 * k, mirror))
    if machines.model[k] >= GAMMA:
        state.goal[r, k] = share
        state.age[r, k] = share / machines.slope[k]
    elif machines.model[k] == WEIBULL:
        life = pick(machines.aged[k], luck(state.origin[r], STREAM_START, 2 * k + 1, mirror))
        state.goal[r, k] = life * machines.slope[k]
        state.age[r, k] = share * life
        state.left[r, k] = life - share * life
