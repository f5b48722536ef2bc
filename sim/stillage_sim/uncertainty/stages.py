"""Look up what a quantity is in a period, the same for every policy.

Stream 60, index v: whatever a policy does, replica r sees the same demand, weather and prices.
"""

from __future__ import annotations

import numpy as np

from stillage_sim.engine import stage
from stillage_sim.engine.randomness import below, draw, high
from stillage_sim.uncertainty.arrays import (
    EPISODE,
    LAW,
    ROUNDING_H,
    WEEKDAYS,
    YEAR_D,
    UncertainState,
    Uncertainties,
)

_STREAM_QUANTITY = 60


@stage
def drawn(uncertainties: Uncertainties, v: int, period_index: int, bits: np.uint64) -> float:
    """Look up quantity v in a period, from 64 random bits (mirrored already), in its own unit."""
    day = np.int64((period_index * uncertainties.period_h + ROUNDING_H) / 24.0)
    month = uncertainties.month[(uncertainties.start_day + day) % YEAR_D]
    weekday = (uncertainties.start_weekday + day) % WEEKDAYS
    first = uncertainties.first[v, month, weekday]
    length = uncertainties.length[v]
    if uncertainties.kind[v] == LAW:
        cell = below(high(bits), length)
    else:
        cell = np.int64(period_index)
        if uncertainties.every[v] == EPISODE:
            cell += below(high(bits), length)
        cell = cell % length
    value: float = uncertainties.tables[first + cell] * uncertainties.factor[v, month, weekday]
    return value


@stage
def quantity(
    uncertainties: Uncertainties, v: int, period_index: int, now: np.uint64, mirror: np.uint64
) -> float:
    """Draw quantity v in a period, in its own unit.

    ``now`` is the replica's hash state of this period, ``fold(prefix, period's first step)``;
    for a quantity drawn once an episode pass the replica's prefix, or use the stage below.
    """
    bits = draw(now, _STREAM_QUANTITY, v) ^ mirror
    return drawn(uncertainties, v, period_index, bits)


@stage
def quantities_stage(
    uncertainties: Uncertainties,
    state: UncertainState,
    r: int,
    period_index: int,
    now: np.uint64,
    mirror: np.uint64,
) -> None:
    """Draw all quantities of a period into ``state.value[r]``; call it once, as the period begins.

    Those drawn once an episode come from ``state.luck[r]``, which a driver may stratify.
    """
    for v in range(uncertainties.kind.shape[0]):
        if uncertainties.every[v] == EPISODE:
            bits = state.luck[r, v] ^ mirror
        else:
            bits = draw(now, _STREAM_QUANTITY, v) ^ mirror
        state.value[r, v] = drawn(uncertainties, v, period_index, bits)
