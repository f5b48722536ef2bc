"""Building: names, shares, order, lanes, and the arrays that come of a file."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from stillage.errors import BadInput
from stillage_sim.chain.arrays import MONEY_ACCOUNTS, SCOPES
from stillage_sim.chain.building.model import build
from stillage_sim.chain.file.load import load_chain
from stillage_sim.chain.model import blind, ideal
from stillage_sim.chain.running import advance, audit, begun, totals, usual_policy
from tests.sim.chain.examples import GLASS, loaded


def changed(**tables: Any) -> dict[str, Any]:
    """The example with some entries of its tables replaced."""
    values = copy.deepcopy(GLASS)
    for table, entries in tables.items():
        if isinstance(entries, dict):
            values.setdefault(table, {}).update(entries)
        else:
            values[table] = entries
    return values


def station(**keys: Any) -> dict[str, Any]:
    """The example with keys of its first station replaced."""
    values = copy.deepcopy(GLASS)
    values["nodes"]["sorter"]["stations"][0].update(keys)
    return values


def node(name: str, **keys: Any) -> dict[str, Any]:
    """The example with keys of a node replaced."""
    values = copy.deepcopy(GLASS)
    values["nodes"].setdefault(name, {}).update(keys)
    return values


EDGE = {"from": "bin.whole", "to": "pit"}
MARKET = {**GLASS["nodes"]["shop"], "demand": "demand"}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (station(outputs=[{"to": "culet"}]),
         "nodes.sorter.stations[0].outputs[0].to: found 'culet', expected one of"),
        (station(outputs=[{"to": "culet"}]), "did you mean 'cullet'?"),
        (station(outputs=[{"to": "quarry"}]), "found 'quarry', expected a lane, not a supply"),
        (station(outputs=[{"to": "shards"}], perceives="material"), "no class"),
        (station(perceives="quality"), "nodes.sorter.stations[0].quality: found nothing"),
        (station(outputs=[{"to": "cullet", "class": "clear"}]), None),
        (station(outputs=[{"to": "cullet", "class": "cler"}]),
         "nodes.sorter.stations[0].outputs[0].class: found 'cler', expected one of"),
        (station(outputs=[{"to": "cullet", "class": "clear", "good": {"clear": 0.9}},
                          {"to": "dump", "good": {"clear": 0.2, "green": 0.9}}]),
         "shares of clear that sum to 1.1, expected 1"),
        (station(outputs=[{"to": "cullet", "class": "clear", "good": 0.9},
                          {"to": "dump", "good": 0.2}, {"to": "pit"}]),
         "shares of clear that sum to 1.1, expected at most 1"),
        (station(outputs=[{"to": "cullet", "class": "clear"}, {"to": "dump"}]),
         "outputs[1].good: found nothing, expected shares for all outputs but one"),
        (station(outputs=[{"to": "cullet", "class": "clear", "good": {"blue": 0.9}},
                          {"to": "dump"}]),
         "outputs[0].good: found 'blue', expected one of amber, brown, clear"),
        (station(machines=["blet"]), "machines[0]: found 'blet', expected one of belt; did you"),
        (station(machines=[]), "machines.belt: found 0 uses of it, expected one station"),
        (station(device=None), None),
        (changed(machines={"belt": {"spare": "roller"}}),
         "chain: machines.belt.spare: found 'roller', expected a table [spares.NAME]; the file"),
        (changed(machines={"belt": {"spare": "roler"}}, spares={"roller": {}}),
         "machines.belt.spare: found 'roler', expected one of roller; did you mean 'roller'?"),
        (station(price_index="price"), "stations[0].price_index: found 'price', expected one of"),
        (node("sorter", choices=["shards"]), "'shards' with 1 taker(s), expected two or more"),
        (node("sorter", choices=["none"]), "nodes.sorter.choices: found 'none', expected one of"),
        (node("sorter", room_kg={"none": 1.0}), "nodes.sorter.room_kg: found 'none'"),
        (node("sorter", lanes=["whole", "shards", "cullet", "cullet"]), "occur once"),
        (node("furnace", secondary={}), "nodes.sorter: found lane 'cullet' that nothing takes"),
        (node("furnace", secondary={"blue": "sorter.cullet"}), "nodes.furnace.secondary: found"),
        (node("furnace", virgin="shop"), "nodes.furnace.virgin: found 'shop', expected one of"),
        (node("furnace", product="jar"), "nodes.furnace.product: found 'jar', expected one of"),
        (node("shop", maker="quarry"), "one market with it as maker"),
        (node("shop", demand="collected"), "quantities.collected.unit: found '1', expected 'kg'"),
        (node("shop", demand="dmand"), "nodes.shop.demand: found 'dmand', expected one of"),
        (changed(nodes={"stall": MARKET}), "nodes.furnace: found shop, stall, expected one market"),
        (changed(edges=[]), "nodes.bin: found lane 'whole' that nothing takes from"),
        (changed(edges=[{**EDGE, "from": "bin"}]), "edges[0].from: found 'bin', expected one of"),
        (changed(edges=[{**EDGE, "to": "bin.whole"}]), "'bin.whole' as source and output"),
        (changed(edges=[{"from": "bin", "to": "sorter", "lanes": ["cullet"]}]),
         "edges[0].lanes[0]: found 'cullet', expected lanes of both ends: whole, shards"),
        (changed(quantities={"idle": {"unit": "1", "value": 1}}), "a quantity that nothing uses"),
        (changed(quantities={"collected": {"unit": "1", "value": 1.5}}),
         "quantities.collected.value: found values of 1.5 to 1.5, expected 0 to 1 (low"),
        (changed(quantities={"collected": {"unit": "1", "value": {
            "law": "recorded", "file": "../x.csv", "column": "c", "unit": "1", "interval_h": 1}}}),
         "a recorded series, expected a folder"),
        (changed(start={"sorter.cullet": 5.0}), "start.sorter.cullet: found a number, expected"),
        (changed(start={"sorter.cullet": {"clear": 5e3}}), "found 5000 kg, expected at most its"),
        (changed(start={"quarry": {"clear": 5.0}}), "start.quarry: found a supply"),
        (changed(devices={"spy": {}}), "devices.spy: found 0 uses of it"),
        (changed(quantities={"demand": {"unit": "kg", "value": 1e300}}),
         "quantities.demand.value: found values of 1e+300 to 1e+300, expected 0 to 1e+12 kg"),
        (changed(quantities={"demand": {"unit": "units", "value": {
            "law": "poisson", "mean": 100, "season": [1e18] + 11 * [1.0]}}}),
         "quantities.demand.value: mean: found 1e+20 with season and weekday, expected at most"),
        (changed(quantities={"collected": {"unit": "1", "value": {
            "law": "beta", "alpha": 1.0, "beta": 5e-324}}}), "quantities.collected.value: "),
        (station(item_kg=5e-324), "stations[0].item_kg: found 5e-324"),
        (node("pit", eur_per_kg=1.7e308), "nodes.pit.eur_per_kg: found 1.7e+308"),
        (changed(start={"sorter.cullet": {"clear": 1e300}}), "start.sorter.cullet"),
        (changed(chain={"step_h": 7.0}), "step_h: found 7.0, expected hours of which a whole"),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_are_named(values: dict[str, Any], told: str | None) -> None:
    if told is None:
        values["devices"] = {}
        values["nodes"]["sorter"]["stations"][0].pop("device", None)
        loaded({k: v for k, v in values.items() if v is not None})
        return
    values = _without_none(values)
    with pytest.raises(BadInput) as error:
        loaded(values)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def _without_none(values: Any) -> Any:
    if isinstance(values, dict):
        return {key: _without_none(value) for key, value in values.items() if value is not None}
    return values


@pytest.mark.parametrize(
    ("bottle", "told"),
    [
        ({"recipe": {"clear": 0.4, "green": 0.2}}, "recipe: found a sum of 0.6, expected 1 or uni"),
        ({"recipe": {"clear": 1.0, "blue": 0.0}}, "recipe: found 'blue', expected one of"),
        ({"life_d": 1.0}, "life_d: found a mean life of 1 cohorts, expected at least 1.25"),
        ({"life_d": {"law": "normal", "mean": 5, "sd": 5}}, "expected lives of 0 and more"),
        ({"life_d": {"law": "weibull", "shape": 2.0, "scale": 1e300}}, "at most 1e+09"),
        ({"life_d": {"law": "gamma", "shape": 2.0, "scale": 900.0}, "cohort_periods": 2},
         "cohort_periods: found 2, of which the longest life has more than 400, expected at least"),
        ({"grades": [{"name": "all", "to": "bin.whole", "share": [[0, 1]]}]}, "no grade without"),
        ({"grades": [{"name": "a", "to": "bin.whole"}, {"name": "b", "to": "bin.whole"}]},
         "grades: found 2 grades without share"),
        ({"grades": [{"name": "a", "to": "bin.whole", "share": [[0, 0.7]]},
                     {"name": "b", "to": "bin.whole", "share": [[0, 0.7]]},
                     {"name": "c", "to": "bin.shards"}]}, "shares that sum to 1.4"),
        ({"grades": [{"name": "a", "to": "bin.whole", "share": [[1, 0.7], [0, 1]]},
                     {"name": "c", "to": "bin.shards"}]}, "grades[0].share: found ages that fall"),
        ({"lost": "nowhere"}, "products.bottle.lost: found 'nowhere', expected one of"),
        ({"collected": "rate"}, "products.bottle.collected: found 'rate', expected one of"),
        ({"wear": "rate"}, "products.bottle.wear: found 'rate', expected one of"),
    ],
)  # fmt: skip
def test_products_that_cannot_be(bottle: dict[str, Any], told: str) -> None:
    values = copy.deepcopy(GLASS)
    values["products"]["bottle"].update(bottle)
    with pytest.raises(BadInput) as error:
        loaded(values)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_processes_run_from_the_last_of_a_line_to_the_first() -> None:
    names = loaded(GLASS).processes
    assert names == (
        "brewery", "dump", "sorter: optical", "sorter: crush", "sorter: sell",
        "bin.whole to sorter.whole", "bin.shards to sorter.shards",
    ) or names.index("dump") < names.index("sorter: optical") < names.index(
        "sorter: crush"
    ) < names.index("sorter: sell") < names.index("bin.whole to sorter.whole")  # fmt: skip


def test_a_circle_of_processes_is_cut() -> None:
    values = station(outputs=[{"to": "whole", "class": "clear", "good": 0.5}, {"to": "cullet"}])
    assert loaded(values).processes.index("sorter: crush") >= 0


def test_arrays_say_what_the_file_says() -> None:
    model = loaded(GLASS)
    chain, p = model.parts.chain, model.processes.index("sorter: optical")
    processes, first = chain.processes, chain.processes.first[p]
    np.testing.assert_allclose(processes.good[first : first + 2, :2], [[0.9, 0.1], [0.1, 0.9]])
    np.testing.assert_allclose(processes.poor[first : first + 2, :2], [[0, 0], [1, 1]])
    assert processes.rate[p] == 100.0
    assert (processes.machine[p], processes.machine[p + 1]) == (0, 1)
    assert model.machines == ("belt",)
    assert model.devices == ("camera",)
    assert chain.readers.tolist() == [p]
    assert processes.perception[p] == 0
    assert processes.device[p] == 0
    brewery = model.processes.index("brewery")
    assert processes.payer[brewery] == MONEY_ACCOUNTS.index("customers")
    assert processes.scope[brewery] == SCOPES.index("avoided")
    np.testing.assert_allclose(processes.carbon[brewery], [0.9, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(processes.value[brewery], 0.2)
    edge = model.processes.index("bin.whole to sorter.whole")
    assert chain.transits.lead[processes.transit[edge]] == 3
    np.testing.assert_allclose(processes.value[edge], -0.2 * 20 / 1000)
    assert chain.transits.lead[chain.makers.transit[0]] == 6
    assert chain.makers.secondary.tolist() == [[model.account("sorter.cullet"), -1, -1, -1]]
    np.testing.assert_allclose(chain.makers.recipe, [[0.6, 0.4, 0.0, 0.0]])
    np.testing.assert_allclose(chain.markets.usual, 50.0, rtol=1e-3)  # 100 units of half a kilogram
    np.testing.assert_allclose(chain.start[model.account("shop")], [60.0, 40.0, 0.0, 0.0])
    assert chain.room[model.account("sorter.cullet")] == 1000.0
    assert chain.routes.tolist() == [
        [model.processes.index("sorter: crush"), model.processes.index("sorter: sell")]
    ]
    assert model.choices[0].alternatives == ("sorter: crush", "sorter: sell")


def test_every_account_and_way_can_be_drawn() -> None:
    model = loaded(GLASS)
    ways = begun(model, 1).chain.flow.shape[1]
    assert len(model.ways) == ways
    assert len(model.accounts) == len(model.parts.chain.room)
    kinds = {account.name: account.kind for account in model.accounts}
    assert kinds["sorter.cullet"] == "sorting"
    assert kinds["bottle in use"] == "use"
    assert kinds["furnace to shop"] == "transit"
    assert {way.kind for way in model.ways} == {
        "process", "transport", "secondary", "sale", "return", "loss",
    }  # fmt: skip
    assert [a.name for a in model.accounts if a.sink] == [
        "outside", "brewery.gone", "dump.gone", "pit",
    ]  # fmt: skip
    assert [a.name for a in model.accounts if a.supply] == ["outside", "quarry"]


def test_perceptions_that_know_all_nothing_and_what_the_file_says() -> None:
    model = loaded(station(ejected=0.95))
    (perceived,) = model.perceived
    assert perceived.classes == ("clear", "")
    assert perceived.columns == ("clear", "green", "brown", "amber")
    np.testing.assert_allclose(ideal(model).share[0, 0, 0, :, :2], [[0.95, 0.0], [0.05, 1.0]])
    np.testing.assert_allclose(blind(model).share[0, 0, 0, :, :2], [[0.0, 0.0], [1.0, 1.0]])
    np.testing.assert_allclose(model.declared.share[0, 0, 0, :, :2], [[0.9, 0.1], [0.1, 0.9]])


def test_quality_is_perceived_by_the_lane() -> None:
    outputs = [
        {"to": "cullet", "class": "repair", "good": 0.7},
        {"to": "dump", "class": "recycle"},
    ]
    model = loaded(station(perceives="quality", quality="repair", outputs=outputs))
    np.testing.assert_allclose(ideal(model).share[0, 0, 0, :, :2], [[1.0, 1.0], [0.0, 0.0]])
    assert model.perceived[0].columns == ("repair",) * 4


def test_a_model_is_pickled_and_runs_on() -> None:
    model = pickle.loads(pickle.dumps(loaded(GLASS)))
    states = begun(model, 4)
    advance(model, usual_policy(model), states, 2000)
    state = states.chain
    supplies = [a.supply for a in model.accounts]
    assert state.mass[:, ~np.array(supplies)].min() >= 0.0
    assert max(audit(totals(states)).values()) < 1e-12
    assert state.illegal.sum() == 0
    assert (state.flow.sum(2) > 0).any(0).sum() >= len(model.ways) - 2


def test_series_lie_within_the_folder_of_their_file(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "secret.csv").write_text("share\n0.5\n")
    (tmp_path / "inside" / "share.csv").write_text("share\n" + "0.5\n" * 24)
    path = tmp_path / "inside" / "chain.toml"
    series = {"law": "recorded", "file": "share.csv", "column": "share", "unit": "1",
              "interval_h": 1}  # fmt: skip
    values = changed(quantities={"collected": {"unit": "1", "value": series}})
    path.write_text(tomli_w.dumps(values))
    assert build(load_chain(path)).parts.uncertainties.kind.tolist() == [0, 1]
    series["file"] = "../secret.csv"
    path.write_text(tomli_w.dumps(values))
    with pytest.raises(BadInput, match=r"quantities\.collected\.value"):
        build(load_chain(path))
