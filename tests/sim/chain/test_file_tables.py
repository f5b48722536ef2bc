"""Tables of others that a chain file names: recipes of a waste analysis, columns of PV_ICE."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from stillage.errors import BadInput
from stillage_sim.chain.building.model import build
from stillage_sim.chain.file.load import ChainFile, load_chain
from tests.sim.chain.examples import GLASS

WASTE = """\
stream,material,share [%]
bottles,clear,60
bottles,green,rest
household,clear,100
paper,card,100
"""
PV_ICE = """\
year,mod_EOL_collection_eff
year,%
2024,15
2025,30
2026,60
"""


def load(folder: Path, recipe: Any, collected: Any = None) -> ChainFile:
    values = copy.deepcopy(GLASS)
    values["products"]["bottle"]["recipe"] = recipe
    if collected is not None:
        values["quantities"]["collected"] = collected
    (folder / "chain.toml").write_text(tomli_w.dumps(values), encoding="utf-8")
    return load_chain(folder / "chain.toml")


def test_a_recipe_is_what_was_found_in_a_stream(tmp_path: Path) -> None:
    (tmp_path / "waste.csv").write_text(WASTE)
    file = load(tmp_path, {"file": "waste.csv", "stream": "bottles"})
    assert file.products["bottle"].recipe == pytest.approx({"clear": 0.6, "green": 0.4})
    told = {figure.key: figure for figure in file.sources()}
    assert told["products.bottle.recipe.green"].source == "waste.csv, bottles"
    by_hand = build(load(tmp_path, {"clear": 0.6, "green": 0.4})).parts.chain.makers.recipe
    named = build(load(tmp_path, {"file": "waste.csv", "stream": "bottles"})).parts.chain.makers
    assert np.allclose(named.recipe, by_hand, rtol=1e-12)


def test_a_source_that_the_file_gives_stays(tmp_path: Path) -> None:
    (tmp_path / "waste.csv").write_text(WASTE)
    recipe = {"file": "waste.csv", "stream": "bottles"}
    file = load(tmp_path, {"value": recipe, "source": "survey of 2024"})
    told = {figure.key: figure.source for figure in file.sources()}
    assert told["products.bottle.recipe.clear"] == "survey of 2024"


@pytest.mark.parametrize(
    ("recipe", "found"),
    [
        ({"file": "waste.csv", "stream": "tins"}, "recipe.stream: found 'tins', expected one of"),
        ({"file": "waste.csv"}, "expected a file and a stream, or materials"),
        ({"file": "waste.csv", "stream": "bottles", "clear": 0.1}, "expected a file and a stream"),
        ({"file": "../waste.csv", "stream": "bottles"}, "expected a path inside the folder"),
        ({"file": "none.csv", "stream": "bottles"}, "recipe: found no file 'none.csv'"),
        ({"file": "bad.csv", "stream": "bottles"}, "recipe: bad.csv, 'bottles': found a sum of 60"),
    ],
)
def test_faults_name_the_recipe(tmp_path: Path, recipe: dict[str, Any], found: str) -> None:
    (tmp_path / "waste.csv").write_text(WASTE)
    (tmp_path / "bad.csv").write_text(WASTE.replace("bottles,green,rest\n", ""))
    with pytest.raises(BadInput) as caught:
        load(tmp_path, recipe)
    assert found in str(caught.value)
    assert "products.bottle.recipe" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_material_that_the_chain_does_not_have(tmp_path: Path) -> None:
    (tmp_path / "waste.csv").write_text(WASTE)
    with pytest.raises(BadInput, match=r"products\.bottle\.recipe.*card"):
        build(load(tmp_path, {"file": "waste.csv", "stream": "paper"}))


def test_a_text_has_no_folder_to_find_a_recipe_in() -> None:
    values = copy.deepcopy(GLASS)
    values["products"]["bottle"]["recipe"] = {"file": "waste.csv", "stream": "bottles"}
    with pytest.raises(BadInput, match=r"found file 'waste\.csv', expected a folder"):
        load_chain(tomli_w.dumps(values))


def test_a_quantity_is_a_column_of_pv_ice(tmp_path: Path) -> None:
    (tmp_path / "pv.csv").write_text(PV_ICE)
    series = {
        "law": "recorded", "file": "pv.csv", "column": "mod_EOL_collection_eff", "unit": "%",
        "interval_h": 8760, "first_year": 2025,
    }  # fmt: skip
    collected = {"unit": "1", "value": series}
    file = load(tmp_path, {"clear": 0.3, "green": 0.2}, collected)
    uncertainties = build(file).parts.uncertainties
    k = int(np.argmax(uncertainties.length == 730))
    assert uncertainties.length[k] == 730, "two years of days"
    start = int(uncertainties.first[k, 0, 0])
    assert uncertainties.tables[[start, start + 364, start + 365]] == pytest.approx([0.3, 0.3, 0.6])
