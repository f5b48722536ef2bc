"""Chains at their limits: nothing comes back, nothing works, one replica, very many, any rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stillage_scenarios.chains.files import chain_path
from stillage_sim.chain.model import ChainModel
from stillage_sim.chain.running import advance, audit, begun, new_states, totals, usual_policy
from stillage_sim.devices.arrays import DONE, WANTED
from stillage_sim.machines.arrays import PLANNED
from tests.sim.chain.cases import chain, rolled
from tests.sim.chain.test_analytic_trade import market

PLASTICS = chain_path("plastics").read_text("utf-8")
DAY, YEAR = 24, 8760
RATES = """
[chain]
name = "rates"
step_h = {step_h}
[materials.steel]
[nodes.yard]
kind = "recycling"
lanes = ["grain", "mountain"]
[[nodes.yard.stations]]
name = "tweezers"
from = "grain"
capacity_t_per_h = 1e-9
outputs = [{{ to = "jar" }}]
[[nodes.yard.stations]]
name = "landslide"
from = "mountain"
capacity_t_per_h = 1e6
outputs = [{{ to = "valley" }}]
[nodes.jar]
kind = "disposal"
[nodes.valley]
kind = "disposal"
[start]
"yard.grain" = {{ steel = 1.0 }}
"yard.mountain" = {{ steel = 1e13 }}
"""


def plastics(*changes: tuple[str, str]) -> ChainModel:
    """The shipped plastics loop with some of its text replaced."""
    text = PLASTICS
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return chain(text)


def balanced(found: dict[str, Any]) -> None:
    assert max(audit(found).values()) < 1e-9


def test_nothing_comes_back() -> None:
    found = rolled(plastics(('{ law = "beta", alpha = 70, beta = 30 }', "0")), 4, YEAR)
    balanced(totals(found.states))
    assert (found.flow("packaging", "return") == 0.0).all()
    assert (found.flow("factory", "secondary") == 0.0).all()
    assert (found.flow("packaging", "loss") > 0.0).all()
    made = found.flow("shops", "sale") + found.mass("shops") + found.mass("factory to shops")
    assert -found.mass("refinery") == pytest.approx(made, rel=1e-9)


def test_nothing_has_capacity() -> None:
    rates = [(f"capacity_t_per_h = {rate}\n", "capacity_t_per_h = 1e-12\n") for rate in (1.6, 0.5)]
    found = rolled(
        plastics(*rates, ("capacity_t_per_h = 0.4", "capacity_t_per_h = 1e-12")), 2, YEAR
    )
    balanced(totals(found.states))
    assert (found.flow("factory", "secondary") < 1e-4).all()
    arrived = found.flow("collection round", "transport")
    assert found.mass("sorter.feed") + found.mass("collection.bags to sorter.feed") == (
        pytest.approx(arrived, rel=1e-6)
    )


def test_no_sun() -> None:
    model = plastics(
        ("latitude_deg = 51", "latitude_deg = 90"), ("start_day = 90", "start_day = 300")
    )
    states, policy = begun(model, 2), usual_policy(model)
    advance(model, policy, states, 30 * DAY)
    before = totals(states)
    advance(model, policy, states, 90 * DAY)
    gain = {name: values - before[name] for name, values in totals(states).items()}
    balanced(totals(states))
    assert (gain["device_counts"][:, WANTED] > 0.0).all()
    assert (gain["device_counts"][:, DONE] == 0.0).all()
    ways = [n for n, way in enumerate(model.ways) if way.name == "sorter: first pass"]
    passed = gain["flow"][:, ways].sum(2)
    assert (passed[:, :-1] == 0.0).all()
    assert (passed[:, -1] > 0.0).all()


def test_all_machines_stay_down() -> None:
    model = plastics(("crews = 2", "crews = 0"))
    states, policy = begun(model, 2), usual_policy(model)
    advance(model, policy, states, 4 * YEAR)
    balanced(totals(states))
    moulding = model.machines.index("moulding")
    assert (states.machines.mode[:, moulding] > PLANNED).all()
    before = totals(states)
    advance(model, policy, states, 60 * DAY)
    after = totals(states)
    balanced(after)
    assert (after["service"][:, 0, 1] == before["service"][:, 0, 1]).all()
    assert (after["service"][:, 0, 0] > before["service"][:, 0, 0]).all()
    assert (states.chain.mass[:, model.account("packaging in use")].sum(1) < 1.0).all()


def test_one_replica_is_the_first_of_many() -> None:
    model = plastics()
    one, many = (rolled(model, count, 100).states for count in (1, 3))
    for name, values in totals(one).items():
        assert np.array_equal(values[0], totals(many)[name][0]), name


def nbytes(values: Any) -> int:
    """Bytes of all arrays in nested tuples."""
    if isinstance(values, tuple):
        return sum(nbytes(value) for value in values)
    return int(getattr(values, "nbytes", 0))


def test_very_many_replicas() -> None:
    assert nbytes(new_states(plastics(), 100)) / 100 < 16_384
    found = rolled(chain(market(56.604)), 100_000, 2)
    assert nbytes(found.states) / 100_000 < 2_048
    balanced(totals(found.states))
    assert found.gain["service"][:, 0, 0].mean() == pytest.approx(100.0, rel=2e-3)
    assert (found.states.chain.step == 2).all()


@pytest.mark.parametrize("step_h", [0.5, 1.0, 24.0])
def test_extreme_rates_keep_their_units(step_h: float) -> None:
    found = rolled(chain(RATES.format(step_h=step_h)), 1, 100)
    assert found.mass("jar") == pytest.approx(1e-6 * 100 * step_h, rel=1e-9)
    assert found.mass("valley") == pytest.approx(1e9 * 100 * step_h, rel=1e-9)
    balanced(totals(found.states))
