"""A closed form that the devices must reproduce: the battery as a birth-death chain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def battery_levels(capacity: int, harvest: float, use: float) -> NDArray[np.float64]:
    """Compute the stationary law of a battery of whole joules, float64 (capacity + 1,).

    In every slot a joule is harvested with probability ``harvest`` and one is wanted with
    probability ``use``; what is wanted is served by the harvest first, then by the battery. So
    the level goes up with ``harvest (1 - use)``, unless it is full, and down with
    ``use (1 - harvest)``, unless it is empty, and is geometric in their ratio.

    Parameters
    ----------
    capacity : int
        J that the battery holds.
    harvest, use : float
        Probabilities in (0, 1).

    >>> round(float(battery_levels(10, 0.5, 0.4)[0]), 6)
    0.005848
    """
    ratio = harvest * (1.0 - use) / (use * (1.0 - harvest))
    weights = ratio ** np.arange(capacity + 1.0)
    return np.asarray(weights / weights.sum())
