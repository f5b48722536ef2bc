"""Cases of the parts that a chain is made of, where they are tested on their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from stillage_sim.devices.arrays import EMPTY_H, new_device_state
from stillage_sim.devices.theory import battery_levels
from stillage_sim.engine.randomness import prefix
from stillage_sim.indicators.circularity import material_circularity
from stillage_sim.machines import theory
from stillage_sim.machines.arrays import PLANNED, WAITING, WORKING
from stillage_sim.queueing import theory as queueing
from stillage_sim.queueing.queues import Station, build_network, simulate
from stillage_sim.queueing.slotted import simulate_slotted_queue
from stillage_sim.queueing.timelaws import constant, exponential
from tests.sim.chain.cases import Case, Simulation
from tests.sim.devices import test_battery as battery
from tests.sim.machines.plants import FREE, Run, plant
from tests.sim.queueing.test_queues import line, single

FOREVER = {"repair_law": "deterministic", "repair_h": 1e6, "idle_ageing": True}


def queues() -> list[Case]:
    served = exponential(1.0)
    four = simulate(
        build_network([Station(served, servers=4, arrivals=exponential(1 / 3.2))]),
        horizon=60_000.0, warm_up=500.0, replicas=64, seed=1,
    )  # fmt: skip
    failing = single(served, 0.5, life=exponential(20.0), repair=exponential(2.0))
    return [
        Case("M/M/1, l = .8, m = 1: wait", "l / (m (m − l))", "Kleinrock 1975",
             queueing.mm1_wait(0.8, 1.0), single(served).wait[:, 0], 0.015),
        Case("M/M/4, l = 3.2: chance to wait", "Erlang C", "Erlang 1917",
             queueing.erlang_c(4, 3.2), four.waited[:, 0] / four.started[:, 0]),
        Case("M/M/4, l = 3.2: wait", "C / (c m − l)", "Erlang 1917",
             queueing.mmc_wait(3.2, 1.0, 4), four.wait[:, 0]),
        Case("M/D/1, l = .8: wait", "ρ / (2 m (1 − ρ))", "Khinchine 1932",
             queueing.mg1_wait(0.8, 1.0, 1.0), single(constant(1.0)).wait[:, 0], 0.015),
        Case("M/M/1 that fails while it works, l = .5, ξ = .05, r = .5: wait",
             "l E[C²] / (2 (1 − l E[C]))", "Avi-Itzhak and Naor 1963",
             queueing.mm1_failing_wait(0.5, 1.0, 0.05, 0.5), failing.wait[:, 0], 0.015),
        Case("Three stations without buffers: throughput", "22 / 39", "Hunt 1956",
             queueing.HUNT_THREE_STATIONS, line((1.0, 1.0, 1.0), 0)),
    ]  # fmt: skip


def slots() -> list[Case]:
    state = simulate_slotted_queue(0.4, 0.5, 1.0, 80_000, 1_000, replicas=64, seed=1)
    return [
        Case("Geo/Geo/1, p = .4, q = .5: items in it", "p (1 − p) / (q − p)", "Hunter 1983",
             queueing.geo_geo_1_number(0.4, 0.5), state.area / 79_000.0, 0.015),
    ]  # fmt: skip


def passages() -> list[Case]:
    path: dict[str, Any] = {"drift_per_h": 0.01, "diffusion": 0.05, **FOREVER}
    wiener = Run(plant(8, model="wiener", **path), 5000, step_h=20.0).roll(75)
    path["diffusion"] = 0.03
    gamma = Run(plant(8, model="gamma", **path), 2000).roll(600)
    ends = (wiener, gamma)
    assert all((end.mode > PLANNED).all() for end in ends)
    return [
        Case("Wiener wear of drift .01/h and .05/√h: hours to its threshold", "threshold / drift",
             "Cox and Miller 1965", 100.0, ends[0].age.ravel()),
        Case("Gamma wear of drift .01/h and .03/√h: hours to its threshold", "∫ P(X(t) < 1) dt",
             "van Noortwijk 2009", theory.gamma_life_mean(0.01, 0.03), ends[1].age.ravel()),
    ]  # fmt: skip


def crews() -> list[Case]:
    lives = {"shape": 1.0, "scale_h": 20.0, "repair_law": "exponential", "repair_h": 5.0}
    run = Run(plant(6, {"crews": 1}, idle_ageing=True, **lives), 500, step_h=10.0)
    before = run.roll(50).hours.copy()
    hours = (run.roll(3000).hours - before).sum(1) / 30_000.0
    chances, down = theory.repairmen(6, 1, 20.0, 5.0), np.arange(7)
    return [
        Case("6 machines of 20 h and 5 h, 1 crew: machines that wait for it", "M/M/1//6",
             "Gross and Harris 1998", float(chances @ np.maximum(down - 1, 0)), hours[:, WAITING]),
    ]  # fmt: skip


def spares() -> list[Case]:
    spare = {"name": "bearing", "base_stock": 1, "lead_h": 100.0, "lead_law": "lognormal"}
    settings = plant(1, {"spares": [spare]}, shape=1.0, scale_h=100.0, spare="bearing", **FREE)
    run = Run(settings, 1000, step_h=50.0)
    before = run.roll(50).hours.copy()
    hours = (run.roll(1500).hours - before)[:, 0, WORKING] / 75_000.0
    return [
        Case("Machine of 100 h, one spare part, lognormal lead of 100 h: availability",
             "1 − Erlang B of 2 servers", "Palm 1938", theory.spare_availability(1, 100.0, 100.0),
             hours),
    ]  # fmt: skip


def batteries() -> list[Case]:
    steps, replicas = 600_000, 160
    devices = battery.bernoulli(10)
    state = new_device_state(devices, replicas)
    starts = np.array([prefix(11, r, 0) for r in range(replicas)])
    wants = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    battery.roll(devices, state, starts, steps, wants, np.zeros((replicas, 1)))
    return [
        Case("Battery of 10 J, a joule comes with p = .5 and is used with q = .4: chance of empty",
             "(1 − ρ) / (1 − ρᴷ⁺¹), ρ = p (1 − q) / (q (1 − p))", "birth-death chain",
             float(battery_levels(10, 0.5, 0.4)[0]), state.counts[:, EMPTY_H, 0] / steps,
             0.015),
    ]  # fmt: skip


def circularity() -> list[Case]:
    half = material_circularity(1.0, 0.3, 0.0, 0.5, 0.0, 0.8, 0.8)
    linear = material_circularity(1.0)
    source = "Ellen MacArthur Foundation and Granta 2015"
    return [
        Case("Material Circularity Indicator, FR = .3, CR = .5, EF = EC = .8",
             "1 − .9 LFI, LFI = (V + W) / (2 M + (WF − WC) / 2)", source,
             1.0 - 0.9 * 1.2875 / 1.9875, np.array([float(half.indicator)])),
        Case("Material Circularity Indicator of a linear product", "1 − .9", source, 0.1,
             np.array([float(linear.indicator)])),
    ]  # fmt: skip


QUEUES: list[Simulation] = [queues, slots]
MACHINES: list[Simulation] = [passages, crews, spares]
OTHERS: list[Simulation] = [batteries, circularity]
