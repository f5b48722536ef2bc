"""Machines that drive the processes of a chain, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from stillage_sim.chain.arrays import MONEY_ACCOUNTS
from stillage_sim.chain.model import ChainModel
from stillage_sim.chain.running import usual_policy
from stillage_sim.machines import theory
from stillage_sim.machines.arrays import PLANNED
from stillage_sim.machines.rules import run_to_failure
from stillage_sim.queueing.theory import bernoulli_pair_throughput
from tests.sim.chain.cases import Case, Simulation, chain, reproduces, rolled

LINE = """
[chain]
name = "line"
step_h = 1
[materials.steel]
[nodes.works]
kind = "recycling"
lanes = ["ore", "buffer"]
room_kg = {{ buffer = {room} }}
[[nodes.works.stations]]
name = "first"
from = "ore"
capacity_t_per_h = 0.001
machines = ["crusher"]
outputs = [{{ to = "buffer" }}]
[[nodes.works.stations]]
name = "second"
from = "buffer"
capacity_t_per_h = 0.001
machines = ["mill"]
outputs = [{{ to = "store" }}]
[machines.crusher]
model = "bernoulli"
up_chance = {first}
[machines.mill]
model = "bernoulli"
up_chance = {second}
[nodes.store]
kind = "disposal"
[start]
"works.ore" = {{ steel = 1e6 }}
"""
PRESSES = """
[chain]
name = "presses"
step_h = {step_h}
[materials.steel]
[crews]
crews = 8
[nodes.works]
kind = "recycling"
lanes = ["ore"]
[[nodes.works.stations]]
name = "press"
from = "ore"
capacity_t_per_h = 0.001
machines = {names}
outputs = [{{ to = "store" }}]
[nodes.store]
kind = "disposal"
[start]
"works.ore" = {{ steel = 1e6 }}
"""
PRESS = "[machines.p{}]\n"
REPAIRED = 'shape = 1.0\nscale_h = {}\nrepair_law = "exponential"\nrepair_h = {}\n'
RENEWED = """shape = 2.0
scale_h = 1000
repair_law = "deterministic"
repair_h = 0
preventive_h = 0
crew_eur_per_h = 0
corrective_eur = 10
preventive_eur = 1
"""


def presses(step_h: float, machine: str, count: int = 8) -> ChainModel:
    """Like machines that share a station, which always has something to do."""
    names = [f"p{k}" for k in range(count)]
    text = PRESSES.format(step_h=step_h, names=names)
    return chain(text + "".join(PRESS.format(k) + machine for k in range(count)))


def bernoulli_line(first: float, second: float, room: int) -> Case:
    model = chain(LINE.format(first=first, second=second, room=room))
    found = rolled(model, replicas=128, steps=8000, warm_up=500)
    chances = f"p = {first:g}" if first == second else f"p = {first:g} and {second:g}"
    formula = "p (1 − (1 − p) / (N + 1 − p))"
    if first != second:
        formula = (
            "p₂ (1 − Q), Q = (1 − p₁)(1 − a) / (1 − (p₁ / p₂) aᴺ), a = p₁ (1 − p₂) / (p₂ (1 − p₁))"
        )
    return Case(
        f"Line of two Bernoulli machines, {chances}, buffer of {room}: kg a slot", formula,
        "Li and Meerkov 2009", bernoulli_pair_throughput(first, second, room),
        found.mass("store") / found.steps,
    )  # fmt: skip


def bernoulli_lines() -> list[Case]:
    return [bernoulli_line(0.9, 0.9, 5), bernoulli_line(0.8, 0.9, 3)]


def availability() -> list[Case]:
    long = rolled(presses(24.0, REPAIRED.format(200, 10)), replicas=100, steps=1000, warm_up=50)
    rough = rolled(presses(12.0, REPAIRED.format(40, 40), 1), replicas=400, steps=4000, warm_up=50)
    early = rolled(presses(4.0, REPAIRED.format(200, 10)), replicas=4000, steps=5)
    up = (early.states.machines.mode <= PLANNED).mean(1)
    both, source = 1.0 / 200.0 + 1.0 / 10.0, "Barlow and Proschan 1965"
    mean = (1.0 - 1.0 / 210.0 * 10.0) + 10.0 / 210.0 * -math.expm1(-20.0 * both) / (20.0 * both)
    return [
        Case("Machine of 200 h and 10 h repairs, in steps of a day: throughput over rate",
             "MTBF / (MTBF + MTTR)", source, theory.availability(200.0, 10.0),
             long.mass("store") / (24.0 * long.steps)),
        Case("Machine of 40 h and 40 h repairs, in steps of 12 h: throughput over rate",
             "MTBF / (MTBF + MTTR)", source, 0.5, rough.mass("store") / (12.0 * rough.steps)),
        Case("New machine of 200 h and 10 h: chance that it is up after 20 h",
             "r / (l + r) + l / (l + r) exp(−(l + r) t)", source,
             theory.availability_at(20.0, 200.0, 10.0), up),
        Case("New machine of 200 h and 10 h: throughput of its first 20 h over rate",
             "mean of A(t) over 20 h", source, mean, early.mass("store") / 20.0),
    ]  # fmt: skip


def age_replacement() -> list[Case]:
    model = presses(8.0, RENEWED)
    usual = usual_policy(model)
    never = usual._replace(
        rules=usual.rules._replace(maintenance=run_to_failure(model.maintenance))
    )
    law, found = stats.weibull_min(2.0, scale=1000.0), []
    age = theory.optimal_age(law, 1.0, 10.0)
    for name, policy, limit in (
        ("at its best age, T* = 336.45 h", usual, age),
        ("run to failure", never, math.inf),
    ):
        end = rolled(model, replicas=400, steps=6000, warm_up=500, policy=policy)
        paid = end.gain["money"][:, MONEY_ACCOUNTS.index("workshop"), 0]
        found.append(
            Case(f"Machine of Weibull life (2, 1000 h), 1 and 10 EUR, {name}: EUR/h",
                 "[c_p R(T) + c_f (1 − R(T))] / ∫₀ᵀ R", "Barlow and Hunter 1960",
                 theory.replacement_rate(limit, law, 1.0, 10.0), paid / (64.0 * end.steps))
        )  # fmt: skip
    return found


SIMULATIONS: list[Simulation] = [bernoulli_lines, availability, age_replacement]


@pytest.mark.parametrize("simulation", SIMULATIONS, ids=lambda s: s.__name__)
def test_reproduces(simulation: Simulation) -> None:
    for case in simulation():
        reproduces(case)


def test_theory_is_the_reference() -> None:
    law = stats.weibull_min(2.0, scale=1000.0)
    assert bernoulli_pair_throughput(0.9, 0.9, 5) == pytest.approx(0.88235, abs=5e-6)
    assert bernoulli_pair_throughput(0.8, 0.9, 3) == pytest.approx(0.79154, abs=5e-6)
    assert theory.availability(200.0, 10.0) == pytest.approx(0.95238, abs=5e-6)
    assert theory.availability_at(20.0, 200.0, 10.0) == pytest.approx(0.95821, abs=5e-6)
    assert theory.replacement_rate(336.45, law, 1.0, 10.0) == pytest.approx(0.0060561, abs=5e-8)
    assert theory.replacement_rate(math.inf, law, 1.0, 10.0) == pytest.approx(0.0112838, abs=5e-8)


def test_the_best_age_is_the_policy_of_a_chain() -> None:
    model = presses(8.0, RENEWED)
    assert usual_policy(model).rules.maintenance.age_h == pytest.approx(336.45, abs=0.01)
    assert np.ptp(usual_policy(model).rules.maintenance.age_h) == 0.0
