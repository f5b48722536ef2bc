"""A built chain: its arrays, and the names by which people read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stillage_sim.chain.arrays import Floats, Ints, Perception, shaved
from stillage_sim.chain.file.sources import Figure
from stillage_sim.chain.stages.decide import Rules
from stillage_sim.chain.stages.step import Parts
from stillage_sim.machines.arrays import MaintenanceRules
from stillage_sim.machines.settings import MaintenanceSettings


class Account(NamedTuple):
    """An account of mass: where goods lie, and how it may fill.

    ``kind`` is its node's kind, ``transit`` (on the way to ``node``), ``use`` (``node`` is the
    product) or ``outside``; ``lane`` is empty where a node has but one stock. A ``sink`` is meant
    to fill for ever, a ``supply`` to run negative; ``room`` is in kg.
    """

    name: str
    node: str
    lane: str
    kind: str
    sink: bool = False
    supply: bool = False
    room: float = np.inf


class Way(NamedTuple):
    """A flow that is counted: ``kind`` is process, transport, secondary, sale, return or loss.

    ``source`` and ``sink`` are accounts (-1: several); ``name`` is of the process, maker, market
    or product.
    """

    name: str
    kind: str
    source: int
    sink: int


class Choice(NamedTuple):
    """A decision: the account whose goods it concerns, and its alternatives, from 1 on."""

    name: str
    account: int
    alternatives: tuple[str, ...]


class Perceived(NamedTuple):
    """A process whose outputs a policy's models decide.

    ``classes`` is what each output stands for (empty: none), ``columns`` the class that each
    material is: its name, or where quality is graded the true class of the lane; ``ejected`` the
    share of what is recognised that goes where it should, the rest going to the last output.
    """

    process: int
    what: str
    classes: tuple[str, ...]
    columns: tuple[str, ...]
    ejected: float


@dataclass(frozen=True)
class ChainModel:
    """A chain that is ready to run; it can be pickled.

    Attributes
    ----------
    parts : Parts
        All arrays, for :mod:`stillage_sim.chain.stages.step`.
    accounts, ways, processes, makers, markets, products, materials, machines, devices, quantities
        Names or descriptions in the order of the arrays; ``ways`` in that of ``State.flow``.
    choices : tuple of Choice
    perceived : tuple of Perceived
    declared : Perception
        The shares that the file declares for processes that perceive.
    maintenance : MaintenanceSettings
        From which rules of maintenance are made.
    figures : tuple of Figure
        Every number with its unit and source.
    """

    name: str
    summary: str
    parts: Parts
    accounts: tuple[Account, ...]
    ways: tuple[Way, ...]
    processes: tuple[str, ...]
    makers: tuple[str, ...]
    markets: tuple[str, ...]
    products: tuple[str, ...]
    materials: tuple[str, ...]
    machines: tuple[str, ...]
    devices: tuple[str, ...]
    quantities: tuple[str, ...]
    choices: tuple[Choice, ...]
    perceived: tuple[Perceived, ...]
    declared: Perception
    maintenance: MaintenanceSettings
    figures: tuple[Figure, ...]

    @property
    def actions(self) -> int:
        """Return the length of an action: a number for each choice, market and machine."""
        return len(self.choices) + len(self.markets) + len(self.machines)

    def account(self, name: str) -> int:
        """Return the number of the account called ``name``; ``ValueError`` if there is none."""
        return [account.name for account in self.accounts].index(name)


def ideal(model: ChainModel) -> Perception:
    """Build the perception that knows every class and sends it to its output, where ejected."""
    return _told(model, [_aimed(process) for process in model.perceived])


def blind(model: ChainModel) -> Perception:
    """Build the perception that knows nothing: all goes to the last output."""
    tables = []
    for process in model.perceived:
        table = np.zeros((len(process.classes), len(process.columns)))
        table[-1] = 1.0
        tables.append(table)
    return _told(model, tables)


def usual_rules(
    model: ChainModel, maintenance: MaintenanceRules, prefer: Ints | None = None
) -> Rules:
    """Build the usual rules: the file's alternatives in order, the order level nearest to 1.

    ``prefer`` (G, L) gives another order of alternatives.
    """
    longest = model.parts.chain.routes.shape[1]
    order = np.zeros((len(model.choices), longest), np.int64)
    for row, choice in zip(order, model.choices, strict=True):
        count = len(choice.alternatives)
        row[:count] = np.arange(1, count + 1)
    nearest = int(np.abs(model.parts.chain.markets.levels - 1.0).argmin())
    level = np.full(len(model.markets), nearest, np.int64)
    return Rules(order if prefer is None else np.asarray(prefer, np.int64), level, maintenance)


def _aimed(process: Perceived) -> Floats:
    """Compute the shares (outputs, materials) of a perception that is never wrong."""
    table = np.zeros((len(process.classes), len(process.columns)))
    for column, named in enumerate(process.columns):
        right = process.classes.index(named) if named in process.classes else -1
        table[right, column] += process.ejected
        table[-1, column] += 1.0 - process.ejected
    return table


def _told(model: ChainModel, tables: list[Floats]) -> Perception:
    """Build a perception of one world and one batch from a table for each process."""
    outputs = max((len(table) for table in tables), default=1)
    share = np.zeros((len(tables), 1, 1, outputs, len(model.materials)))
    for q, table in enumerate(tables):
        share[q, 0, 0, : len(table)] = shaved(table)
    return Perception(share)
