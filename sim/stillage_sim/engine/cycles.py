"""Find where a step stands in a cycle: of a day, a ring buffer, a season.

Numbers must not be negative: processors divide such in half the time that Python's floor
division takes.

>>> place(25, 24), turns(25, 24)
(1, 1)
"""

from __future__ import annotations

import numpy as np

from stillage_sim.engine.marks import shared

__all__ = ["place", "turns"]


@shared
def place(step: int, length: int) -> int:
    """Count the steps since the cycle of ``length`` steps began: ``step % length``."""
    return np.int64(np.uint64(step) % np.uint64(length))  # type: ignore[return-value]


@shared
def turns(step: int, length: int) -> int:
    """Count the whole cycles before this step: ``step // length``."""
    return np.int64(np.uint64(step) // np.uint64(length))  # type: ignore[return-value]
