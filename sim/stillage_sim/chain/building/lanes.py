"""Number the accounts of a chain: one for each lane, product in use, transit, and the outside."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stillage.errors import BadInput
from stillage.plugin.suggest import one_of
from stillage_sim.chain.arrays import Floats
from stillage_sim.chain.file.load import ChainFile
from stillage_sim.chain.file.nodes import (
    LANED,
    Disposal,
    Manufacturing,
    Market,
    Outlet,
    Station,
    Virgin,
    Works,
)
from stillage_sim.chain.file.table import ALL
from stillage_sim.chain.model import Account

OUTSIDE = 0
_VIRGIN = "virgin material"
"""Name of the supply of those who name none."""


class Lanes:
    """The accounts of a chain by name, while they are numbered, and the file that names them."""

    def __init__(self, file: ChainFile) -> None:
        self.file = file
        self.materials = tuple(file.materials)
        self.accounts: list[Account] = [Account("outside", "", "", "outside", True, True)]
        self._numbers: dict[str, int] = {}
        for name, node in file.nodes.items():
            if isinstance(node, LANED):
                self._of_node(name, node.kind, node.lanes, node.room_kg)
                for lane in node.choices:
                    self._own(name, lane, node.lanes, "choices")
            elif isinstance(node, Market):
                room = np.inf if node.room_kg is None else node.room_kg
                self.add(Account(name, name, "", node.kind, room=room))
            elif isinstance(node, Disposal | Outlet):
                self.add(Account(name, name, "", node.kind, sink=not charges(node)))
                if charges(node):
                    self.add(Account(f"{name}.gone", name, "gone", node.kind, sink=True))
            elif isinstance(node, Virgin):
                self.add(Account(name, name, "", node.kind, supply=True))
        self._unnamed = self._supply_of_others()
        for name in file.products:
            self.add(Account(f"{name} in use", name, "", "use"))

    def _supply_of_others(self) -> int:
        """Return the supply of makers and parts that name none; -1 if all name one.

        It is no part of the outside, from which the stocks at first are as well.
        """
        nodes = self.file.nodes.values()
        if not any(
            (isinstance(node, Manufacturing) and node.virgin is None)
            or (isinstance(node, Works) and any(map(_draws_unnamed, node.stations)))
            for node in nodes
        ):
            return -1
        name = _VIRGIN
        while name in self.file.nodes:
            name += "*"
        return self.add(Account(name, name, "", "virgin", supply=True))

    def _of_node(
        self, name: str, kind: str, lanes: tuple[str, ...], rooms: Mapping[str, float]
    ) -> None:
        for lane in rooms:
            self._own(name, lane, lanes, "room_kg")
        for lane in lanes:
            if lanes.count(lane) > 1:
                raise self.bad(f"nodes.{name}.lanes", repr(lane), "names that occur once")
            room = rooms.get(lane, np.inf)
            number = self.add(Account(f"{name}.{lane}", name, lane, kind, room=room))
            if len(lanes) == 1:
                self._numbers[name] = number

    def _own(self, name: str, lane: str, lanes: tuple[str, ...], key: str) -> None:
        if lane not in lanes:
            raise self.bad(f"nodes.{name}.{key}", repr(lane), one_of(lane, lanes))

    def add(self, account: Account) -> int:
        """Number a further account."""
        self.accounts.append(account)
        self._numbers[account.name] = len(self.accounts) - 1
        return len(self.accounts) - 1

    def bad(self, path: str, found: object, expected: object) -> BadInput:
        """Make the error of a key of this file."""
        return BadInput(f"{self.file.label}: {path}", found, expected)

    def find(self, name: str, path: str, node: str = "") -> int:
        """Find the account of a lane of ``node``, of ``node.lane``, or of a node with one lane.

        Raises ``BadInput`` at key ``path`` if there is none.
        """
        for known in (f"{node}.{name}", name):
            if known in self._numbers and self.accounts[self._numbers[known]].kind != "use":
                return self._numbers[known]
        own = [a.lane for a in self.accounts if a.node == node and a.lane]
        known_names = [key for key in self._numbers if not key.endswith(" in use")]
        raise self.bad(path, repr(name), one_of(name, own + known_names))

    def find_use(self, product: str) -> int:
        """Find the account of a product in use."""
        return self._numbers[f"{product} in use"]

    def by_material(self, values: Mapping[str, float], path: str, default: float = 0.0) -> Floats:
        """Turn a table by material into float64 (M,); ``"*"`` is all that are not named."""
        for name in values:
            if name not in self.materials and name != ALL:
                raise self.bad(path, repr(name), one_of(name, self.materials))
        rest = values.get(ALL, default)
        return np.array([values.get(name, rest) for name in self.materials], np.float64)

    def one(self, name: str, table: str, path: str) -> str:
        """Return ``name``, if table ``table`` of the file has it; else raise ``BadInput``."""
        known = getattr(self.file, table)
        if name not in known:
            there = one_of(name, known) if known else f"a table [{table}.NAME]; the file has none"
            raise self.bad(path, repr(name), there)
        return name

    def node(self, name: str, kind: type, path: str) -> str:
        """Return ``name``, if it is a node of this class; else raise ``BadInput``."""
        known = [key for key, node in self.file.nodes.items() if isinstance(node, kind)]
        if name not in known:
            what = f"a node of kind {kind.__name__.lower()!r}; the file has none"
            raise self.bad(path, repr(name), one_of(name, known) if known else what)
        return name

    def supply(self, name: str | None, path: str) -> int:
        """Find the account of a virgin supply, or of that of all who name none."""
        return self._unnamed if name is None else self._numbers[self.node(name, Virgin, path)]

    def market_of(self, maker: str) -> tuple[str, Market]:
        """Find the one market that orders from a maker; ``BadInput`` for none, or another."""
        found = [
            (name, node)
            for name, node in self.file.nodes.items()
            if isinstance(node, Market) and node.maker == maker
        ]
        if len(found) != 1:
            told = ", ".join(name for name, _ in found) or "no market that orders from it"
            raise self.bad(f"nodes.{maker}", told, "one market with it as maker")
        return found[0]


def _draws_unnamed(station: Station) -> bool:
    """Tell whether new parts join here that come from no supply of the file."""
    return station.parts_from is None and any(station.parts_kg_per_kg.values())


def charges(node: Disposal | Outlet) -> bool:
    """Tell whether passing its gate moves money or is counted, so that a process must see it."""
    if isinstance(node, Disposal):
        return any(node.eur_per_kg.values()) or any(node.kg_co2e_per_kg.values())
    return any(node.price_eur_per_kg.values()) or any(node.displaced.values())


def recipe(lanes: Lanes, product: str) -> Floats:
    """Compute a product's bill of materials as shares of its mass, float64 (M,).

    Raises ``BadInput`` unless it sums to 1 or to the mass of a unit.
    """
    found = lanes.file.products[product]
    path = f"products.{product}.recipe"
    if ALL in found.recipe:
        raise lanes.bad(path, repr(ALL), "each material by name")
    shares = lanes.by_material(found.recipe, path)
    total = float(shares.sum())
    if min(abs(total - 1.0), abs(total / found.unit_kg - 1.0)) > 1e-6:
        known = "1" if found.unit_kg == 1.0 else f"1 or unit_kg ({found.unit_kg:g})"
        raise lanes.bad(path, f"a sum of {total:.9g}", known)
    return np.asarray(shares / total)
