"""Flows of material in chains against closed forms: sorters, loops, goods in use."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from stillage_sim.chain.running import advance, begun, totals, usual_policy
from tests.sim.chain.cases import SEED, Case, Simulation, chain, reproduces, rolled

SORTER = """
[chain]
name = "sorter"
[materials]
PET = {}
HDPE = {}
PP = {}
PS = {}
LDPE = {}
other = {}
[nodes.sorter]
kind = "sorting"
lanes = ["feed", "once"]
[[nodes.sorter.stations]]
name = "first"
from = "feed"
capacity_t_per_h = 0.01
outputs = [{ to = "once", good = { PET = 0.9, "*" = 0.02 } }, { to = "rest" }]
[[nodes.sorter.stations]]
name = "second"
from = "once"
capacity_t_per_h = 0.01
outputs = [{ to = "twice", good = { PET = 0.9, "*" = 0.02 } }, { to = "rest" }]
[nodes.twice]
kind = "disposal"
[nodes.rest]
kind = "disposal"
[start]
"sorter.feed" = { PET = 300, "*" = 140 }
"""
LOOP = """
[chain]
name = "loop"
step_h = 24
period = 1
order_levels = [1.0]
[materials.plastic]
[products.tray]
recipe = {{ plastic = 1.0 }}
life_d = {life}
in_use_kg = {in_use}
grades = [{{ name = "used", to = "bin" }}]
collected = "collected"
lost = "landfill"
[quantities.demand]
unit = "kg"
value = {{ law = "gamma", shape = 4, scale = 25 }}
[quantities.collected]
unit = "1"
value = {collected}
[nodes.bin]
kind = "collection"
lanes = ["bags"]
[nodes.works]
kind = "recycling"
lanes = ["bales", "pellets"]
[[nodes.works.stations]]
name = "sort"
from = "bin.bags"
capacity_t_per_h = 1
outputs = [{{ to = "bales", good = {{ plastic = 0.9 }} }}, {{ to = "landfill" }}]
[[nodes.works.stations]]
name = "recycle"
from = "bales"
capacity_t_per_h = 1
outputs = [{{ to = "pellets", good = {{ plastic = 0.85 }} }}, {{ to = "landfill" }}]
[nodes.refinery]
kind = "virgin"
[nodes.factory]
kind = "manufacturing"
product = "tray"
capacity_t_per_h = 10
secondary = "works.pellets"
virgin = "refinery"
[nodes.shop]
kind = "market"
product = "tray"
maker = "factory"
demand = "demand"
price_eur_per_kg = 1
cover_periods = 10
[nodes.landfill]
kind = "disposal"
[start]
shop = 1000
"""
DAYS = 365.0
LIFE = stats.weibull_min(5.3759, scale=30.0)
"""Years that a photovoltaic module lasts, as PV_ICE has it."""


def purity(mass: np.ndarray) -> float:
    return float(mass[0] / mass.sum())


def sorter() -> list[Case]:
    model = chain(SORTER)
    once, accepted = np.zeros(6), model.account("sorter.once")
    states, policy = begun(model, 1), usual_policy(model)
    advance(model, policy, states, 1)
    once += states.chain.mass[0, accepted]
    advance(model, policy, states, 400)
    twice = states.chain.mass[0, model.account("twice")]

    def pure(passes: int) -> float:
        return 0.3 * 0.9**passes / (0.3 * 0.9**passes + 0.7 * 0.02**passes)

    formula, source = "rⁿ x / (rⁿ x + fⁿ (1 − x))", "Bayes' rule"
    return [
        Case("Sorter, x = .3, r = .9, f = .02: purity after one pass", formula, source, pure(1),
             np.array([purity(once)])),
        Case("Sorter, x = .3, r = .9, f = .02: purity after two passes", formula, source,
             pure(2), np.array([purity(twice)])),
    ]  # fmt: skip


def loop_gain() -> list[Case]:
    text = LOOP.format(
        life='{ law = "gamma", shape = 2, scale = 10 }',
        in_use=2000.0,
        collected='{ law = "beta", alpha = 70, beta = 30 }',
    )
    found = rolled(chain(text), replicas=200, steps=1000, warm_up=200)
    secondary, virgin = found.flow("factory", "secondary"), -found.mass("refinery")
    gain = 0.7 * 0.9 * 0.85
    return [
        Case("Loop of c = .7 collected, s = .9 sorted, r = .85 recycled: secondary share",
             "k = c s r", "geometric series", gain, secondary / (secondary + virgin)),
        Case("Loop of k = .5355: virgin share", "1 − k", "geometric series", 1.0 - gain,
             virgin / (secondary + virgin)),
        Case("Loop of k = .5355: uses of a virgin kilogram", "1 / (1 − k)", "geometric series",
             1.0 / (1.0 - gain), (secondary + virgin) / virgin),
    ]  # fmt: skip


def dynamic_stock() -> list[Case]:
    model = chain(
        LOOP.format(
            life=f'{{ law = "weibull", shape = 5.3759, scale = {30.0 * DAYS} }}',
            in_use=0.0,
            collected="0.0",
        )
    )
    states, policy, replicas = begun(model, 64, SEED), usual_policy(model), 64
    use = model.account("tray in use")
    stock = np.zeros((50, replicas))
    yearly = 100.0 * DAYS
    advance(model, policy, states, int(20 * DAYS))
    early = states.chain.mass[:, use, 0] / yearly
    advance(model, policy, states, int(40 * DAYS))
    for row in stock:
        row[:] = states.chain.mass[:, use, 0] / yearly
        advance(model, policy, states, int(DAYS))
    survives = integrate.quad(LIFE.sf, 0.0, 20.0)[0]
    source = "Little 1961; life as PV_ICE's"
    return [
        Case("Stock in use, Weibull life (5.3759, 30 a): years of inflow", "S = I E[L]", source,
             float(LIFE.mean()), stock.mean(0)),
        Case("Stock in use 20 years after the first sale: years of inflow", "S(t) = I ∫₀ᵗ (1 − F)",
             source, float(survives), early),
    ]  # fmt: skip


SIMULATIONS: list[Simulation] = [sorter, loop_gain, dynamic_stock]


@pytest.mark.parametrize("simulation", SIMULATIONS, ids=lambda s: s.__name__)
def test_reproduces(simulation: Simulation) -> None:
    for case in simulation():
        reproduces(case)


def test_theory_is_the_reference() -> None:
    assert pytest.approx(0.9507, abs=5e-5) == 0.3 * 0.9 / (0.3 * 0.9 + 0.7 * 0.02)
    assert pytest.approx(0.99885, abs=5e-6) == 0.3 * 0.81 / (0.3 * 0.81 + 0.7 * 0.0004)
    assert pytest.approx(0.5355, abs=1e-12) == 0.7 * 0.9 * 0.85
    assert pytest.approx(2.153, abs=5e-4) == 1.0 / (1.0 - 0.5355)
    assert LIFE.mean() == pytest.approx(27.660, abs=5e-4)


def test_no_kilogram_of_the_sorter_is_lost() -> None:
    found = rolled(chain(SORTER), replicas=1, steps=401)
    assert found.mass("twice") + found.mass("rest") == pytest.approx(1000.0, rel=1e-12)
    assert abs(totals(found.states)["mass"].sum(1)).max() < 1e-9
