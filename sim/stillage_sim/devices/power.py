"""Power a small device: sun by the time of day, a battery, sleep when it runs empty.

Joules move between four accounts of the ledger: the source (the sun, and the first charge),
the battery, the device, and what a full battery spills. :func:`supply` knows two more: what
conversion loses, and the grid; it has one kind a device.

>>> day = clear_sky(10.0, 6.0, 18.0)
>>> day.shape, bool(day[:6 * 3600].sum() == 0), round(float(day.sum()) / 3600)
((86400,), True, 76)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillage_sim.engine import compiled
from stillage_sim.engine.ledger import transfer

DAY_S = 86_400
SOURCE, BATTERY, DEVICE, SPILLED = 0, 1, 2, 3
POWER_ACCOUNTS = 4
LOST, GRID = 4, 5
SUPPLY_ACCOUNTS = 6
"""Accounts of :func:`supply`."""


def clear_sky(peak_w: float, sunrise_h: float, sunset_h: float) -> NDArray[np.float64]:
    """Compute the joules of a clear day's every second, float64 (86400,).

    The power is half a sine of ``peak_w`` (W).
    """
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


@compiled
def available(
    energy: np.ndarray, replica: int, device: int, sun: float, discharging: float
) -> float:
    """Compute the joules that a device could have at most in this step: ``sun`` and battery."""
    held: float = sun + energy[replica, BATTERY, device] * discharging
    return held


@compiled
def supply(
    energy: np.ndarray,
    replica: int,
    device: int,
    sun: float,
    need: float,
    capacity: float,
    charging: float,
    discharging: float,
) -> None:
    """Move a step's joules: the sun serves the device first, the battery takes or gives the rest.

    ``need`` is at most :func:`available`. Of a surplus the share ``charging`` is stored, until
    the battery is full, and what it cannot take is spilled; a deficit takes ``1 / discharging``
    times itself out of the battery. What conversion loses is booked too.

    Parameters
    ----------
    energy : float64 (R, 6, D)
        The ledger, in J.
    replica, device : int
        Whose joules.
    sun, need, capacity : float
        J of this step, and J that the battery holds at most.
    charging, discharging : float
        Efficiencies in (0, 1]; their product is the round trip's.

    >>> books = np.zeros((1, 6, 1))
    >>> supply(books, 0, 0, 12.0, 2.0, 100.0, 0.9, 0.8)
    >>> supply(books, 0, 0, 0.0, 4.0, 100.0, 0.9, 0.8)
    >>> books[0, :, 0].round(9).tolist()
    [-12.0, 4.0, 6.0, 0.0, 2.0, 0.0]
    """
    if sun >= need:
        surplus = sun - need
        room = max(capacity - energy[replica, BATTERY, device], 0.0)
        taken, stored = surplus, surplus * charging
        if stored > room:
            taken, stored = min(room / charging, surplus), room
            transfer(energy, replica, SOURCE, SPILLED, device, surplus - taken)
        transfer(energy, replica, SOURCE, DEVICE, device, need)
        transfer(energy, replica, SOURCE, BATTERY, device, stored)
        transfer(energy, replica, SOURCE, LOST, device, taken - stored)
    else:
        deficit = need - sun
        drawn = min(deficit / discharging, energy[replica, BATTERY, device])
        transfer(energy, replica, SOURCE, DEVICE, device, sun)
        transfer(energy, replica, BATTERY, DEVICE, device, drawn)
        transfer(energy, replica, DEVICE, LOST, device, drawn - drawn * discharging)
