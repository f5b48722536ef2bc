"""docs/simulator/chains.md names every key, and its examples work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from stillage_sim.chain import edges, file, file_products, nodes
from stillage_sim.chain.build import build
from stillage_sim.chain.file import load_chain
from stillage_sim.chain.file_table import keys_of

PAGE = Path(__file__).parents[3] / "docs" / "simulator" / "chains.md"
WORKS = "sorting, disassembly, refurbishing, remanufacturing, recycling"
TABLES: dict[str, type[BaseModel]] = {
    "`[chain]`": file.ChainSettings,
    "`[materials.NAME]`": file_products.Material,
    "`[products.NAME]`": file_products.Product,
    "`[products.NAME.grades]`": file_products.Grade,
    "`[quantities.NAME]`": file_products.Quantity,
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
    "`[crews]`": file.Crews,
}


def sections() -> dict[str, str]:
    """The parts of the page by their heading."""
    parts = re.split(r"^#{2,3} ", PAGE.read_text(encoding="utf-8"), flags=re.M)[1:]
    return {part.partition("\n")[0]: part for part in parts}


@pytest.mark.parametrize("heading", TABLES)
def test_every_key_is_on_the_page_with_its_unit_and_meaning(heading: str) -> None:
    rows = re.findall(r"^\| `(.+?)` \| (.*?) \| (.*?) \| (.*) \|$", sections()[heading], re.M)
    table = TABLES[heading]
    assert [row[0] for row in rows] == keys_of(table)
    for (_, unit, default, meaning), field in zip(rows, table.model_fields.values(), strict=True):
        extra = field.json_schema_extra
        assert unit == (extra["unit"] if isinstance(extra, dict) else "")
        assert (default == "required") == field.is_required()
        assert meaning == field.description


def test_every_table_of_a_file_is_on_the_page() -> None:
    headings = " ".join(sections())
    for key in keys_of(file.ChainFile):
        assert re.search(rf"`\[{key}[\].]", headings), key


def test_the_smallest_example_builds() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert build(load_chain(text)).processes == ("pit", "bin.clear to pit")
