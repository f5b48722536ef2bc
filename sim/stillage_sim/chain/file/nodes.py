"""Nodes of a chain file hold goods, work on them, make, sell or bury them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stillage_sim.chain.file.table import (
    AmountsByMaterial,
    ByMaterial,
    Name,
    SharesByMaterial,
    Table,
    Text,
    number,
    word,
)

Scope = Literal["scope_1", "scope_2", "scope_3", "avoided"]
Payer = Literal[
    "customers", "suppliers", "carriers", "utility", "disposers", "workshop", "storekeeper"
]
Names = tuple[Name, ...]


class Output(Table):
    """An output says where a station sends a share of each material."""

    to: str = word("Lane of this node, or `node.lane`, or a node that has but one lane.")
    good: SharesByMaterial | None = number(
        "1", "Share of each material; left out in one output: what the others leave.", None
    )
    poor: SharesByMaterial | None = number(
        "1",
        "The same of what is not done well (machine worn, device asleep); left out everywhere: "
        "all of it goes to the last output.",
        None,
    )
    named: str | None = word("Class that is meant to go here.", None, alias="class")


class Station(Table):
    """A station is one pass of a line: it takes from a lane and sends shares to others."""

    name: Name = word("Its name; an alternative of a choice is called by it.")
    source: str = word("Lane that it takes from: of this node, or `node.lane`.", alias="from")
    capacity_t_per_h: float = number("t/h", "What it takes at most.", gt=0, le=1e9)
    outputs: tuple[Output, ...] = word("Where it goes.", min_length=1, max_length=64)
    machines: Names = word("Machines that it needs; it runs at their mean rate.", ())
    device: Name | None = word("Device that reads what passes.", None)
    item_kg: float = number(
        "kg", "Mass of an item, which takes one reading.", 0.05, ge=1e-9, le=1e6
    )
    perceives: Literal["material", "quality"] | None = word(
        "What a policy's model recognises here; its outputs then name their classes.", None
    )
    quality: Name | None = word("True class of what lies in the lane, where it grades.", None)
    ejected: float = number(
        "1", "Share of what is recognised that really goes where it should.", 1.0, ge=0, le=1
    )
    kwh_per_kg: float = number("kWh/kg", "Mains energy.", 0.0, ge=0, le=1e6)
    eur_per_kg: ByMaterial = number("EUR/kg", "Cost; negative: it is paid for.", {})
    kg_co2e_per_kg: ByMaterial = number("kg/kg", "Emissions besides those of energy.", {})
    scope: Scope = word("What they count as.", "scope_1")
    payer: Payer = word("Whom the cost is paid to.", "workshop")
    price_index: Name | None = word("Quantity that multiplies the cost.", None)
    parts_kg_per_kg: AmountsByMaterial = number(
        "kg/kg",
        "New parts that join the first output; their price and emissions (then all of this "
        "station's count as scope 3) are those of virgin material.",
        {},
    )
    parts_from: Name | None = word("Virgin supply of the parts; none: `virgin material`.", None)


class Lane(Table):
    """The base of all nodes with lanes: their stocks, room and choices."""

    summary: Text = word("What it is.", "")
    lanes: Annotated[Names, Field(min_length=1, max_length=256)] = word("Its stocks.")
    room_kg: dict[Name, Annotated[float, Field(gt=0)]] = number(
        "kg", "What a lane holds at most; not named: any amount.", {}
    )
    choices: Names = word("Lanes whose takers are alternatives of a decision.", ())


class Collection(Lane):
    """A collection is where returns come in, by grade; edges take them on."""

    kind: Literal["collection"] = word("What kind of node it is.")


class Works(Lane):
    """A works has stations: passes of a sorter, steps of a line, routes of a workshop."""

    kind: Literal["sorting", "disassembly", "refurbishing", "remanufacturing", "recycling"] = word(
        "What kind of node it is."
    )
    stations: tuple[Station, ...] = word("What is done here.", min_length=1, max_length=256)


class Manufacturing(Table):
    """A maker makes a product for a market, from secondary material as far as there is some."""

    kind: Literal["manufacturing"] = word("What kind of node it is.")
    summary: Text = word("What it is.", "")
    product: Name = word("What it makes.")
    capacity_t_per_h: float = number("t/h", "What it makes at most.", gt=0, le=1e9)
    secondary: dict[str, str] | str = word(
        "Lane of secondary material, for each material or one for all.", {}
    )
    secondary_share: SharesByMaterial = number(
        "1", "Share of each material that may be secondary.", {"*": 1.0}
    )
    virgin: Name | None = word("Virgin supply; none: one of its own, `virgin material`.", None)
    price_index: Name | None = word("Quantity that multiplies virgin prices.", None)
    kwh_per_kg: float = number("kWh/kg", "Mains energy.", 0.0, ge=0, le=1e6)
    lead_h: float = number("h", "From here to the market.", 0.0, ge=0, le=100_000)
    machines: Names = word("Machines that it needs.", ())


class Market(Table):
    """A market sells a product into use, and orders it from its maker."""

    kind: Literal["market"] = word("What kind of node it is.")
    summary: Text = word("What it is.", "")
    product: Name = word("What it sells.")
    maker: Name = word("Manufacturing node that it orders from.")
    demand: Name = word("Quantity: what is asked for in a period, in kg or units.")
    price_eur_per_kg: float = number("EUR/kg", "Price, ex works.", ge=0, le=1e9)
    price_index: Name | None = word("Quantity that multiplies the price.", None)
    backlog: bool = word("Whether unmet demand waits; else it is lost.", False)
    holding_eur_per_kg: float = number("EUR/kg", "Cost of stock, a period.", 0.0, ge=0, le=1e9)
    penalty_eur_per_kg: float = number("EUR/kg", "Of unmet demand, a period.", 0.0, ge=0, le=1e9)
    base_kg: float = number("kg", "Orders fill up to this,", 0.0, ge=0, le=1e12)
    cover_periods: float = number("1", "plus so many periods of mean demand.", 0.0, ge=0, le=1e4)
    window_periods: int = number("1", "Periods that the forecast averages.", 7, ge=1, le=1000)
    room_kg: float | None = number("kg", "What it holds at most.", None, gt=0)


class Disposal(Table):
    """A disposal takes goods out of the loop for good."""

    kind: Literal["disposal"] = word("What kind of node it is.")
    summary: Text = word("What it is.", "")
    eur_per_kg: ByMaterial = number("EUR/kg", "Gate fee.", {})
    kg_co2e_per_kg: ByMaterial = number("kg/kg", "Emissions of the treatment.", {})
    scope: Scope = word("What they count as.", "scope_3")
    price_index: Name | None = word("Quantity that multiplies the fee.", None)


class Outlet(Table):
    """An outlet buys goods that leave the loop for others' use."""

    kind: Literal["outlet"] = word("What kind of node it is.")
    summary: Text = word("What it is.", "")
    price_eur_per_kg: ByMaterial = number("EUR/kg", "Price of each material in it.", {})
    displaced: SharesByMaterial = number("1", "Share that displaces virgin material there.", {})
    price_index: Name | None = word("Quantity that multiplies the price.", None)


class Virgin(Table):
    """A virgin supply gives new material without limit, at the materials' own prices."""

    kind: Literal["virgin"] = word("What kind of node it is.")
    summary: Text = word("What it is.", "")


Node = Annotated[
    Collection | Works | Manufacturing | Market | Disposal | Outlet | Virgin,
    Field(discriminator="kind"),
]
LANED = (Collection, Works)
