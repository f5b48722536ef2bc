"""Play what happens to machines within a step: failures, queues for crews and spares, repairs.

Events are taken in order of their exact instants; at the same instant, spare parts arrive
first, then machines by number.
"""

from __future__ import annotations

import numpy as np

from stillage_sim.engine import inlined, stage
from stillage_sim.machines.arrays import (
    FAILURES,
    GAMMA,
    NEVER,
    PLANNED,
    PREVENTIVE,
    REPAIR,
    WAITING,
    Machines,
    MachineState,
)
from stillage_sim.machines.durations import duration
from stillage_sim.machines.wear import (
    STREAM_LEAD,
    STREAM_REPAIR,
    extend_path,
    luck,
    renew,
)

CORRECTIVE, UPKEEP = 0, 1
"""Jobs: the mode of a machine under one is ``REPAIR`` or ``MAINTENANCE``, in that order."""

NOTHING, SPARE = -1, -2
"""The next event is nobody's, or a spare part's."""


@stage
def _order_spare(
    machines: Machines, state: MachineState, r: int, part: int, mirror: np.uint64
) -> float:
    """Order one part, as a base-stock policy does at each demand; return the EUR spent."""
    index = part + machines.spares * state.ordered[r, part]
    bits = luck(state.origin[r], STREAM_LEAD, index, mirror)
    arrives = state.clock[r] + duration(machines.lead[part], bits)
    for slot in range(state.orders.shape[2]):
        if state.orders[r, part, slot] == NEVER:
            state.orders[r, part, slot] = arrives
            break
    state.arrival[r] = min(state.arrival[r], arrives)
    state.ordered[r, part] += 1
    cost: float = machines.part_eur[part]
    return cost


@stage
def _receive_spare(machines: Machines, state: MachineState, r: int) -> None:
    """Put the parts whose time has come on stock, and look up when the next one arrives."""
    soonest = NEVER
    for part in range(machines.spares):
        for slot in range(state.orders.shape[2]):
            if state.orders[r, part, slot] <= state.arrival[r]:
                state.orders[r, part, slot] = NEVER
                state.stock[r, part] += 1
            soonest = min(soonest, state.orders[r, part, slot])
    state.arrival[r] = soonest


@stage
def enqueue(
    machines: Machines, state: MachineState, r: int, k: int, mode: int, mirror: np.uint64
) -> float:
    """Let machine k wait, down (``WAITING``) or working (``PLANNED``); return the EUR spent.

    A machine that fails while it waits for its maintenance keeps its place and its part.
    """
    spent = 0.0
    part = machines.spare[k]
    planned = state.mode[r, k] == PLANNED
    if not planned:
        state.ticket[r, k] = state.tickets[r]
        state.tickets[r] += 1
    if part >= 0:
        reserved = planned and machines.spare_preventive[k] == 1  # ordered when it was planned
        if not reserved and (mode == WAITING or machines.spare_preventive[k] == 1):
            spent = _order_spare(machines, state, r, part, mirror)
    state.mode[r, k] = mode
    return spent


@inlined
def _takes_spare(machines: Machines, state: MachineState, r: int, k: int) -> bool:
    """Tell whether the job that machine k waits for takes a spare part."""
    corrective = state.mode[r, k] == WAITING
    takes: bool = machines.spare[k] >= 0 and (corrective or machines.spare_preventive[k] == 1)
    return takes


@inlined
def _first_in_queue(machines: Machines, state: MachineState, r: int, flagged: np.int64) -> int:
    """Find the machine that waited longest among those whose spare is there, or -1."""
    best = NOTHING
    for place in range(flagged):
        k = state.flagged[r, place]
        if not PLANNED <= state.mode[r, k] <= WAITING:
            continue
        if _takes_spare(machines, state, r, k) and state.stock[r, machines.spare[k]] == 0:
            continue
        if best < 0 or state.ticket[r, k] < state.ticket[r, best]:
            best = k
    return best


@stage
def _dispatch(
    machines: Machines, state: MachineState, r: int, flagged: np.int64, mirror: np.uint64
) -> float:
    """Send free crews to waiting machines, first come, first served; return the EUR spent."""
    spent = 0.0
    while state.busy[r] < machines.crews:
        k = _first_in_queue(machines, state, r, flagged)
        if k < 0:
            break
        if _takes_spare(machines, state, r, k):
            state.stock[r, machines.spare[k]] -= 1
        if state.busy[r] == 0:
            spent += machines.callout_eur
        state.busy[r] += 1
        job = CORRECTIVE if state.mode[r, k] == WAITING else UPKEEP
        # By the number of its life, so that all policies meet the same repairs.
        index = k + machines.number * state.renewals[r, k]
        bits = luck(state.origin[r], STREAM_REPAIR + job, index, mirror)
        state.left[r, k] = duration(machines.job[job, k], bits)
        state.mode[r, k] = REPAIR + job
        if job == UPKEEP:
            state.counts[r, k, PREVENTIVE] += 1
        spent += machines.job_eur[job, k]
    return spent


