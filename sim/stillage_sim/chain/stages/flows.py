"""Move mass on its way: transits arrive, and processes run as far as all they need allows.

What they need are goods, machines and room.

Goods in an account are well mixed: whoever takes a kilogram takes it at the account's
composition. Processes run from the last of a line to the first, so that a buffer that is emptied
in a step can be filled again in the same step (blocked before service).
"""

from __future__ import annotations

import numpy as np

from stillage_sim.chain.arrays import OPERATOR, Chain, Perception, State
from stillage_sim.devices.arrays import DeviceState
from stillage_sim.engine import inlined, shared, stage
from stillage_sim.engine.cycles import place
from stillage_sim.engine.ledger import transfer, transfer_row
from stillage_sim.engine.rows import Row, positive, row, set_row, sum_row
from stillage_sim.machines.arrays import MachineState


@shared
def total(materials: tuple[int, ...], account: np.ndarray) -> float:
    """Sum the kilograms in an account's row (M,)."""
    kg = 0.0
    for m in range(len(materials)):
        kg += account[m]
    return kg


@shared
def book(materials: tuple[int, ...], flow: np.ndarray, kg: Row) -> None:
    """Add kilograms (M,) that went a way to the row of what went it so far."""
    set_row(flow, row(materials, flow) + kg)


@shared
def move(
    materials: tuple[int, ...],
    source: np.ndarray,
    sink: np.ndarray,
    flow: np.ndarray,
    portion: float,
) -> None:
    """Move a portion (0..1) of an account's row into another's, and book it as a flow."""
    kg = row(materials, source) * portion
    transfer_row(materials, source, sink, kg)
    book(materials, flow, kg)


@inlined
def arrive_stage(chain: Chain, state: State, r: int) -> None:
    """Let what is due of every transit arrive."""
    transits = chain.transits
    slot = place(state.step[r], state.ring.shape[2])
    for t in range(transits.account.shape[0]):
        # A transit's goods are mixed in one account, and the ring knows but how many kilograms are
        # due, so a batch arrives at the mean composition of what is under way.
        due = state.ring[r, t, slot]
        if due > 0.0:
            held = total(chain.materials, state.mass[r, transits.account[t]])
            portion = due / held if due < held else 1.0  # rounding: never more than there is
            here, there = state.mass[r, transits.account[t]], state.mass[r, transits.sink[t]]
            transfer_row(chain.materials, here, there, row(chain.materials, here) * portion)
            state.ring[r, t, slot] = 0.0


@shared
def send(ring: np.ndarray, step: int, lead: int, kg: float) -> None:
    """Note in a transit's ring when goods that leave now will arrive."""
    size = ring.shape[0]
    slot = place(step, size) + lead
    ring[slot - size if slot >= size else slot] += kg


@stage
def _fitting(
    chain: Chain, perception: Perception, state: State, r: int, p: int, portion: float, well: float
) -> float:
    """Compute how much of ``portion`` finds room in all outputs of process p (0..1)."""
    processes = chain.processes
    fits = 1.0
    materials, world, batch = chain.materials, state.world[r], state.batch[r]
    held = row(materials, state.mass[r, processes.source[p]])
    taken, amount = held * portion, sum_row(held) * portion
    for o in range(processes.first[p], processes.first[p + 1]):
        room = chain.room[processes.sink[o]]
        if room < np.inf:
            kg = 0.0
            # Outputs may share a sink, and then share its room.
            for other in range(processes.first[p], processes.first[p + 1]):
                if processes.sink[other] != processes.sink[o]:
                    continue
                n = other - processes.first[p]
                good = processes.good[other]
                if processes.perception[p] >= 0:
                    good = perception.share[processes.perception[p], world, batch, n]
                poor = row(materials, processes.poor[other])
                kg += sum_row(taken * (poor + (row(materials, good) - poor) * well))
                if n == 0 and processes.adder[p] >= 0:
                    kg += sum_row(row(materials, processes.added[p]) * amount)
            free = room - total(chain.materials, state.mass[r, processes.sink[o]])
            if kg > free:
                fits = min(fits, max(free, 0.0) / kg)
    return fits


@inlined
def pay(chain: Chain, state: State, r: int, p: int, portion: float, amount: float) -> None:
    """Pay money and count emissions of a process that is about to take ``amount`` kg."""
    processes = chain.processes
    value, emitted = processes.value[p], processes.carbon[p]
    eur, carbon = amount * value[0], amount * emitted[0]
    if processes.uniform[p] == 0:
        kg = row(chain.materials, state.mass[r, processes.source[p]]) * portion
        eur = sum_row(kg * row(chain.materials, value))
        carbon = sum_row(kg * row(chain.materials, emitted))
    if processes.price_index[p] >= 0:
        eur *= state.quantity[r, processes.price_index[p]]
    transfer(state.money, r, processes.payer[p], OPERATOR, 0, eur)
    state.emissions[r, processes.scope[p]] += carbon


