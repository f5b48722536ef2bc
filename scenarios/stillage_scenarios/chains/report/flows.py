"""Compute the flows of a chain between its nodes, from a policy's totals, for a Sankey."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage_sim.chain.model import ChainModel

Floats = NDArray[np.float64]

STAGES = {
    "virgin": 0,
    "manufacturing": 1,
    "market": 2,
    "use": 3,
    "collection": 4,
    "sorting": 5,
    "disassembly": 6,
    "refurbishing": 7,
    "remanufacturing": 7,
    "recycling": 7,
    "outlet": 8,
    "disposal": 8,
}
"""Where a kind of node stands on the way from virgin material to disposal."""


@dataclass(frozen=True)
class Node:
    """A node of the picture; ``stage`` is its place along the chain."""

    name: str
    kind: str
    stage: int


@dataclass(frozen=True)
class Link:
    """A link carries kilograms of every material, float64 (M,), from a node (number) to another."""

    source: int
    sink: int
    kg: Floats


def network(model: ChainModel, totals: Mapping[str, Floats]) -> tuple[list[Node], list[Link]]:
    """Make the nodes and links of mean totals (without replica axis); empty links are left out.

    What a maker made is what its market sold and kept more than it had and got otherwise; the
    virgin part of it is the rest of what was not secondary.
    """
    nodes: list[Node] = []
    place: dict[tuple[str, str], int] = {}
    links: dict[tuple[int, int], Floats] = {}

    def node(name: str, kind: str) -> int:
        if (name, kind) not in place:
            place[name, kind] = len(nodes)
            nodes.append(Node(name, kind, STAGES.get(kind, STAGES["disposal"])))
        return place[name, kind]

    def at(account: int) -> int:
        found = model.accounts[account]
        if found.kind == "use":
            return node(found.name, "use")
        if found.kind == "transit":
            kinds = [a.kind for a in model.accounts if a.node == found.node and a.kind != "transit"]
            return node(found.node, kinds[0] if kinds else "disposal")
        return node(found.node, found.kind)

    def add(source: int, sink: int, kg: Floats) -> None:
        if source != sink:
            links[source, sink] = links.get((source, sink), np.zeros(len(kg))) + kg

    flow = np.asarray(totals["flow"], np.float64)
    several = [n for n, way in enumerate(model.ways) if way.kind == "return" and way.sink < 0]
    for n, way in enumerate(model.ways):
        if way.kind != "secondary" and way.source >= 0 and way.sink >= 0:
            add(at(way.source), at(way.sink), flow[n])
    for n in several:
        for sink, kg in _returned(model, totals, n):
            add(at(model.ways[n].source), at(sink), kg)
    for k, name in enumerate(model.makers):
        _make(model, totals, k, node(name, "manufacturing"), add, at)
    for p, kg in _added(model, flow):
        sink = int(model.parts.chain.processes.sink[model.parts.chain.processes.first[p]])
        add(at(int(model.parts.chain.processes.adder[p])), at(sink), kg)
    least = 1e-6 * max((float(kg.sum()) for kg in links.values()), default=0.0)
    kept = [Link(*ends, kg) for ends, kg in links.items() if kg.sum() > least]
    used = sorted({end for link in kept for end in (link.source, link.sink)})
    number = {old: new for new, old in enumerate(used)}
    return (
        [nodes[old] for old in used],
        [Link(number[link.source], number[link.sink], link.kg) for link in kept],
    )


def _returned(
    model: ChainModel, totals: Mapping[str, Floats], way: int
) -> list[tuple[int, Floats]]:
    """Split what came back of a use whose grades go to several accounts, by account.

    The state counts them together, so they are split by what left those accounts since.
    """
    flow = np.asarray(totals["flow"], np.float64)
    use = [n for n, found in enumerate(model.ways) if found.kind == "return"].index(way)
    sinks = sorted({int(sink) for sink in model.parts.chain.uses.sink[use] if sink >= 0})
    left = [
        sum(float(flow[n].sum()) for n, found in enumerate(model.ways) if found.source == sink)
        + float(np.asarray(totals["mass"])[sink].sum())
        for sink in sinks
    ]
    whole = sum(left) or 1.0
    return [(sink, flow[way] * kg / whole) for sink, kg in zip(sinks, left, strict=True)]


def _make(
    model: ChainModel,
    totals: Mapping[str, Floats],
    k: int,
    maker: int,
    add: Callable[[int, int, Floats], None],
    at: Callable[[int], int],
) -> None:
    """Link maker k to what it takes from and to its market."""
    chain = model.parts.chain
    makers, mass = chain.makers, np.asarray(totals["mass"], np.float64)
    flow = np.asarray(totals["flow"], np.float64)
    way = len(chain.processes.sink) + k
    sink = int(makers.sink[k])
    held = mass[sink] - np.asarray(chain.start)[sink]
    for t, account in enumerate(chain.transits.account):
        if int(chain.transits.sink[t]) == sink:
            held = held + mass[int(account)]
    made = held + sum(flow[n] for n, w in enumerate(model.ways) if w.source == sink)
    made = made - sum(
        flow[n]
        for n, w in enumerate(model.ways)
        if w.sink == sink and w.kind in ("process", "transport")
    )
    made = np.maximum(made, 0.0)
    sources = sorted({int(a) for a in makers.secondary[k] if a >= 0})
    for source in sources:
        part = _drawn(model, totals, source)
        share = part / (sum(_drawn(model, totals, other) for other in sources) or 1.0)
        add(at(source), maker, flow[way] * share)
    add(at(int(makers.virgin[k])), maker, np.maximum(made - flow[way], 0.0))
    add(maker, at(sink), made)


def _drawn(model: ChainModel, totals: Mapping[str, Floats], account: int) -> float:
    """Compute the kilograms that makers took out of an account: what came and is gone."""
    flow = np.asarray(totals["flow"], np.float64)
    came = sum(float(flow[n].sum()) for n, w in enumerate(model.ways) if w.sink == account)
    return max(came - float(np.asarray(totals["mass"])[account].sum()), 0.0)


def _added(model: ChainModel, flow: Floats) -> list[tuple[int, Floats]]:
    """List the virgin parts that processes added, by process."""
    processes, found = model.parts.chain.processes, []
    for p, adder in enumerate(processes.adder):
        if adder >= 0:
            amount = float(flow[processes.first[p] : processes.first[p + 1]].sum())
            found.append((p, amount * np.asarray(processes.added)[p]))
    return found
