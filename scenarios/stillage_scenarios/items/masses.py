"""Read the masses of held-out items from a recording."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_sim.scenario import Cast, SeedCast

_KG_PER_UNIT = {"kg": 1.0, "g": 1e-3}


def recorded_kg(cast: Cast, seed: SeedCast) -> NDArray[np.float64] | None:
    """Return the kilograms of a seed's items (I,), NaN where unknown; None without a role for mass.

    Raises
    ------
    BadInput
        For a mass in other units than kg and g.
    """
    task = cast.task("mass")
    if task is None:
        return None
    if task.unit not in _KG_PER_UNIT:
        raise BadInput(f"target {task.target!r}", f"unit {task.unit!r}", "kg or g")
    recorded = np.asarray(seed.truth[task.target], np.float64) * _KG_PER_UNIT[task.unit]
    return np.where(np.isfinite(recorded) & (recorded > 0), recorded, np.nan)