@inlined
def split(
    chain: Chain, perception: Perception, state: State, r: int, p: int, portion: float, well: float
) -> None:
    """Send a portion of the source into all outputs by their shares.

    The last output gets what is left above what must remain; the shares of the others were
    shaved by a hair (:func:`stillage_sim.chain.arrays.shaved`), so that rounding never takes
    more than there is.
    """
    processes, materials = chain.processes, chain.materials
    source = state.mass[r, processes.source[p]]
    taken = row(materials, source) * portion
    remain = row(materials, source) - taken
    last, world, batch = processes.first[p + 1] - 1, state.world[r], state.batch[r]
    for o in range(processes.first[p], last):
        good = processes.good[o]
        if processes.perception[p] >= 0:
            n = o - processes.first[p]
            good = perception.share[processes.perception[p], world, batch, n]
        poor = row(materials, processes.poor[o])
        kg = taken * (poor + (row(materials, good) - poor) * well)
        transfer_row(materials, source, state.mass[r, processes.sink[o]], kg)
        book(materials, state.flow[r, o], kg)
    account = processes.sink[last]
    if processes.transit[p] >= 0:
        account = chain.transits.account[processes.transit[p]]
    kg = positive(row(materials, source) - remain)
    transfer_row(materials, source, state.mass[r, account], kg)
    book(materials, state.flow[r, last], kg)


@stage
def _add_virgin(chain: Chain, state: State, r: int, p: int, amount: float) -> None:
    """Add the new material of a process, such as replaced parts, to its first output."""
    processes = chain.processes
    kg = row(chain.materials, processes.added[p]) * amount
    first = state.mass[r, processes.sink[processes.first[p]]]
    transfer_row(chain.materials, state.mass[r, processes.adder[p]], first, kg)


@shared
def mean_of(total: float, first: int, last: int) -> float:
    """Divide a sum over ``first .. last - 1`` by their number where that is not 1."""
    return total if last - first == 1 else total / (last - first)


@shared
def working(up: np.ndarray, speed: np.ndarray, first: int, last: int) -> float:
    """Compute the mean share of their full rate at which machines ``first .. last - 1`` work."""
    if last == first:
        return 1.0
    work = up[first] * speed[first]  # most have one machine, and are spared a loop
    for k in range(first + 1, last):
        work += up[k] * speed[k]
    return mean_of(work, first, last)


@shared
def _spoiling(loss: np.ndarray, first: int, last: int) -> float:
    """Compute the mean share of their output that machines ``first .. last - 1`` spoil."""
    if last == first:
        return 0.0
    share = loss[first]
    for k in range(first + 1, last):
        share += loss[k]
    return mean_of(share, first, last)


@shared
def load(loads: np.ndarray, first: int, last: int, share: float) -> None:
    """Set for machines how much of what they could do they really did."""
    if last > first:
        loads[first] = share
    for k in range(first + 1, last):
        loads[k] = share


@inlined
def process_stage(
    chain: Chain,
    perception: Perception,
    machines: MachineState,
    devices: DeviceState,
    state: State,
    r: int,
    p: int,
) -> float:
    """Run process p for a step; return the kWh of mains that it used."""
    processes = chain.processes
    first, last = processes.machine[p], processes.machine[p + 1]
    work = working(machines.up[r], machines.speed[r], first, last)
    state.work[r, p] = work
    if work <= 0.0:  # machines that are down keep their load: they age by it when they resume
        return 0.0
    route = processes.route[p]
    if route >= 0 and state.route[r, route] != processes.alternative[p]:
        load(machines.load[r], first, last, 0.0)
        return 0.0
    held = total(chain.materials, state.mass[r, processes.source[p]])
    if held <= 0.0:
        load(machines.load[r], first, last, 0.0)
        return 0.0
    limit = processes.rate[p] * work
    portion = limit / held if limit < held else 1.0
    well = 1.0 - _spoiling(machines.loss[r], first, last)
    if processes.device[p] >= 0:
        well *= devices.awake[r, processes.device[p]]
    if processes.limited[p] == 1:
        portion *= _fitting(chain, perception, state, r, p, portion, well)
    amount = held * portion
    # Paid before the goods move, since money and emissions go by the source's composition.
    pay(chain, state, r, p, portion, amount)
    if processes.adder[p] >= 0:
        _add_virgin(chain, state, r, p, amount)
    split(chain, perception, state, r, p, portion, well)
    if processes.transit[p] >= 0:
        transit = processes.transit[p]
        send(state.ring[r, transit], state.step[r], chain.transits.lead[transit], amount)
    if last > first:
        load(machines.load[r], first, last, amount / limit)
    kwh: float = amount * processes.kwh[p]
    return kwh
