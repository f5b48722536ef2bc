"""The chains that come with Stillage: they load, run, stay bounded and make sense."""

from __future__ import annotations

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_scenarios.chains.files import chain_path, shipped
from stillage_scenarios.items.materials import MATERIALS
from stillage_sim.chain.arrays import OPERATOR
from stillage_sim.chain.building.model import build
from stillage_sim.chain.file.load import load_chain
from stillage_sim.chain.model import ChainModel, blind, ideal
from stillage_sim.chain.running import (
    advance,
    audit,
    begun,
    new_history,
    totals,
    usual_policy,
)
from stillage_sim.chain.stages.step import History, States

STEPS = 10_000


def chain(name: str) -> ChainModel:
    """A shipped chain, built."""
    return build(load_chain(chain_path(name)))


def run(model: ChainModel, how: str) -> tuple[States, History]:
    """10,000 steps of two replicas with a perception, by the usual rules."""
    shares = {"declared": model.declared, "ideal": ideal(model), "blind": blind(model)}
    states, history = begun(model, 2), new_history(model, 2, STEPS // model.parts.chain.period)
    policy = usual_policy(model)._replace(perception=shares[how])
    advance(model, policy, states, STEPS, history=history)
    return states, history


@pytest.mark.parametrize("name", shipped())
def test_runs_bounded_and_earns(name: str) -> None:
    model = chain(name)
    kept = np.array([not account.supply for account in model.accounts])
    open_ended = np.array([account.sink or account.supply for account in model.accounts])
    rooms = np.array([account.room for account in model.accounts])[~open_ended]
    room = np.where(np.isfinite(rooms), rooms, 0.0)
    displaced, least = {}, 0.0
    for how in ("declared", "ideal", "blind"):
        states, history = run(model, how)
        found = totals(states)
        assert max(audit(found).values()) < 1e-12
        assert found["illegal"].sum() == 0
        least = min(least, float(states.chain.mass[:, kept].min()))
        stock = history.stock[:, :, ~open_ended]
        quarter = stock.shape[1] // 4
        earlier, later = stock[:, quarter : 2 * quarter].mean(1), stock[:, -quarter:].mean(1)
        sold_a_day = found["service"][:, :, 1].sum(1).mean() / (STEPS / 24.0)
        # 208 days lie between: a stock that keeps 1 % of what is sold is seen
        assert (later <= np.maximum(1.5 * earlier + sold_a_day, room)).all()
        assert (states.chain.money[:, OPERATOR, 0] > 0.0).all()
        assert (found["service"][:, :, 1] > 0.9 * found["service"][:, :, 0]).all()
        ways = np.array([way.kind == "secondary" for way in model.ways])
        sales = np.array([way.kind == "sale" for way in model.ways])
        flow = found["flow"].sum(2)
        displaced[how] = flow[:, ways].sum() / flow[:, sales].sum()
    assert least >= 0.0
    assert displaced["ideal"] > displaced["declared"] > displaced["blind"]


def test_the_plastics_loop_is_the_one_that_benchmarks_run() -> None:
    model = chain("plastics")
    assert model.materials == ("PET", "HDPE", "PP", "PS", "LDPE", "other")
    assert set(model.materials[:4]) <= set(MATERIALS)
    assert len(model.machines) == 8
    assert model.devices == ("camera",)
    assert len(model.processes) <= 16
    assert len(model.parts.chain.transits.sink) <= 6
    assert [choice.name for choice in model.choices] == ["sorter.residue"]


@pytest.mark.parametrize("name", shipped())
def test_every_number_has_a_source_or_is_assumed(name: str) -> None:
    figures = chain(name).figures
    assert all(figure.source for figure in figures)
    assert any(not figure.source.startswith("assumed") for figure in figures)
    assert len({figure.key for figure in figures}) == len(figures)


def test_unknown_chains_are_told_with_the_nearest() -> None:
    with pytest.raises(BadInput, match="did you mean 'plastics'"):
        chain_path("plastic")
