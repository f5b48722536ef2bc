"""Mass on its way: transits arrive, processes run, each as far as goods, machines and room allow.

Goods in an account are well mixed: whoever takes a kilogram takes it at the account's
composition. Processes run from the last of a line to the first, so that a buffer that is emptied
in a step can be filled again in the same step (blocked before service).
"""

from __future__ import annotations

import numpy as np

from stillage_sim.chain.arrays import OPERATOR, Chain, Perception, State
from stillage_sim.compiled import compiled
from stillage_sim.devices.arrays import DeviceState
from stillage_sim.ledger import transfer
from stillage_sim.machines.arrays import MachineState


@compiled
def total(chain: Chain, state: State, r: int, account: int) -> float:
    """Kilograms in an account."""
    kg = 0.0
    for m in range(len(chain.materials)):
        kg += state.mass[r, account, m]
    return kg


@compiled
def move(
    chain: Chain, state: State, r: int, source: int, sink: int, way: int, portion: float
) -> None:
    """Move a portion (0..1) of an account into another, and book it as flow ``way``."""
    for m in range(len(chain.materials)):
        kg = state.mass[r, source, m] * portion
        transfer(state.mass, r, source, sink, m, kg)
        state.flow[r, way, m] += kg


@compiled
def arrive_stage(chain: Chain, state: State, r: int) -> None:
    """What is due of every transit arrives."""
    transits = chain.transits
    slot = state.step[r] % state.ring.shape[2]
    for t in range(transits.account.shape[0]):
        due = state.ring[r, t, slot]
        if due > 0.0:
            held = total(chain, state, r, transits.account[t])
            portion = due / held if due < held else 1.0
            for m in range(len(chain.materials)):
                kg = state.mass[r, transits.account[t], m] * portion
                transfer(state.mass, r, transits.account[t], transits.sink[t], m, kg)
            state.ring[r, t, slot] = 0.0


@compiled
def send(chain: Chain, state: State, r: int, transit: int, kg: float) -> None:
    """Note when goods that were put on a transit will arrive."""
    size = state.ring.shape[2]
    slot = state.step[r] % size + chain.transits.lead[transit]
    state.ring[r, transit, slot - size if slot >= size else slot] += kg


@compiled
def share_of(
    chain: Chain, perception: Perception, state: State, r: int, p: int, o: int, m: int, well: float
) -> float:
    """The share of material m that process p sends to its output o."""
    good: float = chain.processes.good[o, m]
    q = chain.processes.perception[p]
    if q >= 0:
        k = o - chain.processes.first[p]
        good = perception.share[q, state.world[r], state.batch[r], k, m]
    poor: float = chain.processes.poor[o, m]
    return poor + well * (good - poor)


@compiled
def shortage(
    chain: Chain, perception: Perception, state: State, r: int, p: int, portion: float, well: float
) -> float:
    """How much of ``portion`` finds room in all outputs of process p (0..1)."""
    processes = chain.processes
    fits = 1.0
    if processes.transit[p] >= 0:
        return fits
    for o in range(processes.first[p], processes.first[p + 1]):
        room = chain.room[processes.sink[o]]
        if room < np.inf:
            kg = 0.0
            for m in range(len(chain.materials)):
                share = share_of(chain, perception, state, r, p, o, m, well)
                kg += state.mass[r, processes.source[p], m] * portion * share
            free = room - total(chain, state, r, processes.sink[o])
            if kg > free:
                fits = min(fits, max(free, 0.0) / kg)
    return fits


@compiled
def split(
    chain: Chain, perception: Perception, state: State, r: int, p: int, portion: float, well: float
) -> None:
    """Send a portion of the source into all outputs by shares; the last takes what is left."""
    processes = chain.processes
    source, last = processes.source[p], processes.first[p + 1] - 1
    for m in range(len(chain.materials)):
        left = state.mass[r, source, m] * portion
        kg = left
        for o in range(processes.first[p], last):
            part = min(kg * share_of(chain, perception, state, r, p, o, m, well), left)
            left -= part
            transfer(state.mass, r, source, processes.sink[o], m, part)
            state.flow[r, o, m] += part
        transfer(state.mass, r, source, processes.sink[last], m, left)
        state.flow[r, last, m] += left


@compiled
def account_for(chain: Chain, state: State, r: int, p: int, portion: float) -> None:
    """Money and emissions of a process that is about to take ``portion`` of its source."""
    processes = chain.processes
    eur, carbon = 0.0, 0.0
    for m in range(len(chain.materials)):
        kg = state.mass[r, processes.source[p], m] * portion
        eur += kg * processes.value[p, m]
        carbon += kg * processes.carbon[p, m]
    if processes.index[p] >= 0:
        eur *= state.quantity[r, processes.index[p]]
    transfer(state.money, r, processes.payer[p], OPERATOR, 0, eur)
    state.emissions[r, processes.scope[p]] += carbon


@compiled
def add_virgin(chain: Chain, state: State, r: int, p: int, amount: float) -> None:
    """New material that a process adds to its first output, such as replaced parts."""
    processes = chain.processes
    for m in range(len(chain.materials)):
        kg = amount * processes.added[p, m]
        transfer(state.mass, r, processes.adder[p], processes.sink[processes.first[p]], m, kg)


@compiled
def working(
    chain: Chain, machines: MachineState, state: State, r: int, first: int, last: int
) -> float:
    """Mean share of their full rate at which machines ``first .. last - 1`` work."""
    if last == first:
        return 1.0
    work = 0.0
    for k in range(first, last):
        work += machines.up[r, k] * machines.speed[r, k]
    return work / (last - first)


@compiled
def load(machines: MachineState, r: int, first: int, last: int, share: float) -> None:
    """Tell machines how much of what they could do they really did."""
    for k in range(first, last):
        machines.load[r, k] = share


@compiled
def process_stage(
    chain: Chain,
    perception: Perception,
    machines: MachineState,
    devices: DeviceState,
    state: State,
    r: int,
    p: int,
) -> float:
    """Run process p for a step; kWh of mains that it used."""
    processes = chain.processes
    first, last = processes.machine[p], processes.machine[p + 1]
    work = working(chain, machines, state, r, first, last)
    state.work[r, p] = work
    route = processes.route[p]
    held = total(chain, state, r, processes.source[p])
    if held <= 0.0 or work <= 0.0 or (
        route >= 0 and state.route[r, route] != processes.alternative[p]
    ):  # fmt: skip
        load(machines, r, first, last, 0.0)
        return 0.0
    limit = processes.rate[p] * work
    portion = limit / held if limit < held else 1.0
    well = 1.0
    for k in range(first, last):
        well -= machines.loss[r, k] / (last - first)
    if processes.device[p] >= 0:
        well *= devices.awake[r, processes.device[p]]
    portion *= shortage(chain, perception, state, r, p, portion, well)
    amount = held * portion
    account_for(chain, state, r, p, portion)
    if processes.adder[p] >= 0:
        add_virgin(chain, state, r, p, amount)
    if processes.transit[p] >= 0:
        transit = processes.transit[p]
        sink = chain.transits.account[transit]
        move(chain, state, r, processes.source[p], sink, processes.first[p], portion)
        send(chain, state, r, transit, amount)
    elif processes.first[p + 1] - processes.first[p] == 1:
        o = processes.first[p]
        move(chain, state, r, processes.source[p], processes.sink[o], o, portion)
    else:
        split(chain, perception, state, r, p, portion, well)
    if last > first:
        load(machines, r, first, last, amount / limit)
    kwh: float = amount * processes.kwh[p]
    return kwh
