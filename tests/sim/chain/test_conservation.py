"""Whatever the chain and whatever is done: nothing is lost, made from nothing, or forgotten."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillage_scenarios.chains.files import chain_path
from stillage_sim.chain.building.model import build
from stillage_sim.chain.file.load import load_chain
from stillage_sim.chain.model import ChainModel, usual_rules
from stillage_sim.chain.running import advance, audit, begun, bind, totals, usual_policy
from stillage_sim.chain.stages.decide import CompiledPolicy
from stillage_sim.chain.stages.step import States
from stillage_sim.machines.arrays import ILLEGAL, WEIBULL, WORKING
from stillage_sim.machines.rules import run_to_failure
from tests.sim.chain.random_chains import chains

STEPS, CHAINS, REPLICAS = 250, 20, 2
"""20 chains of 1 material and 20 of 6, each 250 steps: 10,000 in all, twice."""

CLOSE = 1e-9


def forbidden(model: ChainModel, states: States, actions: np.ndarray) -> tuple[int, int]:
    """How many of these actions are illegal: of choices and markets, and of machines."""
    chain, state, machines = model.parts.chain, states.chain, states.machines
    choices, markets = len(model.choices), len(model.markets)
    found = 0
    for r, g in np.ndindex(len(actions), choices):
        action = actions[r, g]
        if 0 < action <= chain.routes.shape[1]:
            p = chain.routes[g, action - 1]
            found += p < 0 or state.work[r, p] <= 0.0
        else:
            found += action != 0
    levels = actions[:, choices : choices + markets]
    found += int(((levels < 0) | (levels >= len(chain.markets.levels))).sum())
    own = actions[:, choices + markets :]
    able = (machines.mode == WORKING) & (model.parts.machines.model >= WEIBULL)
    return found, int(((own != 0) & ~((own == 1) & able)).sum())


def kept(model: ChainModel, states: States, start: np.ndarray) -> None:
    """Every ledger balances, no stock is negative, and cohorts are what is in use."""
    found = totals(states)
    assert max(audit(found).values()) < CLOSE, audit(found)
    for name, values in found.items():
        assert np.isfinite(values).all(), name
    mass, chain = found["mass"], model.parts.chain
    moved = np.abs(mass).sum() + 1.0
    stocks = [a for a, account in enumerate(model.accounts) if not account.supply]
    assert mass[:, stocks].min() >= -CLOSE * moved
    left = mass.sum((1, 2)) - start.sum((1, 2))
    assert np.abs(left).max() <= CLOSE * moved
    for u, width in enumerate(chain.uses.width):
        periods = (found["steps"] - 1) // chain.period
        turns = width - 1 - periods % width
        in_use = found["in_use"][:, u] + found["due"][:, u].sum(1) * turns
        account = mass[:, chain.uses.account[u]].sum(1)
        assert in_use == pytest.approx(account, rel=CLOSE, abs=CLOSE * moved)
    carried = {int(a) for a in chain.transits.sink} | {int(a) for a in chain.uses.sink.ravel()}
    for a, account in enumerate(model.accounts):
        if a not in carried:
            assert (mass[:, a].sum(1) <= account.room * (1.0 + CLOSE)).all(), account.name
    ring = states.chain.ring.sum(2)
    under_way = mass[:, chain.transits.account].sum(2)
    assert ring == pytest.approx(under_way, rel=CLOSE, abs=CLOSE * moved)


def roll(text: str, seed: int, wild: bool) -> None:
    """Step a chain one by one, by random actions (``wild``: of which many are illegal)."""
    model = build(load_chain(text))
    states = begun(model, REPLICAS, seed)
    rules = usual_rules(model, run_to_failure(model.maintenance))
    devices = model.parts.devices
    policy = CompiledPolicy(model.declared, rules, devices.reading_j, devices.reading_s)
    luck = np.random.default_rng(seed)
    start = totals(states)["mass"]
    illegal = [0, 0]
    for _ in range(STEPS):
        low, high = (-2, 6) if wild else (0, 3)
        actions = luck.integers(low, high, (REPLICAS, model.actions))
        for n, count in enumerate(forbidden(model, states, actions)):
            illegal[n] += count
        advance(model, policy, states, actions=actions)
        kept(model, states, start)
    assert states.chain.illegal.sum() == illegal[0]
    assert states.machines.counts[:, :, ILLEGAL].sum() == illegal[1]


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=CHAINS, deadline=None, derandomize=True, suppress_health_check=SLOW)
@given(text=chains(1), seed=st.integers(0, 2**32), wild=st.booleans())
def test_any_chain_of_one_material_reconciles_in_every_step(
    text: str, seed: int, wild: bool
) -> None:
    roll(text, seed, wild)


@settings(max_examples=CHAINS, deadline=None, derandomize=True, suppress_health_check=SLOW)
@given(text=chains(6), seed=st.integers(0, 2**32), wild=st.booleans())
def test_any_chain_of_six_materials_reconciles_in_every_step(
    text: str, seed: int, wild: bool
) -> None:
    roll(text, seed, wild)


def test_ten_thousand_steps_in_a_row_reconcile() -> None:
    """Fourteen months of the plastics loop: rounding must not pile up."""
    model = build(load_chain(chain_path("plastics")))
    states = begun(model, 1, seed=3)
    go, start = bind(model, usual_policy(model), states, 25), totals(states)["mass"]
    for _ in range(400):
        go()
        kept(model, states, start)
    assert states.chain.step.tolist() == [10_000]
    assert max(audit(totals(states)).values()) < 1e-12


FULL = """
[chain]
name = "full"
[materials.steel]
[nodes.works]
kind = "remanufacturing"
lanes = ["cores", "done"]
room_kg = { done = 1.0 }
[[nodes.works.stations]]
name = "rebuild"
from = "cores"
capacity_t_per_h = 1
outputs = [OUTPUTS]
EXTRA
[[edges]]
from = "works.done"
to = "shelf"
capacity_t_per_h = 1e-4
[nodes.shelf]
kind = "disposal"
[start]
"works.cores" = { steel = 100.0 }
"""
TWICE = '{ to = "done", good = { steel = 0.5 } }, { to = "done" }'


@pytest.mark.parametrize(
    ("outputs", "extra"), [(TWICE, ""), ('{ to = "done" }', "parts_kg_per_kg = { steel = 0.25 }")]
)
def test_a_full_lane_takes_no_more(outputs: str, extra: str) -> None:
    """Neither by two outputs to one lane, nor by new parts that join the first output."""
    model = build(load_chain(FULL.replace("OUTPUTS", outputs).replace("EXTRA", extra)))
    states = begun(model, 1)
    for _ in range(20):
        advance(model, usual_policy(model), states)
        done = states.chain.mass[0, model.account("works.done"), 0]
        assert done == pytest.approx(1.0, rel=1e-12)
    assert states.chain.mass[0, model.account("shelf"), 0] == pytest.approx(0.1 * 19)
