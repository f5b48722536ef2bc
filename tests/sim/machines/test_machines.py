"""What machines, crews, spare parts and rules do, beyond what theory says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillage.errors import BadInput
from stillage_sim.machines.arrays import (
    FAILURES,
    ILLEGAL,
    MAINTENANCE,
    NEVER,
    PLANNED,
    PREVENTIVE,
    REPAIR,
    WAITING,
    WORKING,
)
from stillage_sim.machines.build import build_machines
from stillage_sim.machines.rules import POLICIES, best_age, opportunistic, rules
from stillage_sim.machines.settings import MaintenanceSettings
from tests.sim.machines.plants import FREE, Run, agrees, plant
from tests.sim.machines.rollout import simulate_machines

SPARE = {"name": "bearing", "base_stock": 1, "lead_h": 30.0, "lead_law": "lognormal"}
MIXED = {"crews": 1, "callout_eur": 50.0, "spares": [SPARE]}


def mixed(**machine: Any) -> MaintenanceSettings:
    """One machine of each model, short of crews and parts."""
    models: list[dict[str, Any]] = [
        {"name": "a", "model": "none"},
        {"name": "b", "model": "bernoulli", "up_chance": 0.9},
        {"name": "c", "shape": 2.0, "scale_h": 40.0, "spare": "bearing"},
        {"name": "d", "scale_h": 30.0, "staggered": True, "slowdown": 0.4, "loss_worn": 0.1},
        {"name": "e", "model": "gamma", "drift_per_h": 0.02, "diffusion": 0.03,
         "spare": "bearing", "spare_preventive": False, "noise": 0.1, "inspection_steps": 7},
        {"name": "f", "model": "wiener", "drift_per_h": 0.02, "diffusion": 0.05,
         "preventive_law": "exponential", "down_eur_per_h": 9.0, "staggered": True},
    ]  # fmt: skip
    machines = [{**m, **machine} for m in models]
    return MaintenanceSettings.model_validate({**MIXED, "machines": machines})


@pytest.mark.parametrize("step_h", [0.25, 6.0, 24.0])
@pytest.mark.parametrize("model", ["weibull", "gamma", "wiener"])
def test_events_do_not_depend_on_the_step(model: str, step_h: float) -> None:
    spares = {"spares": [SPARE], "crews": 1, "stride_h": 4.0}
    job = {"model": model, "scale_h": 60.0, "idle_ageing": True, "spare": "bearing",
           "repair_h": 5.0, "drift_per_h": 0.02, "diffusion": 0.04}  # fmt: skip
    fine = Run(plant(4, spares, **job), 50).roll(480)
    coarse = Run(plant(4, spares, **job), 50, step_h=step_h).roll(int(480 / step_h))
    assert (fine.counts == coarse.counts).all()
    assert (fine.stock == coarse.stock).all()
    assert fine.counts[:, :, FAILURES].sum() > 500
    np.testing.assert_allclose(fine.hours, coarse.hours, atol=1e-9)
    np.testing.assert_allclose(fine.age, coarse.age, atol=1e-9)
    np.testing.assert_allclose(fine.spent, coarse.spent, rtol=1e-9)


def test_a_failure_stops_the_machine_at_its_instant_and_repair_begins_at_once() -> None:
    job: dict[str, Any] = {"repair_law": "deterministic", "repair_h": 0.25, "idle_ageing": True}
    run = Run(plant(1, shape=1.0, scale_h=20.0, **job), 200)
    life = run.state.left[:, 0].copy()
    assert (run.state.up == 1.0).all()
    for step in range(40):
        state = run.roll(1)
        inside = (life > step) & (life < step + 0.7) & (state.counts[:, 0, FAILURES] == 1)
        np.testing.assert_allclose(state.up[inside, 0], 0.75, atol=1e-9)
        np.testing.assert_allclose(state.age[inside, 0], step + 0.75 - life[inside], atol=1e-9)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**31), highest=st.integers(1, 3), loaded=st.booleans())
def test_any_actions_reconcile(seed: int, highest: int, loaded: bool) -> None:
    plan = mixed(idle_ageing=not loaded)
    run = Run(plan, 4, seed=seed)
    luck = np.random.default_rng(seed)
    illegal = 0
    for step in range(1, 60):
        actions = luck.integers(-1, highest, (4, 6))
        run.state.load[:] = luck.random((4, 6))
        may = (run.state.mode == WORKING) & (run.machines.model >= 2)
        illegal += int(((actions != 0) & ~((actions == 1) & may)).sum())
        state = run.step(actions)
        np.testing.assert_allclose(state.hours.sum(2), step, rtol=1e-12)
        assert ((state.up >= 0) & (state.up <= 1)).all()
        assert ((state.level >= 0) & (state.level <= 1)).all()
        under = (state.mode >= REPAIR).sum(1)
        assert (under == state.busy).all()
        assert (state.busy <= 1).all()
        queue = (state.mode[:, [2, 4]] == WAITING).sum(1) + (state.mode[:, 2] == PLANNED)
        on_order = (state.orders[:, 0] < NEVER).sum(1)
        assert (state.stock[:, 0] >= 0).all()
        assert (state.stock[:, 0] + on_order - queue == 1).all()
    assert int(run.state.counts[:, :, ILLEGAL].sum()) == illegal
    assert (run.state.hours[:, 0, WORKING] == 59).all()


def test_money_is_what_happened() -> None:
    spare = {**SPARE, "base_stock": 40, "holding_eur_per_h": 0.5}
    machine = {"scale_h": 100.0, "spare": "bearing", "down_eur_per_h": 7.0, "inspection_eur": 2.0,
               "inspection_steps": 10, "repair_law": "deterministic", "repair_h": 1.5,
               "spare_preventive": False}  # fmt: skip
    plan = plant(3, {"spares": [{**spare, "lead_h": 0.0}]}, **machine)
    state = Run(plan, 20, rules(plan, age_h=60.0)).roll(3000)
    ms, hours, counts = plan.machines[0], state.hours.sum(1), state.counts.sum(1)
    jobs = counts[:, FAILURES] * ms.corrective_eur + counts[:, PREVENTIVE] * ms.preventive_eur
    crew = (hours[:, REPAIR] + hours[:, MAINTENANCE]) * (60.0 + 7.0)
    parts = state.ordered[:, 0] * (300.0 + 30.0) + 40 * 0.5 * 3000
    left = state.spent - jobs - crew - parts
    assert (state.ordered[:, 0] == counts[:, FAILURES]).all()
    np.testing.assert_allclose(left / 2.0, np.round(left / 2.0), atol=1e-6)
    assert (abs(left / (3 * 300 * 2.0) - 1.0) < 0.05).all()


def test_wear_changes_rate_and_quality() -> None:
    plan = plant(1, shape=50.0, scale_h=100.0, slowdown=0.5, loss_new=0.1, loss_worn=0.3)
    run = Run(plan, 3)
    mean = plan.machines[0].mean_life
    state = run.roll(50)
    np.testing.assert_allclose(state.level, 50.0 / mean)
    np.testing.assert_allclose(state.speed, 1.0 - 0.5 * 50.0 / mean)
    np.testing.assert_allclose(state.loss, 0.1 + 0.2 * 50.0 / mean)
    run.step(np.ones((3, 1), np.int64))
    state = run.roll(4)
    assert (state.level < 0.02).all()
    assert (state.counts[:, 0, PREVENTIVE] == 1).all()


def test_idle_machines_do_not_age_unless_they_should() -> None:
    for idle, age in ((False, 25.0), (True, 100.0)):
        run = Run(plant(2, scale_h=1e9, idle_ageing=idle), 2)
        run.state.load[:] = 0.25
        assert (run.roll(100).age == age).all()
    run = Run(plant(1, model="wiener", idle_ageing=False), 2)
    run.state.load[:] = 0.0
    assert (run.roll(100).level == 0.0).all()


def test_condition_is_seen_at_inspections_and_with_noise() -> None:
    plan = plant(4, model="gamma", inspection_steps=10, noise=0.05, drift_per_h=1e-3,
                 diffusion=1e-3)  # fmt: skip
    run = Run(plan, 500)
    assert (run.roll(9).seen == 0.0).all()
    state = run.roll(1)
    first = state.seen.copy()
    assert (state.seen - state.level).std() == pytest.approx(0.05, rel=0.1)
    assert (run.roll(9).seen == first).all()
    assert (run.roll(1).seen != first).all()


def test_condition_rule_saves_machines_that_run_to_failure_loses() -> None:
    plan = plant(4, model="gamma", drift_per_h=0.005, diffusion=0.005)
    lost, saved = (Run(plan, 50, POLICIES[name](plan)).roll(2000)
                   for name in ("run_to_failure", "condition_based"))  # fmt: skip
    assert lost.counts[:, :, PREVENTIVE].sum() == 0
    assert saved.counts[:, :, FAILURES].sum() < 0.05 * lost.counts[:, :, FAILURES].sum()
    assert saved.spent.mean() < lost.spent.mean()


def test_opportunistic_rule_shares_callouts() -> None:
    plan = plant(8, {"callout_eur": 3000.0}, shape=4.0, scale_h=500.0, staggered=True)
    alone, along = (Run(plan, 100, POLICIES[name](plan)).roll(3000).spent.mean()
                    for name in ("age_replacement", "opportunistic"))  # fmt: skip
    assert along < alone
    some = opportunistic(plan)
    assert (some.crew_age_h < some.age_h).all()


def test_policies_meet_the_same_lives() -> None:
    plan = plant(3, shape=3.0, scale_h=200.0)
    runs = [Run(plan, 30, POLICIES[name](plan)) for name in POLICIES]
    lives = [run.state.left.copy() for run in runs]
    assert all((life == lives[0]).all() for life in lives)


def test_antithetic_replicas_are_opposite() -> None:
    plan = plant(8, scale_h=200.0, **FREE)
    pair = [Run(plan, 500, mirror=mirror).roll(1000).counts[:, :, FAILURES].sum(1)
            for mirror in (False, True)]  # fmt: skip
    assert np.corrcoef(*pair)[0, 1] < -0.2
    agrees(pair[1].astype(float), float(pair[0].mean()), tight=0.03)


def test_first_failed_is_first_served() -> None:
    run = Run(plant(5, {"crews": 0}, scale_h=10.0, idle_ageing=True), 20)
    lives = run.state.left.copy()
    state = run.roll(400)
    assert (state.mode == WAITING).all()
    assert (np.argsort(state.ticket, 1) == np.argsort(lives, 1)).all()


@pytest.mark.parametrize("hours", [1e-3, 1e-6, 1e9])
def test_extreme_rates_keep_their_units(hours: float) -> None:
    state = Run(plant(2, shape=1.0, scale_h=hours, **FREE), 3).roll(20)
    np.testing.assert_allclose(state.hours[:, :, WORKING], 20.0, rtol=1e-9)
    failures = state.counts[:, :, FAILURES].sum(1)
    if hours == 1e-3:
        assert failures == pytest.approx(40 / hours, rel=0.05)
    np.testing.assert_allclose(state.spent, 10.0 * failures)
    assert ((state.deferred > 0) == (hours == 1e-6)).all()


def test_no_machines_and_no_crews() -> None:
    plan = MaintenanceSettings(crews=0)
    for policy in POLICIES.values():
        assert (Run(plan, 2, policy(plan)).roll(10).spent == 0.0).all()
    state = Run(plant(2, {"crews": 0}, scale_h=1.0), 2).roll(500)
    assert (state.mode == WAITING).all()


def test_best_age_counts_parts_and_hours() -> None:
    part = {"name": "bearing", "part_eur": 0.0, "order_eur": 0.0}
    dear = {**part, "part_eur": 5000.0}
    ages = [best_age(p.machines[0], p) for spare in (part, dear)
            for p in [plant(1, {"spares": [spare]}, shape=3.0, spare="bearing")]]  # fmt: skip
    assert 0 < ages[0] < ages[1]


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"machines": [{"name": "a", "spare": "belt"}]}, "machines.a.spare: found belt"),
        ({"machines": [{"name": "a"}, {"name": "a"}]}, "machines.name: found a"),
        ({"machines": [{"name": "a", "model": "gamma", "diffusion": 1e-12}]}, "diffusion: found"),
        ({"machines": [{"name": "a", "model": "wiener", "diffusion": 1e3}]}, "diffusion: found"),
    ],
)
def test_faulty_plans_are_refused(plan: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MaintenanceSettings(**plan)


def test_rules_of_other_machines_are_refused() -> None:
    one, two = (MaintenanceSettings(machines=[{"name": n} for n in names]) for names in ("a", "ab"))
    with pytest.raises(BadInput, match=r"rules\.age_h: found float64 \(1,\), expected float64 \(2"):
        simulate_machines(build_machines(two), rules(one), 2, 10)
    with pytest.raises(BadInput, match="found -1, 10, expected 0 or more"):
        simulate_machines(build_machines(two), rules(two), -1, 10)


def test_faulty_steps_are_refused() -> None:
    with pytest.raises(BadInput, match="step_h"):
        build_machines(MaintenanceSettings(), 0.0)
