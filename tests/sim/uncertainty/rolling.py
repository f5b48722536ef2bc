"""A kernel that draws quantities period after period: what the tests of this folder run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillage_sim.engine import kernel, wrapping
from stillage_sim.engine.randomness import fold
from stillage_sim.uncertainty import stages
from stillage_sim.uncertainty.arrays import UncertainState, Uncertainties, new_uncertain_state
from stillage_sim.uncertainty.sampling import Sampling, episode_luck, prefixes

PERIOD_STEPS = 24


@kernel
def roll(
    uncertainties: Uncertainties,
    state: UncertainState,
    prefix: np.ndarray,
    mirror: np.ndarray,
    seen: np.ndarray,
) -> None:
    """Fill ``seen`` (R, periods, V)."""
    for r in range(seen.shape[0]):
        for period in range(seen.shape[1]):
            now = fold(prefix[r], np.uint64(period * PERIOD_STEPS))
            stages.quantities_stage(uncertainties, state, r, period, now, mirror[r])
            for v in range(seen.shape[2]):
                seen[r, period, v] = state.value[r, v]


def draws(
    uncertainties: Uncertainties,
    replicas: NDArray[np.int64],
    periods: int,
    sampling: Sampling = Sampling(),
    seed: int = 1,
    episode: int = 0,
) -> NDArray[np.float64]:
    """float64 (R, periods, V)."""
    quantities = len(uncertainties.kind)
    state = new_uncertain_state(uncertainties, len(replicas))
    state.luck[:] = episode_luck(seed, replicas, episode, quantities, sampling)
    seen = np.zeros((len(replicas), periods, quantities))
    with wrapping():
        prefix = prefixes(seed, replicas, episode, sampling)
        roll(uncertainties, state, prefix, sampling.mirror(replicas), seen)
    return seen
