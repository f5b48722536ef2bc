"""Let makers make products from secondary material as far as there is some, else from virgin."""

from __future__ import annotations

from stillage_sim.chain.arrays import AVOIDED, OPERATOR, SCOPE_3, SUPPLIERS, Chain, State
from stillage_sim.chain.stages.flows import load, move, send, total, working
from stillage_sim.engine import inlined
from stillage_sim.engine.ledger import transfer, transfer_row
from stillage_sim.engine.rows import row, sum_row
from stillage_sim.machines.arrays import MachineState


@inlined
def make_stage(chain: Chain, machines: MachineState, state: State, r: int, k: int) -> float:
    """Let maker k work on its order for a step; return the kWh of mains that it used.

    Secondary material is taken at its account's true composition, so what contaminates it ends
    in the product, and is weighed there.
    """
    makers = chain.makers
    first, last = makers.machine[k], makers.machine[k + 1]
    work = working(machines.up[r], machines.speed[r], first, last)
    state.work[r, chain.processes.source.shape[0] + k] = work
    if work <= 0.0:  # machines that are down keep their load: they age by it when they resume
        return 0.0
    limit = makers.rate[k] * work
    amount = min(state.order[r, k], limit)
    transit = makers.transit[k]
    sink = chain.transits.account[transit] if transit >= 0 else makers.sink[k]
    if transit < 0:
        amount = min(
            amount, max(chain.room[sink] - total(chain.materials, state.mass[r, sink]), 0.0)
        )
    if amount <= 0.0:
        load(machines.load[r], first, last, 0.0)
        return 0.0
    state.order[r, k] -= amount
    way = chain.processes.sink.shape[0] + k
    materials, product = chain.materials, state.mass[r, sink]
    for m in range(len(materials)):
        source, used = makers.secondary[k, m], 0.0
        asked = amount * makers.pending[k, m]
        if source >= 0 and asked > 0.0:
            held = total(materials, state.mass[r, source])
            used = amount * makers.recipe[k, m] * makers.secondary_share[k, m]
            if asked > held:  # all materials from this account go short alike
                used *= held / asked
            used = min(used, held)  # rounding may ask for a hair more than there is
            if used > 0.0:
                goods = state.mass[r, source]
                move(materials, goods, product, state.flow[r, way], used / held)
        state.used[r, m] = used
    # What contaminates the secondary material counts as the material that it stands in for.
    used_kg = row(materials, state.used[r])
    new_kg = row(materials, makers.recipe[k]) * amount - used_kg
    transfer_row(materials, state.mass[r, makers.virgin[k]], product, new_kg)
    carbon = row(materials, makers.carbon[k])
    paid = sum_row(new_kg * row(materials, makers.price[k]))
    emitted, avoided = sum_row(new_kg * carbon), sum_row(used_kg * carbon)
    if makers.price_index[k] >= 0:
        paid *= state.quantity[r, makers.price_index[k]]
    transfer(state.money, r, OPERATOR, SUPPLIERS, 0, paid)
    state.emissions[r, SCOPE_3] += emitted
    state.emissions[r, AVOIDED] += avoided
    if transit >= 0:
        send(state.ring[r, transit], state.step[r], chain.transits.lead[transit], amount)
    load(machines.load[r], first, last, amount / limit)
    kwh: float = amount * makers.kwh[k]
    return kwh
