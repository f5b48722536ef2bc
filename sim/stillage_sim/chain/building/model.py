"""Build a chain's arrays from its file.

>>> from stillage_sim.chain.file.load import load_chain
>>> model = build(load_chain('''
... [chain]
... name = "glass"
... [materials.glass]
... [nodes.bin]
... kind = "collection"
... lanes = ["clear"]
... [nodes.pit]
... kind = "disposal"
... [[edges]]
... from = "bin.clear"
... to = "pit"
... lead_h = 2
... '''))
>>> [account.name for account in model.accounts]
['outside', 'bin.clear', 'pit', 'bin.clear to pit']
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from stillage.errors import BadInput
from stillage_sim.chain.arrays import (
    Chain,
    Floats,
    Perception,
    Processes,
    Transits,
    shaved,
)
from stillage_sim.chain.building.checks import check_flows
from stillage_sim.chain.building.lanes import OUTSIDE, Lanes
from stillage_sim.chain.building.processes import Process, processes, with_choices
from stillage_sim.chain.building.quantities import quantities
from stillage_sim.chain.building.trade import (
    makers,
    manufacturing,
    markets,
    markets_of,
    numbered,
    start_stocks,
    usual_demand,
)
from stillage_sim.chain.building.uses import uses
from stillage_sim.chain.file.load import ChainFile
from stillage_sim.chain.model import Account, ChainModel, Choice, Perceived, Way
from stillage_sim.chain.stages.step import Parts
from stillage_sim.devices.build import build_devices, build_grid, build_sky
from stillage_sim.machines.build import build_machines
from stillage_sim.machines.settings import MaintenanceSettings


def build(file: ChainFile) -> ChainModel:
    """Build the arrays and names of a chain from its file.

    Raises
    ------
    BadInput
        If its parts do not fit together: unknown names (with the nearest known), shares that do
        not sum to 1, a lane that nothing takes from, a quantity out of bounds, a series that
        cannot be read, a device or machine that nothing uses, or that two use.
    """
    lanes = Lanes(file)
    found, choices = with_choices(lanes, processes(lanes))
    names = tuple(file.quantities)
    uncertainties, means = quantities(lanes)
    making = manufacturing(lanes)
    # Adds accounts, so it comes before anything that is sized by their number.
    transits, carried = _transits(lanes, found)
    machines = _in_order(
        lanes, "machines", [p.machines for p in found] + [n.machines for n in making.values()]
    )
    firsts = list(accumulate([len(p.machines) for p in found], initial=0))
    made = makers(
        lanes,
        names,
        carried[len(found) :],
        list(accumulate([len(n.machines) for n in making.values()], initial=firsts[-1])),
    )
    sold = markets(lanes, names, means)
    used, in_use = uses(lanes, names, usual_demand(lanes, names, means))
    readers, devices = _readers(lanes, found)
    start = start_stocks(lanes)
    for u, account in enumerate(used.account):
        start[account] = in_use[u]
    check_flows(lanes, found, made, sold, used, transits)
    perceived = [p for p in found if p.perceives is not None]
    step_h, period = file.chain.step_h, file.chain.period
    room = np.array([account.room for account in lanes.accounts])
    chain = Chain(
        materials=tuple(range(len(lanes.materials))),
        step_h=step_h,
        period=period,
        outside=OUTSIDE,
        room=room,
        start=start,
        processes=_arrays(found, names, carried[: len(found)], devices, firsts, room),
        transits=transits,
        makers=made,
        markets=sold,
        uses=used,
        routes=_routes(found, len(choices)),
        readers=readers,
    )
    for name in machines:
        if file.machines[name].spare:
            lanes.one(file.machines[name].spare, "spares", f"machines.{name}.spare")
    maintenance = MaintenanceSettings(
        machines=tuple(file.machines[name] for name in machines),
        spares=tuple(file.spares.values()),
        crews=file.crews.crews,
        callout_eur=file.crews.callout_eur,
    )
    try:
        sky = build_sky(file.sky, step_h, period)
        parts = Parts(
            chain=chain,
            machines=build_machines(maintenance, step_h),
            devices=build_devices(sky, [file.devices[name] for name in devices], step_h),
            grid=build_grid(file.grid, step_h),
            uncertainties=uncertainties,
        )
    except BadInput as error:
        raise BadInput(f"{file.label}: {error}") from None
    return ChainModel(
        name=file.chain.name,
        summary=file.chain.summary,
        parts=parts,
        accounts=tuple(lanes.accounts),
        ways=tuple(_ways(lanes, chain, found)),
        processes=tuple(p.name for p in found),
        makers=tuple(making),
        markets=tuple(markets_of(lanes)),
        products=tuple(file.products),
        materials=lanes.materials,
        machines=tuple(machines),
        devices=tuple(devices),
        quantities=names,
        choices=tuple(_choice(lanes, found, n, account) for n, account in enumerate(choices)),
        perceived=tuple(_perceived(lanes, found.index(p), p) for p in perceived),
        declared=_declared(perceived, len(lanes.materials)),
        maintenance=maintenance,
        figures=tuple(file.sources()),
    )


def _transits(lanes: Lanes, found: Sequence[Process]) -> tuple[Transits, list[int]]:
    """Build the transits, and list that of each process and then of each maker, -1: none."""
    carried: list[int] = []
    rows: list[tuple[int, int, int]] = []

    def carry(origin: str, sink: int, lead: int) -> None:
        carried.append(len(rows) if lead > 0 else -1)
        if lead > 0:
            end = lanes.accounts[sink]
            name = f"{origin} to {end.name}"
            rows.append((lanes.add(Account(name, end.node, end.lane, "transit")), sink, lead))

    for process in found:
        carry(lanes.accounts[process.source].name, process.sinks[0], process.lead)
    for name, node in manufacturing(lanes).items():
        market, _ = lanes.market_of(name)
        lead = round(node.lead_h / lanes.file.chain.step_h)
        carry(name, lanes.find(market, name), max(lead, 1) if node.lead_h > 0.0 else 0)
    columns = np.array(rows, np.int64).reshape(-1, 3).T.copy()
    return Transits(account=columns[0], sink=columns[1], lead=columns[2]), carried


def _arrays(
    found: Sequence[Process],
    quantities: Sequence[str],
    carried: Sequence[int],
    devices: Sequence[str],
    machine: Sequence[int],
    room: Floats,
) -> Processes:
    count = len(found[0].value) if found else 0

    def ints(values: Sequence[int]) -> Any:
        return np.array(values, np.int64)

    def rows(values: Sequence[Floats]) -> Floats:
        return np.concatenate(values) if values else np.zeros((0, count))

    def limited(process: Process, transit: int) -> int:
        return int(transit < 0 and any(room[sink] < np.inf for sink in process.sinks))

    perception = list(accumulate([p.perceives is not None for p in found], initial=0))
    values: dict[str, Any] = {
        "source": ints([p.source for p in found]),
        "first": ints(list(accumulate([len(p.sinks) for p in found], initial=0))),
        "sink": ints([sink for p in found for sink in p.sinks]),
        "good": rows([shaved(p.good) for p in found]),
        "poor": rows([shaved(p.poor) for p in found]),
        "rate": np.array([p.rate for p in found]),
        "machine": ints(machine),
        "route": ints([p.route for p in found]),
        "alternative": ints([p.alternative for p in found]),
        "transit": ints(list(carried)),
        "limited": ints([limited(p, transit) for p, transit in zip(found, carried, strict=True)]),
        "perception": ints([perception[n] if p.perceives else -1 for n, p in enumerate(found)]),
        "device": ints([devices.index(p.device) if p.device else -1 for p in found]),
        "item_kg": np.array([p.item_kg for p in found]),
        "kwh": np.array([p.kwh for p in found]),
        "value": rows([p.value[None] for p in found]),
        "payer": ints([p.payer for p in found]),
        "price_index": ints([numbered(p.price_index, quantities) for p in found]),
        "carbon": rows([p.carbon[None] for p in found]),
        "uniform": ints([int(np.ptp(p.value) == 0.0 and np.ptp(p.carbon) == 0.0) for p in found]),
        "scope": ints([p.scope for p in found]),
        "adder": ints([p.adder for p in found]),
        "added": rows([p.added[None] for p in found]),
    }
    return Processes(**values)


def _routes(found: Sequence[Process], choices: int) -> Any:
    longest = max((p.alternative for p in found), default=0)
    routes = np.full((choices, longest), -1, np.int64)
    for n, process in enumerate(found):
        if process.route >= 0:
            routes[process.route, process.alternative - 1] = n
    return routes


def _in_order(lanes: Lanes, table: str, used: Sequence[Sequence[str]]) -> list[str]:
    """Return names in the order of their users; ``BadInput`` for one used twice, or not at all."""
    order = [name for names in used for name in names]
    for name in getattr(lanes.file, table):
        if order.count(name) != 1:
            told = f"{order.count(name)} uses of it"
            raise lanes.bad(f"{table}.{name}", told, "one station or maker that uses it")
    for name in order:
        lanes.one(name, table, table)
    return order


def _readers(lanes: Lanes, found: Sequence[Process]) -> tuple[Any, list[str]]:
    """List the process that each device reads for, and the devices in their order."""
    devices = _in_order(lanes, "devices", [[p.device] if p.device else [] for p in found])
    readers = [n for n, p in enumerate(found) if p.device]
    return np.array(readers, np.int64), devices


def _choice(lanes: Lanes, found: Sequence[Process], number: int, account: int) -> Choice:
    takers = sorted((p for p in found if p.route == number), key=lambda p: p.alternative)
    return Choice(lanes.accounts[account].name, account, tuple(p.name for p in takers))


def _perceived(lanes: Lanes, number: int, process: Process) -> Perceived:
    what = process.perceives or ""
    columns = lanes.materials
    if what == "quality":
        columns = (process.quality or "",) * len(lanes.materials)
    return Perceived(number, what, process.classes, columns, process.ejected)


def _declared(perceived: Sequence[Process], materials: int) -> Perception:
    outputs = max((len(p.sinks) for p in perceived), default=1)
    share = np.zeros((len(perceived), 1, 1, outputs, materials))
    for q, process in enumerate(perceived):
        share[q, 0, 0, : len(process.sinks)] = shaved(process.good)
    return Perception(share)


def _ways(lanes: Lanes, chain: Chain, found: Sequence[Process]) -> list[Way]:
    """List the flows in the order of ``State.flow``: outputs, makers, markets, uses."""
    ways = [Way(p.name, p.kind, p.source, sink) for p in found for sink in p.sinks]
    for k, name in enumerate(manufacturing(lanes)):
        secondary = {int(a) for a in chain.makers.secondary[k] if a >= 0}
        source = secondary.pop() if len(secondary) == 1 else -1
        ways.append(Way(name, "secondary", source, int(chain.makers.sink[k])))
    for s, name in enumerate(markets_of(lanes)):
        use = int(chain.uses.account[chain.markets.use[s]])
        ways.append(Way(name, "sale", int(chain.markets.account[s]), use))
    for u, name in enumerate(lanes.file.products):
        sinks = {int(a) for a in chain.uses.sink[u, : len(lanes.file.products[name].grades)]}
        sink = sinks.pop() if len(sinks) == 1 else -1
        ways.append(Way(name, "return", int(chain.uses.account[u]), sink))
        ways.append(Way(name, "loss", int(chain.uses.account[u]), int(chain.uses.lost[u])))
    return ways
