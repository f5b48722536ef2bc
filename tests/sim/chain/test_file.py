"""Chain files: what is read, and what is said of those that cannot be."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from stillage.errors import BadInput
from stillage_sim.chain.file.load import load_chain
from tests.sim.chain.examples import GLASS, loaded


def refused(values: dict[str, Any]) -> str:
    """What is said of a file with these values; always one line."""
    with pytest.raises(BadInput) as told:
        load_chain(tomli_w.dumps(values) + "\n")
    text = str(told.value)
    assert "\n" not in text
    assert text.startswith("chain: ")
    return text


def changed(path: str, value: Any) -> dict[str, Any]:
    """The example with one value set; the path's parts are keys and list positions."""
    values = copy.deepcopy(GLASS)
    *parts, last = path.split("/")
    here: Any = values
    for part in parts:
        here = here[int(part)] if part.isdigit() else here.setdefault(part, {})
    here[int(last) if last.isdigit() else last] = value
    return values


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("nodes/sorter/stations/0/outputs/1/shere", 1.0,
         "chain: nodes.sorter.stations[0].outputs[1]: found unknown key 'shere', expected one of "
         "class, good, poor, to"),
        ("nodes/sorter/kind", "sorter",
         "chain: nodes.sorter.kind: found 'sorter', expected one of"),
        ("nodes/sorter/kind", "sorter", "did you mean 'sorting'?"),
        ("nodes/sorter/stations/0/capacity_t_per_h", 0.0,
         "chain: nodes.sorter.stations[0].capacity_t_per_h: found 0.0, expected greater than 0"),
        ("nodes/sorter/stations/0/capacity_t_per_h", float("nan"),
         "nodes.sorter.stations[0].capacity_t_per_h: found nan, expected a finite number"),
        ("nodes/sorter/stations/0/capacity_t_per_h", "fast",
         "nodes.sorter.stations[0].capacity_t_per_h: found 'fast', expected a valid number"),
        ("nodes/sorter/stations/0/outputs/0/good", {"clear": 1.2},
         "nodes.sorter.stations[0].outputs[0].good.clear: found 1.2, expected less than or equal"),
        ("materials/green/virgin_kg_co2e_per_kg", {"value": 1.0, "source": ""},
         "materials.green.virgin_kg_co2e_per_kg.source: found '', expected a text"),
        ("materials/a.b", {}, "materials.a.b: found 'a.b', expected 1 to 64 visible characters"),
        ("quantities/demand/value", {"law": "normal", "mean": 3.0, "sd": -1.0},
         "quantities.demand.value.sd: found -1.0, expected greater than 0"),
        ("quantities/demand/value", {"law": "normal", "mean": 3.0, "sdd": 1.0},
         "quantities.demand.value: found unknown key 'sdd', expected one of"),
        ("quantities/demand/value", {"law": "normall"},
         "quantities.demand.value.law: found 'normall', expected one of"),
        ("quantities/demand/value", {"law": "uniform", "low": 2.0, "high": 1.0},
         "quantities.demand.value: high: found 1.0, expected more than low (2.0)"),
        ("machines/belt/shap", 1.0, "machines.belt: found unknown key 'shap', expected one of"),
        ("machines/belt", 3, "machines.belt: found 3, expected a table"),
        ("machines/belt/name", "b", "machines.belt.name: found 'b', expected no such key"),
        ("sky/first_day", 3, "sky.first_day: found 3, expected chain.start_day"),
        ("chain/name", "", "chain.name: found '', expected"),
        ("edges/0/from", 3, "edges[0].from: found 3, expected a valid string"),
        ("unknown", 1, "chain: found unknown key 'unknown', expected one of"),
    ],
)  # fmt: skip
def test_one_line_says_file_key_found_and_expected(path: str, value: Any, told: str) -> None:
    assert told in refused(changed(path, value))


def test_a_missing_key_is_named() -> None:
    values = copy.deepcopy(GLASS)
    del values["products"]["bottle"]["recipe"]
    assert refused(values) == "chain: products.bottle.recipe: found nothing, expected a value"


def test_nearest_key_is_offered() -> None:
    assert "did you mean 'virgin_eur_per_kg'?" in refused(
        changed("materials/green/virgin_eur_pr_kg", 1.0)
    )


@pytest.mark.parametrize(
    "text",
    [
        "[chain\n",
        "a = " + "[" * 5000 + "]" * 5000 + "\n",
        "\n" * 1_100_000,
        "a = 1\na = 2\n",
        "a = 1" + "0" * 5000 + "\n",
    ],
)
def test_no_toml_and_too_much_of_it_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="chain: found") as told:
        load_chain(text)
    assert "\n" not in str(told.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        load_chain(tmp_path / "none.toml")
    with pytest.raises(BadInput, match="Is a directory"):
        load_chain(str(tmp_path))
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe\n")
    with pytest.raises(BadInput, match="no UTF-8"):
        load_chain(tmp_path / "odd.toml")
    (tmp_path / "big.toml").write_bytes(b"# \n" * 400_000)
    with pytest.raises(BadInput, match="1200000 bytes, expected at most 1000000"):
        load_chain(tmp_path / "big.toml")


def test_a_file_knows_its_folder_and_its_sources(tmp_path: Path) -> None:
    path = tmp_path / "glass.toml"
    path.write_text(tomli_w.dumps(GLASS))
    file = load_chain(path)
    assert file.folder == tmp_path
    assert file.label == str(path)
    by_key = {figure.key: figure for figure in file.sources()}
    assert by_key["materials.green.virgin_eur_per_kg"][1:] == (0.05, "EUR/kg", "table 2")
    assert by_key["materials.clear.virgin_eur_per_kg"].source == "assumed"
    assert by_key["quantities.demand.value"][1:] == ("poisson: mean 100", "units", "survey")
    assert by_key["products.bottle.life_d"].value == "gamma: shape 2, scale 10"
    assert by_key["machines.belt.shape"].source.startswith("Barringer")
    assert by_key["nodes.sorter.stations[0].outputs[0].good.clear"].value == 0.9


def test_names_may_be_of_any_script() -> None:
    values = copy.deepcopy(GLASS)
    values["materials"]["зелёное"] = values["materials"].pop("green")
    values["products"]["bottle"]["recipe"] = {"clear": 0.6, "зелёное": 0.4}
    values["nodes"]["sorter"]["stations"][0]["outputs"][0]["good"] = {"clear": 0.9, "зелёное": 0.1}
    assert "зелёное" in loaded(values).materials


JSON = st.recursive(
    st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
PATHS = ("chain", "materials", "materials/green", "products/bottle/grades", "quantities/demand",
         "nodes", "nodes/sorter", "nodes/sorter/stations", "nodes/sorter/stations/0/outputs",
         "edges", "edges/0", "machines", "machines/belt", "crews", "sky", "grid", "start",
         "devices", "spares", "products/bottle/life_d")  # fmt: skip


@given(path=st.sampled_from(PATHS), value=JSON)
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_a_file_is_read_or_refused_in_one_line(path: str, value: Any) -> None:
    told = ""
    try:
        loaded(changed(path, value))
    except BadInput as error:
        told = str(error)
    assert "\n" not in told
