"""The arrays of the devices: the sky, the devices' numbers, the grid, and their state.

Axes: R replicas, D devices, Y steps of a year. Joules are J, irradiation is J/m2 a step.
Everything is immutable but the arrays of :class:`DeviceState`, whose replica axis comes first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage_sim.devices.power import SUPPLY_ACCOUNTS
from stillage_sim.engine import changing

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

COUNTS = ("wanted", "done", "asleep_h", "empty_h", "grid_j")
WANTED, DONE, ASLEEP_H, EMPTY_H, GRID_J = range(5)
"""Middle axis of ``DeviceState.counts``: readings wanted and done, hours without a working
device for want of energy, hours of steps that ended with an empty battery, joules of mains."""


class Sky(NamedTuple):
    """The sky of one region: its sun and cloud.

    ``sun`` (Y,) clear-sky irradiation of every step (J/m2), wrapping; ``clear`` (rows, cells)
    clear-sky index by cell of a standard normal, ``season`` (periods of a year,) the row of
    ``clear``; ``normal`` a quantile table of N(0, 1). The weather of a period of ``period`` steps
    is a first-order autoregression: ``persistence`` times the last plus ``innovation`` times a
    draw, with persistence^2 + innovation^2 = 1.
    """

    sun: Floats
    clear: Floats
    season: Ints
    normal: Floats
    persistence: float
    innovation: float
    period: int


class Devices(NamedTuple):
    """The numbers of D devices; all arrays (D,).

    ``panel`` J of electricity per J/m2 of irradiation (m2); ``capacity``, ``start`` and ``wake``
    J of the battery; ``charging`` and ``discharging`` efficiencies in (0, 1]; ``idle`` and
    ``sleep`` J a step; ``reading_j`` J and ``reading_s`` s of one reading (sensing, inference and
    radio), the J on top of idling; ``mains`` 1 for a device on the grid, which has no battery to
    mind; ``step_s`` and ``step_h`` the length of a step.
    """

    sky: Sky
    panel: Floats
    capacity: Floats
    start: Floats
    wake: Floats
    charging: Floats
    discharging: Floats
    idle: Floats
    sleep: Floats
    reading_j: Floats
    reading_s: Floats
    mains: Ints
    step_s: float
    step_h: float


class Grid(NamedTuple):
    """Mains electricity by step of the day, (steps of a day,): EUR and kg CO2e per joule."""

    price: Floats
    carbon: Floats


@changing
class DeviceState(NamedTuple):
    """The state of the devices, which changes.

    ``weather`` (R,) the latent N(0, 1) of this period and ``clear`` (R,) its clear-sky index;
    ``asleep`` int64 (R, D); ``awake`` (R, D) share of this step's readings that were done;
    ``energy`` (R, 6, D) the ledger in J (SOURCE, BATTERY, DEVICE, SPILLED, LOST, GRID);
    ``counts`` (R, 5, D), see ``COUNTS``.
    """

    weather: Floats
    clear: Floats
    asleep: Ints
    awake: Floats
    energy: Floats
    counts: Floats


def new_device_state(devices: Devices, replicas: int) -> DeviceState:
    """Make room for R replicas; :func:`.stages.start_devices` sets it."""
    count = len(devices.panel)
    return DeviceState(
        weather=np.zeros(replicas),
        clear=np.zeros(replicas),
        asleep=np.zeros((replicas, count), np.int64),
        awake=np.zeros((replicas, count)),
        energy=np.zeros((replicas, SUPPLY_ACCOUNTS, count)),
        counts=np.zeros((replicas, len(COUNTS), count)),
    )
