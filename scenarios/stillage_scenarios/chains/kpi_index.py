"""Find where a chain's KPIs are read: which flows, accounts, lines and prices stand for what.

Everything is found from what a chain file says of its nodes, so that a chain of one's own has
the same KPIs as the shipped ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage_sim.chain.arrays import WORKSHOP
from stillage_sim.chain.model import ChainModel, Way

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SORTERS = ("sorting", "recycling", "disassembly")
"""Kinds of nodes by whose lanes purity is measured: the first that has lanes of materials."""

_REUSERS = ("refurbishing", "remanufacturing")


@dataclass(frozen=True)
class Line:
    """A line is a process or maker with machines: its ways, the good ones, kg/h, its machines."""

    name: str
    ways: Ints
    good: Ints
    kg_per_h: float
    machines: Ints


@dataclass(frozen=True)
class KpiIndex:
    """The indices of KPIs into the totals of one chain (see :mod:`stillage_sim.chain.running`).

    ``secondary`` (of which ``recycled``; the rest is reused), ``sale``, ``back``, ``loss``,
    ``disposed``, ``reused`` number ways (flows); ``value`` (K, M) EUR/kg is what virgin material
    costs each maker, 0 where it has no use for a material; ``outlet`` numbers ways of processes
    that customers pay, worth ``paid`` (., M) EUR/kg. ``accepted`` numbers ways into lanes named
    after a material, ``target`` that material; ``fed`` the ways into the nodes of those lanes.
    ``virgin`` numbers accounts, ``worked`` ways of processes that pay the workshop ``work_eur``
    (., M) EUR/kg.
    """

    secondary: Ints
    recycled: Ints
    value: Floats
    sale: Ints
    back: Ints
    loss: Ints
    disposed: Ints
    reused: Ints
    outlet: Ints
    paid: Floats
    accepted: Ints
    target: Ints
    fed: Ints
    virgin: Ints
    worked: Ints
    work_eur: Floats
    lines: tuple[Line, ...]
    step_h: float


def kpi_index(model: ChainModel) -> KpiIndex:
    """Build the index of a chain."""
    ways, chain = model.ways, model.parts.chain
    outlet = _outlets(model)
    process = _process_of(model)
    accepted, target, fed = _lanes(model)
    makers = chain.makers
    worked = np.flatnonzero(np.asarray(chain.processes.payer)[process] == WORKSHOP)
    return KpiIndex(
        secondary=_kind(ways, "secondary"),
        recycled=_recycled(model),
        value=np.where(np.asarray(makers.recipe) > 0.0, makers.price, 0.0),
        sale=_kind(ways, "sale"),
        back=_kind(ways, "return"),
        loss=_kind(ways, "loss"),
        disposed=_into(model, ("disposal",), lost=True),
        reused=_reused(model),
        outlet=outlet,
        paid=np.asarray(chain.processes.value)[process[outlet]],
        accepted=accepted,
        target=target,
        fed=fed,
        virgin=_ints([n for n, a in enumerate(model.accounts) if a.kind == "virgin"]),
        worked=worked.astype(np.int64),
        work_eur=-np.asarray(chain.processes.value)[process[worked]],
        lines=tuple(_lines(model)),
        step_h=float(chain.step_h),
    )


def _ints(values: list[int]) -> Ints:
    return np.array(values, np.int64)


def _kind(ways: tuple[Way, ...], kind: str) -> Ints:
    return _ints([n for n, way in enumerate(ways) if way.kind == kind])


def _process_of(model: ChainModel) -> Ints:
    """Return the process of each output."""
    first = np.asarray(model.parts.chain.processes.first)
    return np.repeat(np.arange(len(first) - 1), np.diff(first))


def _outlets(model: ChainModel) -> Ints:
    """Find the ways of processes that bring in money: what passes an outlet is sold there."""
    found = np.asarray(model.parts.chain.processes.value)[_process_of(model)]
    return np.flatnonzero((found > 0.0).any(1)).astype(np.int64)


def _into(model: ChainModel, kinds: tuple[str, ...], lost: bool = False) -> Ints:
    """Find the ways whose goods come to a node of some kinds from another node."""
    accounts = model.accounts
    found = []
    for n, way in enumerate(model.ways):
        if way.sink < 0 or accounts[way.sink].kind not in kinds:
            continue
        same = way.source >= 0 and accounts[way.source].node == accounts[way.sink].node
        if not same and (lost or way.kind != "loss"):
            found.append(n)
    return _ints(found)


def _recycled(model: ChainModel) -> Ints:
    """Find the ways of makers whose secondary material is not all refurbished or the like."""
    makers = _kind(model.ways, "secondary")
    found = []
    for way, sources in zip(makers, model.parts.chain.makers.secondary, strict=True):
        kinds = {model.accounts[int(a)].kind for a in sources if a >= 0}
        if not kinds or kinds - set(_REUSERS):
            found.append(int(way))
    return _ints(found)


def _reused(model: ChainModel) -> Ints:
    """Find the ways by which goods come to a market, or to its maker, without being made anew."""
    accounts = model.accounts
    found = sorted(set(_kind(model.ways, "secondary").tolist()) - set(_recycled(model).tolist()))
    for n, way in enumerate(model.ways):
        if way.kind in ("process", "transport") and way.sink >= 0:
            sink = accounts[way.sink]
            if sink.kind == "market" and accounts[way.source].kind != "market":
                found.append(n)
    return _ints(found)


def _lanes(model: ChainModel) -> tuple[Ints, Ints, Ints]:
    """Find the ways into lanes named after a material, that material, and what feeds their nodes.

    The lanes are those of sorting nodes if any has such, else of nodes that recycle, or take apart.
    """
    accounts, materials = model.accounts, model.materials
    for kind in _SORTERS:
        named = {
            n: materials.index(account.lane)
            for n, account in enumerate(accounts)
            if account.kind == kind and account.lane in materials
        }
        nodes = {accounts[n].node for n in named}
        pairs = [
            (n, named[way.sink])
            for n, way in enumerate(model.ways)
            if way.kind == "process" and way.sink in named
        ]
        if pairs:
            fed = [
                n
                for n, way in enumerate(model.ways)
                if way.sink >= 0
                and accounts[way.sink].node in nodes
                and not (way.source >= 0 and accounts[way.source].node in nodes)
            ]
            accepted, target = zip(*pairs, strict=True)
            return _ints(list(accepted)), _ints(list(target)), _ints(fed)
    return _ints([]), _ints([]), _ints([])


def _lines(model: ChainModel) -> list[Line]:
    chain, accounts = model.parts.chain, model.accounts
    processes, makers = chain.processes, chain.makers
    found = []
    for p, name in enumerate(model.processes):
        machines = np.arange(processes.machine[p], processes.machine[p + 1])
        rate = float(processes.rate[p])
        if len(machines) and np.isfinite(rate):
            ways = np.arange(processes.first[p], processes.first[p + 1])
            good = [n for n in ways if accounts[model.ways[n].sink].kind != "disposal"]
            found.append(Line(name, ways, _ints(good), rate / chain.step_h, machines))
    return found + [
        Line(name, ways, ways, float(makers.rate[k]) / chain.step_h, machines)
        for k, name in enumerate(model.makers)
        if len(machines := np.arange(makers.machine[k], makers.machine[k + 1]))
        and len(ways := _made(model, k))
    ]


def _made(model: ChainModel, maker: int) -> Ints:
    """Find the sales of a maker's products: makers' output is not a flow of its own."""
    takers = np.asarray(model.parts.chain.markets.maker)
    sales = _kind(model.ways, "sale")
    return np.asarray(sales[takers == maker])
