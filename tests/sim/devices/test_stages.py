"""Devices step by step: limits of time and joules, sleep, weather, bounds and equality."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from stillage_sim.devices.arrays import (
    ASLEEP_H,
    DONE,
    EMPTY_H,
    GRID_J,
    WANTED,
    Devices,
    DeviceState,
    new_device_state,
)
from stillage_sim.devices.build import build_devices, build_sky
from stillage_sim.devices.power import BATTERY, DEVICE, GRID, LOST, SOURCE
from stillage_sim.devices.settings import DeviceSettings, SkySettings
from stillage_sim.devices.stages import roll_devices, start_replicas
from stillage_sim.engine import wrapping
from stillage_sim.engine.randomness import prefix
from tests.sim.interpreted import interpreted

SKY = build_sky(SkySettings())
DARK = SKY._replace(sun=np.zeros_like(SKY.sun))
PLAIN, MIRRORED = np.uint64(0), np.uint64(2**64 - 1)


def begin(
    devices: Devices, replicas: int, seed: int = 1, first: int = 0
) -> tuple[DeviceState, Any, Any]:
    starts = np.array([prefix(seed, first + r, 0) for r in range(replicas)], np.uint64)
    state, mirror = new_device_state(devices, replicas), np.zeros(replicas, np.uint64)
    with wrapping():
        start_replicas(devices, state, starts, mirror)
    return state, starts, mirror


def run(
    devices: Devices, wanted: float, steps: int, replicas: int = 1, seed: int = 1, first: int = 0
) -> DeviceState:
    state, starts, mirror = begin(devices, replicas, seed, first)
    readings = np.full((replicas, len(devices.panel)), wanted)
    with wrapping():
        roll_devices(devices, state, starts, mirror, 0, steps, readings)
    return state


def test_without_sun_readings_stop_when_the_battery_is_used_up() -> None:
    """Readings done in all: charge x efficiency x readings / joules of a step, to the last bit."""
    settings = DeviceSettings(battery_wh=10.0, battery_start=1.0, idle_w=0.3)
    state = run(build_devices(DARK, [settings]), 100.0, 200)
    hours = 36_000.0 * 0.95 / (0.3 * 3600.0 + 100.0 * 2.5)
    assert state.counts[0, DONE, 0] == pytest.approx(100.0 * hours, rel=1e-12)
    assert state.counts[0, WANTED, 0] == 20_000.0
    assert state.counts[0, ASLEEP_H, 0] == pytest.approx(200.0 - hours, rel=1e-12)
    assert state.counts[0, EMPTY_H, 0] == pytest.approx(200.0 - np.floor(hours))
    assert state.energy[0, BATTERY, 0] == pytest.approx(0.0, abs=1e-9)
    assert state.energy[0, DEVICE, 0] == pytest.approx(34_200.0, rel=1e-12)
    assert state.energy[0, LOST, 0] == pytest.approx(1_800.0, rel=1e-12)
    assert state.asleep[0, 0] == 1
    assert state.awake[0, 0] == 0.0


def test_seconds_limit_readings() -> None:
    settings = DeviceSettings(battery_wh=1e6, inference_s=1.7)
    state = run(build_devices(DARK, [settings]), 3600.0, 10)
    assert settings.reading_s == pytest.approx(2.0)
    assert state.awake[0, 0] == pytest.approx(0.5)
    assert state.counts[0, DONE, 0] == pytest.approx(18_000.0)
    assert state.energy[0, DEVICE, 0] == pytest.approx(18_000.0 * 2.5 + 10 * 0.2 * 3600.0)


def test_it_sleeps_until_the_battery_holds_what_wakes_it() -> None:
    """1 W of sun, 0.1 W asleep, 5 Wh to wake: seven hours of .8 x 0.9 W, then four at 2 W."""
    sky = SKY._replace(
        sun=np.full(8760, 3600.0), clear=np.ones((12, 1)), persistence=0.0, innovation=0.0
    )
    settings = DeviceSettings(
        panel_w=1000.0, performance_ratio=1.0, battery_wh=50.0, battery_start=0.0,
        battery_wake=0.1, charge_efficiency=0.8, idle_w=2.0, sleep_w=0.1,
    )  # fmt: skip
    state, starts, mirror = begin(build_devices(sky, [settings]), 1)
    awake = []
    for step in range(20):
        with wrapping():
            roll_devices(
                build_devices(sky, [settings]), state, starts, mirror, step, 1, np.ones((1, 1))
            )
        awake.append(float(state.awake[0, 0]))
    assert 0.0 < awake[0] < 1.0
    assert awake[1:8] == [0.0] * 7
    assert awake[8:12] == [1.0] * 4
    assert 0.0 < awake[12] < 1.0
    assert awake[13:20] == [0.0] * 7


def test_an_empty_battery_never_flickers_below_zero() -> None:
    """Ten thousand hours, many sizes: every step reconciles, in bounds, shares in [0, 1]."""
    sizes = (0.0, 1e-9, 0.7, 13.0, 1e6)
    settings = [DeviceSettings(panel_w=w, battery_wh=b) for w in (0.0, 0.9, 1e6) for b in sizes]
    devices = build_devices(SKY, [*settings, DeviceSettings(mains=True)])
    state, starts, mirror = begin(devices, 2)
    readings = np.full((2, 16), 100.0)
    for step in range(10_000):
        with wrapping():
            roll_devices(devices, state, starts, mirror, step, 1, readings)
        moved = np.abs(state.energy).sum(1)
        assert (np.abs(state.energy.sum(1)) <= 1e-12 * np.maximum(moved, 1.0)).all()
        assert (state.energy[:, BATTERY] >= 0.0).all()
        assert (state.energy[:, BATTERY] <= devices.capacity * (1.0 + 1e-12)).all()
        assert (state.awake >= 0.0).all()
        assert (state.awake <= 1.0).all()
    assert (state.counts[:, DONE] <= state.counts[:, WANTED]).all()


def test_a_device_on_the_mains_reads_always_and_its_joules_are_counted() -> None:
    state = run(build_devices(SKY, [DeviceSettings(mains=True, idle_w=5.0)]), 10.0, 48)
    joules = 48 * (5.0 * 3600.0 + 25.0)
    assert state.counts[0, :, 0].tolist() == [480.0, 480.0, 0.0, 0.0, joules]
    assert state.energy[0, GRID, 0] == -joules
    assert state.energy[0, [SOURCE, BATTERY], 0].tolist() == [0.0, 0.0]
    assert state.counts[0, GRID_J, 0] == joules


def test_a_year_s_harvest_is_the_table_under_mean_cloud() -> None:
    devices = build_devices(SKY, [DeviceSettings(panel_w=1000.0, battery_wh=0.0)])
    harvest = -run(devices, 0.0, 8760, replicas=2000).energy[:, SOURCE, 0]
    daily = SKY.sun.reshape(365, 24).sum(1) * np.array(SkySettings().clearness)[SKY.season]
    half = 3.3 * harvest.std(ddof=1) / np.sqrt(2000)
    assert half < 0.003 * harvest.mean()
    assert harvest.mean() == pytest.approx(0.86 * daily.sum(), abs=half + 1e-3 * harvest.mean())


def test_weather_persists_as_declared() -> None:
    """Days 9 and 10 of 40,000 replicas: N(0, 1) with correlation .29; the index as its law."""
    devices = build_devices(SKY, [])
    first, second = (run(devices, 0.0, 24 * days, 40_000) for days in (9, 10))
    assert second.weather.mean() == pytest.approx(0.0, abs=0.017)
    assert second.weather.std() == pytest.approx(1.0, abs=0.012)
    assert np.corrcoef(first.weather, second.weather)[0, 1] == pytest.approx(0.29, abs=0.016)
    assert second.clear.mean() == pytest.approx(0.47, abs=0.0042)
    assert second.clear.std() == pytest.approx(0.25, abs=0.003)
    assert second.clear.min() >= 0.0
    assert second.clear.max() <= 1.0


def test_a_mirrored_replica_has_the_opposite_weather() -> None:
    devices = build_devices(SKY, [])
    state = new_device_state(devices, 2)
    starts, mirror = np.array([prefix(3, 0, 0)] * 2), np.array([PLAIN, MIRRORED])
    with wrapping():
        start_replicas(devices, state, starts, mirror)
        roll_devices(devices, state, starts, mirror, 0, 24 * 7, np.zeros((2, 0)))
    assert state.weather[0] == pytest.approx(-state.weather[1], rel=1e-9)
    assert state.weather[0] != 0.0


def test_replicas_do_not_depend_on_how_they_are_batched() -> None:
    devices = build_devices(SKY, [DeviceSettings(panel_w=1.0)] * 3)
    whole = run(devices, 50.0, 500, replicas=6)
    parts = [run(devices, 50.0, 500, replicas=2, first=first) for first in (0, 2, 4)]
    for name, values in whole._asdict().items():
        assert np.array_equal(values, np.concatenate([getattr(p, name) for p in parts])), name


def test_no_device_and_very_many_replicas() -> None:
    nothing = run(build_devices(SKY, []), 1.0, 48, replicas=3)
    assert nothing.awake.shape == (3, 0)
    many = run(build_devices(SKY, [DeviceSettings(panel_w=2.0)]), 10.0, 48, replicas=100_000)
    assert np.isfinite(many.energy).all()
    assert np.ptp(many.energy[:, SOURCE, 0]) > 0.0


def outcome() -> str:
    """A digest of every bit of the state after 300 h of busy devices."""
    kinds = [DeviceSettings(panel_w=w, battery_wh=2.0) for w in (0.0, 1.0, 3.0)]
    devices = build_devices(SKY, [*kinds, DeviceSettings(mains=True)])
    state = run(devices, 321.0, 300, replicas=3)
    return hashlib.sha256(b"".join(values.tobytes() for values in state)).hexdigest()


def test_interpreted_equals_compiled_to_the_last_bit() -> None:
    assert interpreted(outcome) == outcome()
