"""docs/simulator/chains.md names every key, and its examples work."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from stillage_sim.chain.building.model import build
from stillage_sim.chain.file import edges, load, nodes, products
from stillage_sim.chain.file.load import load_chain
from stillage_sim.chain.file.table import keys_of
from stillage_sim.devices.settings import DeviceSettings, GridSettings, SkySettings
from stillage_sim.machines.settings import MachineSettings, SpareSettings
from stillage_sim.uncertainty import laws
from stillage_sim.uncertainty.declared import Declared
from stillage_sim.uncertainty.series import Recorded

PAGE = Path(__file__).parents[3] / "docs" / "simulator" / "chains.md"
WORKS = "sorting, disassembly, refurbishing, remanufacturing, recycling"
TABLES: dict[str, type[BaseModel]] = {
    "`[chain]`": load.ChainSettings,
    "`[materials.NAME]`": products.Material,
    "`[products.NAME]`": products.Product,
    "`[products.NAME.grades]`": products.Grade,
    "`[quantities.NAME]`": products.Quantity,
    "`[nodes.NAME]`: collection": nodes.Collection,
    f"`[nodes.NAME]`: {WORKS}": nodes.Works,
    "`[nodes.NAME.stations]`": nodes.Station,
    "`[nodes.NAME.stations.outputs]`": nodes.Output,
    "`[nodes.NAME]`: manufacturing": nodes.Manufacturing,
    "`[nodes.NAME]`: market": nodes.Market,
    "`[nodes.NAME]`: disposal": nodes.Disposal,
    "`[nodes.NAME]`: outlet": nodes.Outlet,
    "`[nodes.NAME]`: virgin": nodes.Virgin,
    "`[edges]`": edges.Edge,
    "`[crews]`": load.Crews,
    "`[machines.NAME]`": MachineSettings,
    "`[spares.NAME]`": SpareSettings,
    "`[devices.NAME]`": DeviceSettings,
    "`[sky]`": SkySettings,
    "`[grid]`": GridSettings,
    "Laws and series": Recorded,
}
NOT_SPELT = {
    "`[machines.NAME]`": ["name"],  # the table's own
    "`[spares.NAME]`": ["name"],
    "`[sky]`": ["first_day"],  # the chain's start_day
    "Laws and series": ["law"],  # told in words
}


def sections() -> dict[str, str]:
    """The parts of the page by their heading."""
    parts = re.split(r"^#{2,3} ", PAGE.read_text(encoding="utf-8"), flags=re.M)[1:]
    return {part.partition("\n")[0]: part for part in parts}


@pytest.mark.parametrize("heading", TABLES)
def test_every_key_is_on_the_page_with_its_unit_and_meaning(heading: str) -> None:
    rows = re.findall(r"^\| `(.+?)` \| (.*?) \| (.*?) \| (.*) \|$", sections()[heading], re.M)
    table, hidden = TABLES[heading], NOT_SPELT.get(heading, [])
    assert [row[0] for row in rows] == [key for key in keys_of(table) if key not in hidden]
    fields = [field for name, field in table.model_fields.items() if name not in hidden]
    for (_, unit, default, meaning), field in zip(rows, fields, strict=True):
        extra = field.json_schema_extra
        assert unit == (extra["unit"] if isinstance(extra, dict) else "")
        assert (default == "required") == field.is_required()
        if isinstance(field.default, int | float):
            assert default == str(field.default).lower()
        assert meaning == field.description


def test_every_law_is_on_the_page_with_its_keys() -> None:
    rows = re.findall(r"^\| `(.+?)` \| (`.*?`) \| [^|]* \|$", sections()["Laws and series"], re.M)
    told = {name: re.findall(r"`(.+?)`", keys) for name, keys in rows}
    common = {"law", *Declared.model_fields}
    for law in get_args(laws.AnyLaw):
        name, fields = law.model_fields["law"].default, law.model_fields
        truncates = {
            key for key in ("low", "high") if key in fields and not fields[key].is_required()
        }
        assert set(told.pop(name)) == set(fields) - common - truncates
    assert not told


def test_every_table_of_a_file_is_on_the_page() -> None:
    headings = " ".join(sections())
    for key in keys_of(load.ChainFile):
        assert re.search(rf"`\[{key}[\].]", headings), key


def test_the_examples_are_read() -> None:
    text, table = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert build(load_chain(text)).processes == ("pit", "bin.clear to pit")
    (told,) = tomllib.loads(table)["quantities"].values()
    value = products.Quantity.model_validate(told).value
    assert isinstance(value, Recorded)
    assert value.first_year == 2025
