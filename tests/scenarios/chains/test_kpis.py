"""KPIs of a chain against numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from stillage_scenarios.chains.casting import load_model
from stillage_scenarios.chains.files import chain_path, shipped
from stillage_scenarios.chains.kpi_index import kpi_index
from stillage_scenarios.chains.kpis import KPIS
from stillage_scenarios.chains.report.flows import network
from stillage_scenarios.chains.settings import ChainWorldSettings
from stillage_scenarios.chains.world import ChainWorld
from stillage_scenarios.closed_loop.specs import KPIS as DECLARED
from stillage_sim.chain import running
from stillage_sim.chain.building.model import build
from stillage_sim.chain.file.load import load_chain
from stillage_sim.chain.model import ChainModel
from stillage_sim.scenario import Totals
from tests.sim.chain.examples import BIN


@pytest.fixture(scope="module")
def plastics() -> ChainModel:
    return load_model(ChainWorldSettings())


def empty(model: ChainModel) -> Totals:
    """Nothing has happened, in one replica."""
    machines, devices = len(model.machines), len(model.devices)
    shapes = {
        "mass": (len(model.accounts), len(model.materials)),
        "flow": (len(model.ways), len(model.materials)),
        "money": (8, 1), "mains": (2, 1), "emissions": (4,), "service": (len(model.markets), 3),
        "machine_hours": (machines, 5), "machine_counts": (machines, 3),
        "device_counts": (5, devices),
    }  # fmt: skip
    return {name: np.zeros((1, *shape)) for name, shape in shapes.items()}


def way(model: ChainModel, name: str, sink: str = "") -> int:
    found = [
        n
        for n, each in enumerate(model.ways)
        if each.name == name and (not sink or model.accounts[each.sink].name == sink)
    ]
    (number,) = found
    return number


def test_every_kpi_is_declared_and_every_declared_one_is() -> None:
    assert [name for name, *_ in DECLARED] == list(KPIS)
    for name, unit, _, summary in DECLARED:
        assert name.endswith(f"_{unit.lower()}") or unit == "1"
        assert summary.endswith(".")


@pytest.mark.parametrize("chain", shipped())
def test_nothing_is_a_number_in_every_chain(chain: str) -> None:
    model = load_model(ChainWorldSettings(chain=chain))
    books = kpi_index(model)
    for name, kpi in KPIS.items():
        value = kpi(empty(model), books)
        assert value.shape == (1,)
        assert np.isfinite(value).all(), name


def test_circularity_is_the_worked_number(plastics: ChainModel) -> None:
    totals, books = empty(plastics), kpi_index(plastics)
    totals["flow"][0, books.secondary, 0] = 30.0
    totals["mass"][0, plastics.account("refinery"), 0] = -70.0
    returned = [n for n, each in enumerate(plastics.ways) if each.kind == "return"]
    lost = [n for n, each in enumerate(plastics.ways) if each.kind == "loss"]
    totals["flow"][0, returned, 0] = 37.5  # so that recycling yields 0.8
    totals["flow"][0, lost, 0] = 37.5
    assert KPIS["mci"](totals, books)[0] == pytest.approx(0.41698, abs=5e-6)
    assert KPIS["recycled_input_rate"](totals, books)[0] == pytest.approx(0.3)
    assert KPIS["collection_rate"](totals, books)[0] == pytest.approx(0.5)
    assert KPIS["virgin_kg"](totals, books)[0] == 70.0
    assert KPIS["disposed_kg"](totals, books)[0] == 37.5


def test_purity_and_recovery_of_a_sorter(plastics: ChainModel) -> None:
    totals, books = empty(plastics), kpi_index(plastics)
    totals["flow"][0, way(plastics, "collection round")] = [10, 10, 0, 5, 0, 5]
    totals["flow"][0, way(plastics, "sorter: first pass", "sorter.PET")] = [8, 1, 0, 1, 0, 0]
    totals["flow"][0, way(plastics, "sorter: second pass", "sorter.HDPE")] = [0, 4, 0, 0, 0, 0]
    assert KPIS["purity"](totals, books)[0] == pytest.approx(12 / 14)
    assert KPIS["recovery"](totals, books)[0] == pytest.approx(12 / 20)


def test_money_energy_and_hours(plastics: ChainModel) -> None:
    totals, books = empty(plastics), kpi_index(plastics)
    line = way(plastics, "recycler: PET line", "recycler.PET")
    totals["flow"][0, line, 0] = 100.0
    totals["money"][0, 6, 0] = 100.0 * 0.15 + 40.0  # the line's work, and a repair
    totals["mains"][0, 1, 0] = 7.2e6
    totals["machine_hours"][0, 0] = [8.0, 1.0, 0.25, 0.5, 0.25]
    totals["service"][0, 0] = [200.0, 150.0, 1.0]
    assert KPIS["maintenance_eur"](totals, books)[0] == pytest.approx(40.0)
    assert KPIS["energy_kwh"](totals, books)[0] == pytest.approx(2.0)
    assert KPIS["availability"](totals, books)[0] == pytest.approx(0.9)
    assert KPIS["downtime_h"](totals, books)[0] == pytest.approx(1.0)
    assert KPIS["fill_rate"](totals, books)[0] == pytest.approx(0.75)


def test_oee_of_one_line(plastics: ChainModel) -> None:
    totals, books = empty(plastics), kpi_index(plastics)
    names = [line.name for line in books.lines]
    assert set(names) == {
        "recycler: PET line", "recycler: HDPE line", "recycler: PP line", "recycler: film line",
        "sorter: first pass", "sorter: second pass", "factory",
    }  # fmt: skip
    line = books.lines[names.index("recycler: PET line")]
    assert line.kg_per_h == 500.0
    totals["machine_hours"][0, line.machines] = [8.0, 0.0, 0.0, 2.0, 0.0]
    totals["flow"][0, line.ways, 0] = [3200.0, 400.0]
    # A 0.8, P 3600 / (500 x 8) = 0.9, Q 3200 / 3600
    assert KPIS["oee"](totals, books)[0] == pytest.approx(0.64 / len(names))


def test_value_counts_what_the_maker_can_use(plastics: ChainModel) -> None:
    totals, books = empty(plastics), kpi_index(plastics)
    totals["flow"][0, books.secondary, :2] = 10.0
    value = KPIS["recovered_value_eur"](totals, books)[0]
    assert value == pytest.approx(10.0 * 1.2 + 10.0 * 1.444)


def test_a_maker_that_names_no_supply_draws_virgin_material_all_the_same() -> None:
    text = chain_path("plastics").read_text(encoding="utf-8")
    unnamed = text.replace('[nodes.refinery]\nkind = "virgin"\n', "")
    unnamed = unnamed.replace('virgin = "refinery"\n', "")
    found = []
    for source in (text, unnamed):
        model = build(load_chain(source))
        states = running.begun(model, 2, seed=1)
        running.advance(model, running.usual_policy(model), states, 72)
        totals, books = running.totals(states), kpi_index(model)
        nodes, links = network(model, {name: each.mean(0) for name, each in totals.items()})
        drawn = [link.kg.sum() for link in links if nodes[link.source].kind == "virgin"]
        found.append([*(kpi(totals, books).tolist() for kpi in KPIS.values()), drawn])
    assert sum(found[0][-1]) > 1000.0
    assert found[0] == found[1]


def test_purity_is_left_out_where_no_lane_is_named_after_a_material(plastics: ChainModel) -> None:
    glass = build(load_chain(BIN))
    kept = set(ChainWorld(glass, {}, 1).kpis(empty(glass)))
    assert set(KPIS) - kept == {"purity", "recovery"}
    assert set(ChainWorld(plastics, {}, 1).kpis(empty(plastics))) == set(KPIS)
