"""Build a chain's uncertain quantities, each within the bounds of what it is used for."""

from __future__ import annotations

import math
from collections.abc import Iterator

from stillage.errors import BadInput
from stillage.plugin.suggest import one_of
from stillage_sim.chain.arrays import Floats
from stillage_sim.chain.building.lanes import Lanes
from stillage_sim.chain.file.nodes import Disposal, Manufacturing, Market, Outlet, Works
from stillage_sim.uncertainty.arrays import Uncertainties
from stillage_sim.uncertainty.build import Quantity, build_uncertainties, expected_values

UNITS = {"demand": ("kg", "units"), "collected": ("1",), "wear": ("1",), "price_index": ("1",)}
"""The units that a quantity may have by its use; units are pieces of the product."""

MOST = {"demand": 1e12, "collected": 1.0, "wear": 1e6, "price_index": 1e9}
"""What a quantity may reach by its use, so that no ledger overflows."""


def _named(lanes: Lanes) -> Iterator[tuple[str, str, str]]:
    """Yield where a quantity is named: the key's path, what it is used for, and its name."""
    for name, product in lanes.file.products.items():
        yield f"products.{name}.collected", "collected", product.collected
        if product.wear is not None:
            yield f"products.{name}.wear", "wear", product.wear
    for name, node in lanes.file.nodes.items():
        path = f"nodes.{name}"
        if isinstance(node, Works):
            for n, station in enumerate(node.stations):
                if station.price_index is not None:
                    yield f"{path}.stations[{n}].price_index", "price_index", station.price_index
        elif isinstance(node, Market):
            yield f"{path}.demand", "demand", node.demand
        if (
            isinstance(node, Market | Manufacturing | Disposal | Outlet)
            and node.price_index is not None
        ):
            yield f"{path}.price_index", "price_index", node.price_index


def quantities(lanes: Lanes) -> tuple[Uncertainties, Floats]:
    """Build the arrays of all quantities, and their means over a year, float64 (V,).

    Raises ``BadInput`` for a name that no quantity has, one that nothing uses, a unit that does
    not fit its use, or values out of bounds.
    """
    chain, found = lanes.file.chain, lanes.file.quantities
    most: dict[str, float] = {}
    for path, use, name in _named(lanes):
        if name not in found:
            there = one_of(name, found) if found else "a table [quantities.NAME]; the file has none"
            raise lanes.bad(path, repr(name), there)
        if found[name].unit not in UNITS[use]:
            known = " or ".join(map(repr, UNITS[use]))
            raise lanes.bad(f"quantities.{name}.unit", repr(found[name].unit), known)
        most[name] = min(most.get(name, math.inf), MOST[use])
    for name in found:
        if name not in most:
            raise lanes.bad(f"quantities.{name}", "a quantity that nothing uses", "a use of it")
    period_h = chain.step_h * chain.period
    declared = [
        Quantity(f"quantities.{name}.value", entry.value, entry.unit, 0.0, most[name])
        for name, entry in found.items()
    ]
    try:
        built = build_uncertainties(
            declared, period_h, lanes.file.folder, chain.start_day, chain.start_weekday
        )
    except BadInput as error:
        raise BadInput(f"{lanes.file.label}: {error}") from None
    for v, name in enumerate(found):
        built.factor[v] *= _unit_kg(lanes, name)
    return built, expected_values(built, max(round(8760.0 / period_h), 1))


def _unit_kg(lanes: Lanes, name: str) -> float:
    """Return what a demand in pieces is multiplied by to be in kg, 1 for all else."""
    if lanes.file.quantities[name].unit != "units":
        return 1.0
    masses = {
        lanes.file.products[node.product].unit_kg
        for node in lanes.file.nodes.values()
        if isinstance(node, Market) and node.demand == name and node.product in lanes.file.products
    }
    if len(masses) > 1:
        told = "a demand for products of different unit_kg"
        raise lanes.bad(f"quantities.{name}.unit", told, "one mass, or kg")
    return masses.pop() if masses else 1.0
