"""The battery of the devices: the birth-death chain, and what conversion costs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillage_sim.devices import power
from stillage_sim.devices.arrays import (
    DONE,
    EMPTY_H,
    WANTED,
    Devices,
    DeviceState,
    Sky,
    new_device_state,
)
from stillage_sim.devices.build import normal_table
from stillage_sim.devices.power import BATTERY, DEVICE, LOST, SOURCE, SPILLED, supply
from stillage_sim.devices.stages import devices_stage, start_devices
from stillage_sim.devices.theory import battery_levels
from stillage_sim.engine import kernel
from stillage_sim.engine.quantiles import pick
from stillage_sim.engine.randomness import fold, prefix


def bernoulli(capacity: int) -> Devices:
    """Every slot a joule of sun with probability 1/2; a reading costs one joule, nothing else."""
    sky = Sky(
        sun=np.ones(1),
        clear=np.array([[0.0, 1.0]]),
        season=np.zeros(1, np.int64),
        normal=normal_table(),
        persistence=0.0,
        innovation=1.0,
        period=1,
    )
    one, none = np.ones(1), np.zeros(1)
    return Devices(
        sky=sky, panel=one, capacity=capacity * one, start=5.0 * one, wake=none, charging=one,
        discharging=one, idle=none, sleep=none, reading_j=one, reading_s=none,
        mains=np.zeros(1, np.int64), step_s=1.0, step_h=1.0,
    )  # fmt: skip


@kernel
def roll(
    devices: Devices,
    state: DeviceState,
    starts: np.ndarray,
    steps: int,
    wants: np.ndarray,
    readings: np.ndarray,
) -> None:
    """Want a reading with the probability that the table ``wants`` declares."""
    for r in range(starts.shape[0]):
        start_devices(devices, state, r, starts[r], np.uint64(0))
        for step in range(steps):
            now = fold(starts[r], np.uint64(step))
            readings[r, 0] = pick(wants, now)
            devices_stage(devices, state, r, step, now, np.uint64(0), readings)


def close(values: np.ndarray, theory: float, within: float) -> None:
    """Theory is in the 95 % interval of the mean over replicas, whose half is below ``within``."""
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    assert half < within * theory
    assert abs(values.mean() - theory) < half


def test_battery_is_the_birth_death_chain() -> None:
    """P(empty) = .005848 for K = 10, p = .5, q = .4, through the stages of the devices."""
    p, q, capacity, steps, replicas = 0.5, 0.4, 10, 600_000, 128
    devices = bernoulli(capacity)
    state = new_device_state(devices, replicas)
    starts = np.array([prefix(11, r, 0) for r in range(replicas)])
    wants = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    roll(devices, state, starts, steps, wants, np.zeros((replicas, 1)))
    levels = battery_levels(capacity, p, q)
    assert levels[0] == pytest.approx(0.005848, abs=1e-6)
    close(state.counts[:, EMPTY_H, 0] / steps, levels[0], 0.015)
    missed = state.counts[:, WANTED, 0] - state.counts[:, DONE, 0]
    close(missed / steps, q * (1 - p) * levels[0], 0.015)
    close(state.energy[:, SPILLED, 0] / steps, p * (1 - q) * levels[-1], 0.002)
    assert np.array_equal(state.energy.sum(1), np.zeros((replicas, 1)))


def test_a_lopsided_battery_is_empty_as_often() -> None:
    """A second pair of rates, where emptiness is common: P(empty) of K = 3, p = .5, q = .8."""
    steps, replicas = 200_000, 64
    devices = bernoulli(3)._replace(start=np.zeros(1))
    state = new_device_state(devices, replicas)
    starts = np.array([prefix(12, r, 0) for r in range(replicas)])
    wants = np.array([0.0, 1.0, 1.0, 1.0, 1.0])
    roll(devices, state, starts, steps, wants, np.zeros((replicas, 1)))
    close(state.counts[:, EMPTY_H, 0] / steps, battery_levels(3, 0.5, 0.8)[0], 0.002)


joules = st.floats(0.0, 1e6)
shares = st.floats(0.01, 1.0)


@settings(deadline=None)
@given(
    flows=st.lists(st.tuples(joules, shares), min_size=1, max_size=30),
    capacity=joules,
    charging=shares,
    discharging=shares,
)
def test_any_flow_reconciles(
    flows: list[tuple[float, float]], capacity: float, charging: float, discharging: float
) -> None:
    """Sums are zero, the battery stays within its bounds, nothing flows backwards."""
    energy, seen = np.zeros((1, 6, 1)), 0.0
    for sun, share in flows:
        most = power.available(energy, 0, 0, sun, discharging)
        before = energy[0, :, 0].copy()
        supply(energy, 0, 0, sun, share * most, capacity, charging, discharging)
        moved = energy[0, :, 0] - before
        seen += sun
        scale = 1e-9 * (1.0 + seen + capacity)
        assert abs(energy.sum()) < scale
        assert -scale < energy[0, BATTERY, 0] <= capacity + scale
        assert moved[DEVICE] == pytest.approx(share * most, abs=scale)
        assert -moved[SOURCE] == pytest.approx(sun, abs=scale)
        assert moved[SPILLED] > -scale
        assert moved[LOST] > -scale


def test_round_trip_is_the_product_of_both_efficiencies() -> None:
    energy = np.zeros((1, 6, 1))
    supply(energy, 0, 0, 100.0, 0.0, 1e3, 0.9, 0.8)
    assert energy[0, :, 0] == pytest.approx([-100.0, 90.0, 0.0, 0.0, 10.0, 0.0])
    supply(energy, 0, 0, 0.0, 72.0, 1e3, 0.9, 0.8)
    assert energy[0, :, 0] == pytest.approx([-100.0, 0.0, 72.0, 0.0, 28.0, 0.0])


def test_a_full_battery_spills_only_what_it_could_not_take() -> None:
    energy = np.zeros((1, 6, 1))
    supply(energy, 0, 0, 100.0, 10.0, 45.0, 0.5, 1.0)
    assert energy[0, :, 0] == pytest.approx([-100.0, 45.0, 10.0, 0.0, 45.0, 0.0])
    supply(energy, 0, 0, 7.0, 1.0, 45.0, 0.5, 1.0)
    assert energy[0, :, 0] == pytest.approx([-107.0, 45.0, 11.0, 6.0, 45.0, 0.0])
