"""Simulated machines agree with theory: 4 standard errors, themselves at most 1 %."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from stillage_sim.machines import theory
from stillage_sim.machines.arrays import FAILURES, PLANNED, WAITING, WORKING
from stillage_sim.machines.rules import rules
from tests.sim.machines.plants import FREE, Run, agrees, plant

FOREVER: dict[str, Any] = {"repair_law": "deterministic", "repair_h": 1e6}


def test_chance_of_a_failure_in_a_step_is_exact() -> None:
    settings = plant(8, shape=2.5, scale_h=100.0, idle_ageing=True, **FOREVER)
    run = Run(settings, 12_500, step_h=10.0)
    alive = 100_000
    for step in range(12):
        failed = run.roll(1).counts[:, :, FAILURES].sum()
        chance = theory.failure_chance(10.0 * step, 10.0, 2.5, 100.0)
        died = failed - (100_000 - alive)
        assert abs(died - alive * chance) < 4.0 * math.sqrt(alive * chance * (1.0 - chance))
        alive -= died


@pytest.mark.parametrize("age", [336.45, math.inf])
@pytest.mark.parametrize("shape", [2.0, 1.5])
def test_cost_of_age_replacement(shape: float, age: float) -> None:
    settings = plant(8, shape=shape, scale_h=1000.0, **FREE)
    law = stats.weibull_min(shape, scale=1000.0)
    run = Run(settings, 1500, rules(settings, age_h=min(age, 1e300)), step_h=4.0)
    before = run.roll(1000).spent.copy()
    spent = run.roll(4000).spent - before
    expected = theory.replacement_rate(age + 2.0, law, 1.0, 10.0)
    if shape == 2.0:
        assert expected == pytest.approx(0.0060561 if age < 1e3 else 0.0112838, rel=2e-4)
    agrees(spent / (8 * 16_000.0), expected)


def test_availability_in_the_long_run_and_early() -> None:
    settings = plant(32, shape=1.0, scale_h=200.0, repair_law="exponential", repair_h=10.0,
                     idle_ageing=True)  # fmt: skip
    early = (Run(settings, 40_000, step_h=20.0).roll(1).mode > PLANNED).mean(1)
    agrees(early, 1.0 - 0.95821, tight=0.02)
    run = Run(settings, 500, step_h=10.0)
    before = run.roll(50).hours.copy()
    hours = run.roll(1000).hours - before
    agrees(1.0 - hours[:, :, WORKING].mean(1) / 10_000.0, 1.0 - 0.95238)


@pytest.mark.parametrize("step_h", [1.0, 20.0])
def test_first_passage_of_a_wiener_path(step_h: float) -> None:
    settings = plant(8, model="wiener", drift_per_h=0.01, diffusion=0.05, idle_ageing=True,
                     **FOREVER)  # fmt: skip
    state = Run(settings, 5000, step_h=step_h).roll(int(1500 / step_h))
    assert (state.mode > PLANNED).all()
    ages = state.age.ravel()
    agrees(ages, 100.0, tight=0.0101)
    assert ages.var() == pytest.approx(2500.0, rel=0.05)
    assert stats.kstest(ages, theory.wiener_life(0.01, 0.05).cdf).pvalue > 0.01


@pytest.mark.parametrize("diffusion", [0.005, 0.03])
def test_first_passage_of_a_gamma_path(diffusion: float) -> None:
    settings = plant(8, model="gamma", drift_per_h=0.02, threshold=2.0, diffusion=2 * diffusion,
                     idle_ageing=True, **FOREVER)  # fmt: skip
    state = Run(settings, 2000).roll(600)
    assert (state.mode > PLANNED).all()
    agrees(state.age.ravel(), theory.gamma_life_mean(0.01, diffusion))


@pytest.mark.parametrize("crews", [1, 2])
def test_machines_queue_for_crews(crews: int) -> None:
    settings = plant(6, {"crews": crews}, shape=1.0, scale_h=20.0, repair_law="exponential",
                     repair_h=5.0, idle_ageing=True)  # fmt: skip
    run = Run(settings, 500, step_h=10.0)
    before = run.roll(50).hours.copy()
    hours = (run.roll(3000).hours - before).sum(1) / 30_000.0
    chances = theory.repairmen(6, crews, 20.0, 5.0)
    down = np.arange(7)
    agrees(6.0 - hours[:, WORKING], float(chances @ down))
    agrees(hours[:, WAITING], float(chances @ np.maximum(down - crews, 0)))


@pytest.mark.parametrize("law", ["deterministic", "exponential", "lognormal"])
@pytest.mark.parametrize("base", [0, 1, 2])
def test_repairs_wait_for_spare_parts(base: int, law: str) -> None:
    spare = {"name": "bearing", "base_stock": base, "lead_h": 100.0, "lead_law": law}
    job = {"spare": "bearing", **FREE}
    settings = plant(1, {"spares": [spare]}, shape=1.0, scale_h=100.0, **job)
    run = Run(settings, 1000, step_h=50.0)
    before = run.roll(50).hours.copy()
    hours = (run.roll(1500).hours - before)[:, 0] / 75_000.0
    waits = 1.0 - theory.spare_availability(base, 100.0, 100.0)
    agrees(hours[:, WAITING], waits, tight=0.02 if base == 2 else 0.01)


def test_bernoulli_machine_is_up_with_its_chance() -> None:
    run = Run(plant(2, model="bernoulli", up_chance=0.8), 500)
    shares = run.roll(2000).hours[:, :, WORKING] / 2000.0
    agrees(shares.ravel(), 0.8)
    assert shares.var() == pytest.approx(0.8 * 0.2 / 2000, rel=0.2)
    assert (run.state.up[run.state.up < 1.0] == 0.0).all()


def test_staggered_machines_are_stationary_from_the_start() -> None:
    settings = plant(8, shape=2.0, scale_h=100.0, staggered=True, **FREE)
    failures = Run(settings, 20_000).roll(10).counts[:, :, FAILURES].sum(1)
    agrees(failures, 80.0 / float(stats.weibull_min(2.0, scale=100.0).mean()), tight=0.03)
