"""Turn stations, transports, disposal and outlets into processes, in the order they run in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stillage_sim.chain.arrays import MONEY_ACCOUNTS, SCOPES, Floats
from stillage_sim.chain.building.lanes import Lanes, charges
from stillage_sim.chain.file.edges import Edge
from stillage_sim.chain.file.nodes import LANED, Disposal, Outlet, Station, Works

_SUMS = 1e-9


@dataclass(frozen=True)
class Process:
    """A process before it becomes an entry of arrays; shares (N, M), money and carbon (M,)."""

    name: str
    path: str
    kind: str
    source: int
    sinks: tuple[int, ...]
    good: Floats
    poor: Floats
    rate: float
    value: Floats
    payer: int
    carbon: Floats
    scope: int
    added: Floats
    price_index: str | None = None
    adder: int = -1
    kwh: float = 0.0
    lead: int = 0
    machines: tuple[str, ...] = ()
    device: str | None = None
    item_kg: float = 1.0
    perceives: str | None = None
    classes: tuple[str, ...] = ()
    quality: str | None = None
    ejected: float = 1.0
    route: int = -1
    alternative: int = 0


def processes(lanes: Lanes) -> list[Process]:
    """List all processes of a file, the last of a line first.

    Raises ``BadInput`` for unknown names, shares that do not sum to 1, and a process whose
    output is its own source.
    """
    found = list(_declared(lanes))
    for process in found:
        if process.source in process.sinks:
            name = lanes.accounts[process.source].name
            raise lanes.bad(process.path, f"{name!r} as source and output", "two different lanes")
    return ordered(found)


def _declared(lanes: Lanes) -> Iterator[Process]:
    for name, node in lanes.file.nodes.items():
        if isinstance(node, Works):
            for n, station in enumerate(node.stations):
                yield _station(lanes, name, station, f"nodes.{name}.stations[{n}]")
    for n, edge in enumerate(lanes.file.edges):
        yield from _edge(lanes, edge, f"edges[{n}]")
    for name, node in lanes.file.nodes.items():
        if isinstance(node, Disposal | Outlet) and charges(node):
            yield _gate(lanes, name, node)


def _station(lanes: Lanes, node: str, station: Station, path: str) -> Process:
    step_h = lanes.file.chain.step_h
    sinks = [
        lanes.find(output.to, f"{path}.outputs[{n}].to", node)
        for n, output in enumerate(station.outputs)
    ]
    _no_supply(lanes, sinks, f"{path}.outputs")
    good, poor = shares(lanes, station, path)
    cost = lanes.by_material(station.eur_per_kg, f"{path}.eur_per_kg")
    carbon = lanes.by_material(station.kg_co2e_per_kg, f"{path}.kg_co2e_per_kg")
    added = lanes.by_material(station.parts_kg_per_kg, f"{path}.parts_kg_per_kg")
    scope, adder = SCOPES.index(station.scope), -1
    if added.any():
        materials = lanes.file.materials.values()
        cost = cost + added @ np.array([m.virgin_eur_per_kg for m in materials])
        carbon = carbon + added @ np.array([m.virgin_kg_co2e_per_kg for m in materials])
        scope = SCOPES.index("scope_3")  # the arrays hold one scope a process: that of bought parts
        adder = lanes.supply(station.parts_from, f"{path}.parts_from")
    for n, machine in enumerate(station.machines):
        lanes.one(machine, "machines", f"{path}.machines[{n}]")
    if station.device is not None:
        lanes.one(station.device, "devices", f"{path}.device")
    if station.perceives == "quality" and station.quality is None:
        raise lanes.bad(f"{path}.quality", "nothing", "the true class of what lies in the lane")
    return Process(
        name=f"{node}: {station.name}",
        path=path,
        kind="process",
        source=lanes.find(station.source, f"{path}.from", node),
        sinks=tuple(sinks),
        good=good,
        poor=poor,
        rate=station.capacity_t_per_h * 1000.0 * step_h,
        value=-cost,
        payer=MONEY_ACCOUNTS.index(station.payer),
        carbon=carbon,
        scope=scope,
        added=added,
        price_index=station.price_index,
        adder=adder,
        kwh=station.kwh_per_kg,
        machines=station.machines,
        device=station.device,
        item_kg=station.item_kg,
        perceives=station.perceives,
        classes=_classes(lanes, station, path),
        quality=station.quality,
        ejected=station.ejected,
    )


def _classes(lanes: Lanes, station: Station, path: str) -> tuple[str, ...]:
    """Return the class that each output of a station stands for."""
    classes = tuple(output.named or "" for output in station.outputs)
    if station.perceives is None:
        if any(classes):
            raise lanes.bad(f"{path}.outputs", "a class", "perceives, which gives it a meaning")
        return classes
    if not any(classes):
        raise lanes.bad(f"{path}.outputs", "no class", "what the outputs are for")
    if station.perceives == "material":
        for n, named in enumerate(classes):
            if named:
                lanes.by_material({named: 1.0}, f"{path}.outputs[{n}].class")
    return classes


def shares(lanes: Lanes, station: Station, path: str) -> tuple[Floats, Floats]:
    """Compute the shares of work done well and not done well, float64 (N, M) each."""
    outputs = station.outputs
    good = _shares(lanes, [output.good for output in outputs], f"{path}.outputs", "good")
    if all(output.poor is None for output in outputs):
        poor = np.zeros_like(good)
        poor[-1] = 1.0
    else:
        poor = _shares(lanes, [output.poor for output in outputs], f"{path}.outputs", "poor")
    return good, poor


def _shares(
    lanes: Lanes, found: Sequence[Mapping[str, float] | None], path: str, key: str
) -> Floats:
    rows = [lanes.by_material(share or {}, f"{path}[{n}].{key}") for n, share in enumerate(found)]
    table = np.stack(rows)
    rest = [n for n, share in enumerate(found) if share is None]
    if len(rest) > 1:
        raise lanes.bad(f"{path}[{rest[1]}].{key}", "nothing", "shares for all outputs but one")
    total = table.sum(0)
    wrong = total > 1.0 + _SUMS if rest else np.abs(total - 1.0) > _SUMS
    if wrong.any():
        m = int(wrong.argmax())
        told = f"shares of {lanes.materials[m]} that sum to {total[m]:.9g}"
        raise lanes.bad(path, told, "at most 1" if rest else "1")
    if rest:
        table[rest[0]] = np.maximum(1.0 - total, 0.0)
    return table


def _edge(lanes: Lanes, edge: Edge, path: str) -> Iterator[Process]:
    step_h, count = lanes.file.chain.step_h, len(lanes.materials)
    freight = edge.eur_per_kg + edge.eur_per_tkm * edge.km / 1000.0
    lead = round(edge.lead_h / step_h)
    capacity = edge.capacity_t_per_h
    for source, sink in _carried(lanes, edge, path):
        _no_supply(lanes, [sink], f"{path}.to")
        yield Process(
            name=edge.name or f"{lanes.accounts[source].name} to {lanes.accounts[sink].name}",
            path=path,
            kind="transport",
            source=source,
            sinks=(sink,),
            good=np.ones((1, count)),
            poor=np.ones((1, count)),
            rate=np.inf if capacity is None else capacity * 1000.0 * step_h,
            value=np.full(count, -freight),
            payer=MONEY_ACCOUNTS.index("carriers"),
            carbon=np.full(count, edge.kg_co2e_per_tkm * edge.km / 1000.0),
            scope=SCOPES.index(edge.scope),
            added=np.zeros(count),
            lead=max(lead, 1) if edge.lead_h > 0.0 else 0,  # short as it may be, it takes a step
        )


def _carried(lanes: Lanes, edge: Edge, path: str) -> list[tuple[int, int]]:
    """List source and sink of each lane that an edge carries."""
    ends = []
    for key, name in (("from", edge.source), ("to", edge.to)):
        node = lanes.file.nodes.get(name)
        ends.append(node.lanes if isinstance(node, LANED) and len(node.lanes) > 1 else ())
        if not ends[-1]:
            lanes.find(name, f"{path}.{key}")
    if not (ends[0] and ends[1]):
        if ends[0] or ends[1]:
            key, name = ("from", edge.source) if ends[0] else ("to", edge.to)
            known = [f"{name}.{lane}" for lane in ends[0] or ends[1]]
            raise lanes.bad(f"{path}.{key}", repr(name), f"one of its lanes: {', '.join(known)}")
        return [(lanes.find(edge.source, path), lanes.find(edge.to, path))]
    both = [lane for lane in ends[0] if lane in ends[1]]
    for n, lane in enumerate(edge.lanes):
        if lane not in both:
            found = ", ".join(both) or "none"
            raise lanes.bad(f"{path}.lanes[{n}]", repr(lane), f"lanes of both ends: {found}")
    if not both:
        raise lanes.bad(path, "no lane that both ends have", "lanes of the same name, or named")
    return [
        (lanes.find(f"{edge.source}.{lane}", path), lanes.find(f"{edge.to}.{lane}", path))
        for lane in edge.lanes or both
    ]


def _gate(lanes: Lanes, name: str, node: Disposal | Outlet) -> Process:
    """Build the process at the gate of a disposal or an outlet; what passes it is gone."""
    path, count = f"nodes.{name}", len(lanes.materials)
    if isinstance(node, Disposal):
        value = -lanes.by_material(node.eur_per_kg, f"{path}.eur_per_kg")
        carbon = lanes.by_material(node.kg_co2e_per_kg, f"{path}.kg_co2e_per_kg")
        payer, scope = "disposers", SCOPES.index(node.scope)
    else:
        value = lanes.by_material(node.price_eur_per_kg, f"{path}.price_eur_per_kg")
        virgin = [m.virgin_kg_co2e_per_kg for m in lanes.file.materials.values()]
        carbon = lanes.by_material(node.displaced, f"{path}.displaced") * np.array(virgin)
        payer, scope = "customers", SCOPES.index("avoided")
    return Process(
        name=name,
        path=path,
        kind="process",
        source=lanes.find(name, path),
        sinks=(lanes.find(f"{name}.gone", path),),
        good=np.ones((1, count)),
        poor=np.ones((1, count)),
        rate=np.inf,
        value=value,
        payer=MONEY_ACCOUNTS.index(payer),
        carbon=carbon,
        scope=scope,
        added=np.zeros(count),
        price_index=node.price_index,
    )


def _no_supply(lanes: Lanes, sinks: Sequence[int], path: str) -> None:
    for sink in sinks:
        if lanes.accounts[sink].supply:
            raise lanes.bad(path, repr(lanes.accounts[sink].name), "a lane, not a supply")


def ordered(found: Sequence[Process]) -> list[Process]:
    """Order processes so that takers of a lane run before those who fill it, in the file's order.

    Where goods go round without maker or use, the circle is cut at its first process in the file.
    """
    takers: dict[int, list[int]] = {}
    for n, process in enumerate(found):
        takers.setdefault(process.source, []).append(n)
    before = [
        [other for sink in process.sinks for other in takers.get(sink, [])]
        + [other for other in takers[process.source] if other < n]
        for n, process in enumerate(found)
    ]
    order: list[int] = []
    seen: set[int] = set()
    for n in range(len(found)):
        path = [(n, iter([n]))] if n not in seen else []
        while path:  # depth first without recursion: lines may be long
            _, rest = path[-1]
            following = next((other for other in rest if other not in seen), None)
            if following is None:
                done, _ = path.pop()
                if path:
                    order.append(done)
                continue
            seen.add(following)
            path.append((following, iter(before[following])))
    return [found[n] for n in order]


def with_choices(lanes: Lanes, found: Sequence[Process]) -> tuple[list[Process], list[int]]:
    """Give processes the choice that decides on them; return them and each choice's account.

    Raises ``BadInput`` for a choice with fewer than two takers.
    """
    result = list(found)
    accounts: list[int] = []
    for name, node in lanes.file.nodes.items():
        for lane in node.choices if isinstance(node, LANED) else ():
            account = lanes.find(f"{name}.{lane}", f"nodes.{name}.choices")
            takers = [n for n, process in enumerate(found) if process.source == account]
            if len(takers) < 2:
                told = f"{lane!r} with {len(takers)} taker(s)"
                raise lanes.bad(f"nodes.{name}.choices", told, "two or more to choose from")
            for alternative, n in enumerate(takers, start=1):
                route = len(accounts)
                result[n] = replace(result[n], route=route, alternative=alternative)
            accounts.append(account)
    return result, accounts
