"""Devices on sun and battery: replica-steps a second, weather, ledger and counts included."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stillage_sim.devices.arrays import new_device_state
from stillage_sim.devices.build import build_devices, build_sky
from stillage_sim.devices.settings import DeviceSettings, SkySettings
from stillage_sim.devices.stages import roll_devices, start_replicas
from stillage_sim.engine.randomness import prefix
from tests.benchmarks.harness import Benchmark

STEPS = {1: 500_000, 1024: 1_000}


def rolling(devices: int, replicas: int, steps: int) -> Callable[[], None]:
    """Hours of devices that read 1,000 times an hour and run empty now and then."""
    sky = build_sky(SkySettings())
    arrays = build_devices(sky, [DeviceSettings(panel_w=10.0)] * devices)
    state = new_device_state(arrays, replicas)
    starts = np.array([prefix(1, r, 0) for r in range(replicas)], np.uint64)
    mirror = np.zeros(replicas, np.uint64)
    readings = np.full((replicas, devices), 1_000.0)

    def run() -> None:
        start_replicas(arrays, state, starts, mirror)
        roll_devices(arrays, state, starts, mirror, 0, steps, readings)

    return run


def benchmarks() -> list[Benchmark]:
    """One device at R = 1 and 1,024, and eight."""
    return [
        Benchmark(
            name=f"devices, {count} a replica, R = {replicas:,}",
            unit="replica-steps/s",
            ours=rolling(count, replicas, steps),
            target=1e9 / 15.0 / count,
            higher_is_better=True,
            amount=float(replicas * steps),
        )
        for replicas, steps in STEPS.items()
        for count in (1, 8)
    ]