@inlined
def wear_rate(machines: Machines, state: MachineState, r: int, k: int) -> float:
    """Return the hours on machine k's own clock in an hour."""
    if state.mode[r, k] > PLANNED or machines.idle_ageing[k] == 1:
        return 1.0
    load: float = state.load[r, k]
    return load


@stage
def happen(
    machines: Machines, state: MachineState, r: int, k: int, hours: float, mirror: np.uint64
) -> float:
    """Let the event of machine k happen: it fails, or its repair ends. Return the EUR spent.

    ``hours`` are left of the step, as far as a path of wear must be known.
    """
    spent = 0.0
    if state.mode[r, k] > PLANNED:
        state.busy[r] -= 1
        renew(machines, state, r, k, mirror)
    elif machines.model[k] < GAMMA or state.doomed[r, k] == 1:
        spent = enqueue(machines, state, r, k, WAITING, mirror)
        state.left[r, k] = NEVER  # nothing happens to it until a crew comes
        state.counts[r, k, FAILURES] += 1
    # A new path must be drawn, or the next stride of one that did not fail here.
    if state.mode[r, k] <= PLANNED and machines.model[k] >= GAMMA:
        extend_path(machines, state, r, k, wear_rate(machines, state, r, k) * hours, mirror)
    return spent


@inlined
def advance(machines: Machines, state: MachineState, r: int, k: int, hours: float) -> float:
    """Let machine k go on as it is; return the EUR spent."""
    mode = state.mode[r, k]
    wear = wear_rate(machines, state, r, k) * hours
    state.left[r, k] -= wear
    state.hours[r, k, mode] += hours
    if mode <= PLANNED:
        state.age[r, k] += wear
        state.up[r, k] += hours * machines.per_step
    cost: float = machines.price[k, mode] * hours
    return cost


@inlined
def holding(machines: Machines, state: MachineState, r: int, hours: float) -> float:
    """Pay for the spare parts on stock for some hours; return the EUR."""
    spent = 0.0
    for part in range(machines.spares):
        spent += machines.hold_eur[part] * state.stock[r, part] * hours
    return spent


@inlined
def _until_event(machines: Machines, state: MachineState, r: int, k: int) -> float:
    """Compute the hours until the next event of machine k, if all goes on as it is."""
    left = state.left[r, k]
    rate = wear_rate(machines, state, r, k)
    if left <= 0.0:
        return 0.0
    return left / rate if rate > 0.0 else NEVER


@stage
def _next_event(
    machines: Machines, state: MachineState, r: int, flagged: np.int64, time: float
) -> tuple[float, int]:
    """Find the hours until the next event, and whose; at most ``time``, and then ``NOTHING``."""
    soonest, who = time, NOTHING
    arrives = state.arrival[r] - state.clock[r]
    if arrives < soonest:
        soonest, who = max(arrives, 0.0), SPARE
    for place in range(flagged):
        hours = _until_event(machines, state, r, state.flagged[r, place])
        if hours < soonest:  # strictly: at one instant spares come first, then machines by number
            soonest, who = hours, state.flagged[r, place]
    return soonest, who


@stage
def events_stage(
    machines: Machines, state: MachineState, r: int, flagged: np.int64, mirror: np.uint64
) -> float:
    """Play a step of the flagged machines, event after event; return the EUR spent.

    Where events are too many, the step ends without the rest of them, which are due at once in
    the next.
    """
    spent = 0.0
    time = machines.step_h
    for event in range(machines.events + 1):
        spent += _dispatch(machines, state, r, flagged, mirror)
        hours, who = _next_event(machines, state, r, flagged, time)
        if event == machines.events and who != NOTHING:
            hours, who = time, NOTHING
            state.deferred[r] += 1
        for place in range(flagged):
            spent += advance(machines, state, r, state.flagged[r, place], hours)
        spent += holding(machines, state, r, hours)
        state.clock[r] += hours
        time -= hours
        if who == NOTHING:
            break
        if who == SPARE:
            _receive_spare(machines, state, r)
        else:
            spent += happen(machines, state, r, who, time, mirror)
    return spent
