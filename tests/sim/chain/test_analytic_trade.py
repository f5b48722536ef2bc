"""Markets of a chain against inventory theory."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from stillage_sim.chain.arrays import MONEY_ACCOUNTS
from stillage_sim.chain.running import advance, begun, usual_policy
from tests.sim.chain.cases import SEED, Case, Rolled, Simulation, chain, reproduces, rolled

MARKET = """
[chain]
name = "market"
step_h = 24
period = 1
order_levels = [1.0]
[materials.steel]
[products.part]
recipe = {{ steel = 1.0 }}
life_d = 4
grades = [{{ name = "used", to = "scrap" }}]
collected = "collected"
lost = "scrap"
[quantities.demand]
unit = "kg"
value = {{ law = "normal", mean = 50, sd = 8 }}
[quantities.collected]
unit = "1"
value = 0
[nodes.factory]
kind = "manufacturing"
product = "part"
capacity_t_per_h = 1000
lead_h = {lead_h}
[nodes.shop]
kind = "market"
product = "part"
maker = "factory"
demand = "demand"
price_eur_per_kg = 0
backlog = {backlog}
holding_eur_per_kg = 0.18
penalty_eur_per_kg = 0.70
base_kg = {base_kg}
cover_periods = {cover}
window_periods = 5
[nodes.scrap]
kind = "disposal"
[start]
shop = {base_kg}
"""
HOLDING, PENALTY, MEAN, SD = 0.18, 0.70, 50.0, 8.0
SAFETY = float(stats.norm.ppf(PENALTY / (PENALTY + HOLDING)))
LOSS = (HOLDING + PENALTY) * float(stats.norm.pdf(SAFETY))


def market(base: float, lead: int = 0, backlog: str = "false", cover: float = 0.0) -> str:
    return MARKET.format(lead_h=24.0 * lead, backlog=backlog, base_kg=base, cover=cover)


def cost(found: Rolled) -> np.ndarray:
    """EUR a period that holding and unmet demand cost, (R,)."""
    gain = found.gain["money"][:, MONEY_ACCOUNTS.index("storekeeper"), 0]
    return np.asarray(gain / found.steps)


def newsvendor() -> list[Case]:
    base = MEAN + SAFETY * SD
    found = rolled(chain(market(base)), replicas=500, steps=1000)
    served = found.gain["service"][:, 0, 1] / found.gain["service"][:, 0, 0]
    filled = 1.0 - SD * (float(stats.norm.pdf(SAFETY)) - SAFETY * float(stats.norm.sf(SAFETY))) / 50
    source = "Arrow, Harris, Marschak 1951"
    return [
        Case("Newsvendor, N(50, 8), h = .18, b = .70, at S* = 56.604: EUR a period",
             "(h + b) φ(z) σ, z = Φ⁻¹(b / (b + h))", source, LOSS * SD, cost(found)),
        Case("Newsvendor at S* = 56.604: share of demand that is met",
             "1 − σ (φ(z) − z (1 − Φ(z))) / μ",
             source, filled, served),
    ]  # fmt: skip


def base_stock() -> list[Case]:
    spread = SD * math.sqrt(3.0)
    base = 3.0 * MEAN + SAFETY * spread
    found = rolled(chain(market(base, 2, "true")), replicas=500, steps=2000, warm_up=10)
    return [
        Case("Base stock, lead of 2 periods, at S* = 161.44: EUR a period",
             "(h + b) φ(z) σ √(L + 1)", "Snyder and Shen 2019, ch. 4", LOSS * spread, cost(found)),
    ]  # fmt: skip


def bullwhip() -> list[Case]:
    model = chain(market(0.0, 1, "true", cover=2.0))
    states, policy, periods = begun(model, 1500, SEED), usual_policy(model), 600
    advance(model, policy, states, 20)
    sums = np.zeros((2, 1500))
    for _ in range(periods):
        advance(model, policy, states)
        sums[0] += (states.chain.ordered[:, 0] - MEAN) ** 2
        sums[1] += (states.chain.quantity[:, model.quantities.index("demand")] - MEAN) ** 2
    return [
        Case("Bullwhip, L = 2, forecast of p = 5: variance of orders over that of demand",
             "1 + 2 L / p + 2 L² / p²", "Chen et al. 2000", 2.12, sums[0] / sums[1].mean()),
    ]  # fmt: skip


SIMULATIONS: list[Simulation] = [newsvendor, base_stock, bullwhip]


@pytest.mark.parametrize("simulation", SIMULATIONS, ids=lambda s: s.__name__)
def test_reproduces(simulation: Simulation) -> None:
    for case in simulation():
        reproduces(case)


def test_theory_is_the_reference() -> None:
    assert pytest.approx(56.604, abs=5e-4) == MEAN + SAFETY * SD
    assert pytest.approx(1.9976, abs=5e-5) == LOSS * SD
    assert 150.0 + SAFETY * SD * math.sqrt(3.0) == pytest.approx(161.44, abs=5e-3)
    assert LOSS * SD * math.sqrt(3.0) == pytest.approx(3.4600, abs=5e-5)


def test_the_best_order_is_the_best() -> None:
    """Orders of more and of less cost more, by the same demands."""
    costs = [cost(rolled(chain(market(base)), 200, 1000)) for base in (55.5, 56.604, 57.7)]
    for other in (costs[0], costs[2]):
        more = other - costs[1]
        assert more.mean() > 4.0 * more.std(ddof=1) / math.sqrt(len(more))
