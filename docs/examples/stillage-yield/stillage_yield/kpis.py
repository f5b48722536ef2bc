"""Key figures, each a function of the totals of all replicas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillage_scenarios.sorting.plant import BELT, BUYERS, FEED
from stillage_sim.scenario import Totals, World

KG_PER_T = 1000.0


def value_eur_t(totals: Totals, world: World) -> NDArray[np.float64]:
    """EUR a tonne that left the belt, (replicas,); 0 where none did."""
    left = -(totals["mass"][:, FEED] + totals["mass"][:, BELT]).sum(1)
    paid = -totals["money"][:, BUYERS, 0]
    each = np.divide(KG_PER_T * paid, left, out=np.zeros_like(paid), where=left > 0)
    return np.asarray(each, np.float64)
