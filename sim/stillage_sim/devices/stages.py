"""Step the devices: weather, sun, battery, sleep, and how many readings get done.

sky -> device by device: wake, harvest, supply. Only + - x /, comparisons, look-ups and the
integer hash occur here, so that a replica's numbers depend on nothing but its coordinates.
"""

from __future__ import annotations

import numpy as np

from stillage_sim.devices.arrays import (
    ASLEEP_H,
    DONE,
    EMPTY_H,
    GRID_J,
    WANTED,
    Devices,
    DeviceState,
    Sky,
)
from stillage_sim.devices.power import BATTERY, DEVICE, GRID, SOURCE, available, supply
from stillage_sim.engine import (
    alone,
    inlined,
    packed,
    shared,
    stage,
)
from stillage_sim.engine.cycles import place, turns
from stillage_sim.engine.ledger import transfer
from stillage_sim.engine.quantiles import pick
from stillage_sim.engine.randomness import draw, fold

STREAM_WEATHER, STREAM_FIRST_WEATHER = 40, 41
SIGMAS = 4.0
"""The cells of ``Sky.clear`` divide the normal law's range from -4 to 4 equally."""


@stage
def start_devices(
    devices: Devices, state: DeviceState, r: int, now: np.uint64, mirror: np.uint64
) -> None:
    """Begin an episode: batteries charged to ``start``, all awake, the weather stationary."""
    bits = draw(now, STREAM_FIRST_WEATHER, 0) ^ mirror
    state.weather[r] = pick(devices.sky.normal, bits)
    state.clear[r] = 0.0
    for d in range(devices.panel.shape[0]):
        state.asleep[r, d] = 0
        state.awake[r, d] = 0.0
        for account in range(state.energy.shape[1]):
            state.energy[r, account, d] = 0.0
        for count in range(state.counts.shape[1]):
            state.counts[r, count, d] = 0.0
        transfer(state.energy, r, SOURCE, BATTERY, d, devices.start[d])


@shared
def clearness(sky: Sky, weather: float, season: int) -> float:
    """Look up the clear-sky index of a latent weather in a season, by its cell."""
    cells = sky.clear.shape[1]
    cell = np.int64((weather + SIGMAS) * (cells / (2.0 * SIGMAS)))
    index: float = sky.clear[season, min(max(cell, 0), cells - 1)]
    return index


@inlined
def sky_stage(
    sky: Sky, state: DeviceState, r: int, step: int, now: np.uint64, mirror: np.uint64
) -> float:
    """Compute this step's irradiation under cloud (J/m2); a period's start brings new weather."""
    spot = place(step, sky.sun.shape[0])
    if place(step, sky.period) == 0:
        bits = draw(now, STREAM_WEATHER, 0) ^ mirror
        weather = sky.persistence * state.weather[r] + sky.innovation * pick(sky.normal, bits)
        state.weather[r] = weather
        state.clear[r] = clearness(sky, weather, sky.season[turns(spot, sky.period)])
    light: float = sky.sun[spot] * state.clear[r]
    return light


@inlined
def _device_stage(
    devices: Devices, state: DeviceState, r: int, d: int, light: float, wanted: float
) -> float:
    """Step device d once: its share of ``wanted`` readings is done; return its J of the grid.

    An awake device idles through the step and reads at an even pace, as many readings as its
    seconds allow. If sun and battery cannot feed that, it works at this power until they are
    used up, and sleeps until the battery holds ``wake``.
    """
    if state.asleep[r, d] == 1 and state.energy[r, BATTERY, d] >= devices.wake[d]:
        state.asleep[r, d] = 0
    asleep = state.asleep[r, d] == 1
    busy_s = wanted * devices.reading_s[d]
    timely = devices.step_s / busy_s if busy_s > devices.step_s else 1.0
    need = devices.idle[d] + wanted * timely * devices.reading_j[d]
    if asleep:
        timely, need = 0.0, devices.sleep[d]
    share, mains = 1.0, 0.0
    if devices.mains[d] == 1:
        mains = need
        transfer(state.energy, r, GRID, DEVICE, d, need)
        state.counts[r, GRID_J, d] += need
    else:
        sun = light * devices.panel[d]
        most = available(state.energy, r, d, sun, devices.discharging[d])
        if need > most:
            share = most / need
            need = most
            state.asleep[r, d] = 1
        supply(
            state.energy, r, d, sun, need,
            devices.capacity[d], devices.charging[d], devices.discharging[d],
        )  # fmt: skip
        state.counts[r, ASLEEP_H, d] += devices.step_h * (1.0 if asleep else 1.0 - share)
        if state.energy[r, BATTERY, d] <= 0.0:
            state.counts[r, EMPTY_H, d] += devices.step_h
    state.awake[r, d] = share * timely
    state.counts[r, WANTED, d] += wanted
    state.counts[r, DONE, d] += wanted * share * timely
    return mains


@inlined
def devices_stage(
    devices: Devices,
    state: DeviceState,
    r: int,
    step: int,
    now: np.uint64,
    mirror: np.uint64,
    readings: np.ndarray,
) -> float:
    """Step all devices of replica r once; return the J that those on the mains drew.

    ``readings`` float64 (R, D), how many are wanted; ``state.awake[r, d]`` then is the share of
    them that were done, in [0, 1].
    """
    light = sky_stage(devices.sky, state, r, step, now, mirror)
    mains = 0.0
    for d in range(devices.panel.shape[0]):
        mains += _device_stage(devices, state, r, d, light, readings[r, d])
    return mains


@packed
def start_replicas(
    devices: Devices, state: DeviceState, prefix: np.ndarray, mirror: np.ndarray
) -> None:
    """Begin an episode (:func:`start_devices`) in all replicas.

    Their ``prefix`` and ``mirror`` are uint64 (R,).
    """
    for r in range(prefix.shape[0]):
        start_devices(devices, state, r, prefix[r], mirror[r])


@packed
def roll_devices(
    devices: Devices,
    state: DeviceState,
    prefix: np.ndarray,
    mirror: np.ndarray,
    first: int,
    steps: int,
    readings: np.ndarray,
) -> None:
    """Run steps ``first`` to ``first + steps - 1`` of all replicas, wanting the same each step."""
    for r in range(prefix.shape[0]):
        one, wanted = alone(state, r), readings[r : r + 1]
        for step in range(first, first + steps):
            now = fold(prefix[r], np.uint64(step))
            devices_stage(devices, one, 0, step, now, mirror[r], wanted)
