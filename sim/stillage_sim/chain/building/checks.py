"""Check that goods which come to a lane can leave it again."""

from __future__ import annotations

from collections.abc import Sequence

from stillage_sim.chain.arrays import Makers, Markets, Transits, Uses
from stillage_sim.chain.building.lanes import Lanes
from stillage_sim.chain.building.processes import Process


def check_flows(
    lanes: Lanes,
    found: Sequence[Process],
    made: Makers,
    sold: Markets,
    used: Uses,
    transits: Transits,
) -> None:
    """Check that every lane that goods reach has a taker, or is meant to fill for ever.

    Raises ``BadInput`` that names the first lane for which this is not so.
    """
    takes = {p.source for p in found}
    takes |= {int(a) for a in made.secondary.ravel()} | {int(a) for a in sold.account}
    takes |= {int(a) for a in used.account} | {int(a) for a in transits.account}
    after: dict[int, set[int]] = {}
    for process in found:
        after.setdefault(process.source, set()).update(process.sinks)
    for s, use in enumerate(sold.use):
        after.setdefault(int(sold.account[s]), set()).add(int(used.account[use]))
    for u, account in enumerate(used.account):
        grades = len(list(lanes.file.products.values())[u].grades)
        sinks = {int(a) for a in used.sink[u, :grades]} | {int(used.lost[u])}
        after.setdefault(int(account), set()).update(sinks)
    reached = {int(a) for a in made.sink}
    reached |= {p.sinks[0] for p in found if p.adder >= 0}
    reached |= {lanes.find(name, f"start.{name}") for name in lanes.file.start}
    waiting = list(reached)
    while waiting:
        new = after.get(waiting.pop(), set()) - reached
        reached |= new
        waiting.extend(new)
    for number in sorted(reached - takes):
        account = lanes.accounts[number]
        if not account.sink:
            told = f"lane {account.lane or account.name!r} that nothing takes from"
            raise lanes.bad(f"nodes.{account.node}", told, "a station, an edge or a maker for it")
