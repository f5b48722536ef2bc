"""Build the arrays of makers and markets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stillage_sim.chain.arrays import Floats, Makers, Markets
from stillage_sim.chain.building.lanes import Lanes, recipe
from stillage_sim.chain.file.nodes import Manufacturing, Market
from stillage_sim.chain.file.table import ALL


def manufacturing(lanes: Lanes) -> dict[str, Manufacturing]:
    """Select the file's makers, by name."""
    return {k: n for k, n in lanes.file.nodes.items() if isinstance(n, Manufacturing)}


def markets_of(lanes: Lanes) -> dict[str, Market]:
    """Select the file's markets, by name."""
    return {k: n for k, n in lanes.file.nodes.items() if isinstance(n, Market)}


def _secondary_of(lanes: Lanes, name: str, node: Manufacturing) -> list[int]:
    """Find the account of each material's secondary supply, -1: none; (M,)."""
    path = f"nodes.{name}.secondary"
    if isinstance(node.secondary, str):
        return [lanes.find(node.secondary, path)] * len(lanes.materials)
    lanes.by_material(dict.fromkeys(node.secondary, 1.0), path)
    rest = node.secondary.get(ALL, "")
    found = [node.secondary.get(material, rest) for material in lanes.materials]
    return [lanes.find(lane, path) if lane else -1 for lane in found]


def makers(
    lanes: Lanes, quantities: Sequence[str], transit: Sequence[int], machine: Sequence[int]
) -> Makers:
    """Build the makers' arrays; ``transit`` of each, ``machine`` (K + 1) where theirs begin."""
    found = manufacturing(lanes)
    count = len(lanes.materials)
    materials = lanes.file.materials.values()
    rows: list[list[Floats]] = [[], []]
    for name, node in found.items():
        path = f"nodes.{name}"
        lanes.one(node.product, "products", f"{path}.product")
        rows[0].append(recipe(lanes, node.product))
        rows[1].append(lanes.by_material(node.secondary_share, f"{path}.secondary_share", 1.0))
    nodes = found.values()
    secondary = [_secondary_of(lanes, name, node) for name, node in found.items()]
    recipes, shares = (_floats(row).reshape(-1, count) for row in rows)
    return Makers(
        sink=_ints([lanes.find(lanes.market_of(name)[0], f"nodes.{name}") for name in found]),
        transit=_ints(transit),
        rate=_floats([n.capacity_t_per_h * 1000.0 * lanes.file.chain.step_h for n in nodes]),
        machine=_ints(machine),
        recipe=recipes,
        secondary=_ints(secondary).reshape(-1, count),
        secondary_share=shares,
        pending=pending(_ints(secondary).reshape(-1, count), recipes * shares),
        virgin=_ints([lanes.supply(n.virgin, f"nodes.{k}.virgin") for k, n in found.items()]),
        price=np.tile([m.virgin_eur_per_kg for m in materials], (len(found), 1)),
        price_index=_ints([numbered(n.price_index, quantities) for n in nodes]),
        carbon=np.tile([m.virgin_kg_co2e_per_kg for m in materials], (len(found), 1)),
        kwh=_floats([n.kwh_per_kg for n in nodes]),
    )


def pending(secondary: NDArray[np.int64], asked: Floats) -> Floats:
    """Sum what each material and those after it ask of its own account, (K, M) like both arguments.

    >>> pending(np.array([[4, 5, 4]]), np.array([[0.5, 0.2, 0.3]])).tolist()
    [[0.8, 0.2, 0.3]]
    """
    same = secondary[:, :, None] == secondary[:, None, :]
    return np.asarray((np.triu(same) * asked[:, None, :]).sum(2))


def markets(lanes: Lanes, quantities: Sequence[str], means: Floats) -> Markets:
    """Build the markets' arrays; ``means`` (V,) of the quantities, for demands before the first."""
    found = markets_of(lanes)
    nodes = list(found.values())
    products = list(lanes.file.products)
    names = list(manufacturing(lanes))
    for name, node in found.items():
        path = f"nodes.{name}"
        lanes.one(node.product, "products", f"{path}.product")
        lanes.node(node.maker, Manufacturing, f"{path}.maker")
        made = lanes.file.nodes[node.maker]
        if isinstance(made, Manufacturing) and made.product != node.product:
            raise lanes.bad(f"{path}.maker", f"a maker of {made.product!r}", repr(node.product))
    demand = _ints([quantities.index(node.demand) for node in nodes])
    return Markets(
        account=_ints([lanes.find(name, f"nodes.{name}") for name in found]),
        use=_ints([products.index(node.product) for node in nodes]),
        price=_floats([node.price_eur_per_kg for node in nodes]),
        price_index=_ints([numbered(node.price_index, quantities) for node in nodes]),
        demand=demand,
        backlog=_ints([node.backlog for node in nodes]),
        holding=_floats([node.holding_eur_per_kg for node in nodes]),
        penalty=_floats([node.penalty_eur_per_kg for node in nodes]),
        maker=_ints([names.index(node.maker) for node in nodes]),
        base=_floats([node.base_kg for node in nodes]),
        cover=_floats([node.cover_periods for node in nodes]),
        window=_ints([node.window_periods for node in nodes]),
        usual=means[demand],
        levels=_floats(lanes.file.chain.order_levels),
    )


def usual_demand(lanes: Lanes, quantities: Sequence[str], means: Floats) -> dict[str, float]:
    """Sum the mean demand of each product over all its markets (kg a period)."""
    total: dict[str, float] = {}
    for node in markets_of(lanes).values():
        mean = float(means[quantities.index(node.demand)])
        total[node.product] = total.get(node.product, 0.0) + mean
    return total


def start_stocks(lanes: Lanes) -> Floats:
    """Compute the kilograms in each account at first, without goods in use, float64 (A, M)."""
    mass = np.zeros((len(lanes.accounts), len(lanes.materials)))
    for name, found in lanes.file.start.items():
        path = f"start.{name}"
        account = lanes.find(name, path)
        market = markets_of(lanes).get(name)
        if lanes.accounts[account].supply:
            raise lanes.bad(path, "a supply", "a lane")
        if isinstance(found, dict):
            mass[account] = lanes.by_material(found, path)
        elif market is not None:
            if found < 0.0:
                raise lanes.bad(path, found, "0 or more")
            mass[account] = found * recipe(lanes, market.product)
        else:
            raise lanes.bad(path, "a number", "a table by material (a market's may be a number)")
        room = lanes.accounts[account].room
        if mass[account].sum() > room:
            raise lanes.bad(path, f"{mass[account].sum():g} kg", f"at most its room, {room:g} kg")
    return mass


def numbered(name: str | None, quantities: Sequence[str]) -> int:
    """Return the number of a quantity, -1 for none."""
    return -1 if name is None else list(quantities).index(name)


def _ints(values: Sequence[object]) -> np.ndarray:
    return np.array(values, np.int64)


def _floats(values: Sequence[object]) -> Floats:
    return np.array(values, np.float64)
