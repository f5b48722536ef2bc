"""Power of a small device: sun by the time of day, a battery, sleep when it runs empty.

Joules move between four accounts of the ledger: the source (the sun, and the first charge),
the battery, the device, and what a full battery spills.

>>> day = clear_sky(10.0, 6.0, 18.0)
>>> day.shape, bool(day[:6 * 3600].sum() == 0), round(float(day.sum()) / 3600)
((86400,), True, 76)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillage_sim.compiled import compiled
from stillage_sim.ledger import transfer

DAY_S = 86_400
SOURCE, BATTERY, DEVICE, SPILLED = 0, 1, 2, 3
POWER_ACCOUNTS = 4


def clear_sky(peak_w: float, sunrise_h: float, sunset_h: float) -> NDArray[np.float64]:
    """Joules of a clear day's every second, float64 (86400,): half a sine of ``peak_w`` (W)."""
    hours = (np.arange(DAY_S) + 0.5) / 3600.0
    length = max(sunset_h - sunrise_h, 1e-9)
    height = np.sin(np.pi * (hours - sunrise_h) / length)
    return np.where((hours > sunrise_h) & (hours < sunset_h), peak_w * height, 0.0)


@compiled
def shine(energy: np.ndarray, replica: int, joules: float, capacity: float) -> None:
    """Charge a replica's battery; what exceeds its capacity (J) is spilled."""
    transfer(energy, replica, SOURCE, BATTERY, 0, joules)
    excess = energy[replica, BATTERY, 0] - capacity
    if excess > 0.0:
        transfer(energy, replica, BATTERY, SPILLED, 0, excess)


@compiled
def consume(energy: np.ndarray, replica: int, joules: float) -> bool:
    """Draw joules for the device; False (and nothing drawn) if the battery has too few."""
    if energy[replica, BATTERY, 0] < joules:
        return False
    transfer(energy, replica, BATTERY, DEVICE, 0, joules)
    return True


@compiled
def drain(energy: np.ndarray, replica: int, joules: float) -> bool:
    """Draw joules, or whatever is left; True if all could be drawn."""
    held = energy[replica, BATTERY, 0]
    enough: bool = held >= joules
    transfer(energy, replica, BATTERY, DEVICE, 0, joules if enough else held)
    return enough
