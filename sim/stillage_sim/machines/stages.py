"""Step the machines: actions, ageing, failures, crews, spare parts, repairs.

Most machines have no event in most steps: those are a comparison and a few additions. The
others are flagged, and :func:`stillage_sim.machines.repairs.events_stage` plays the step for
them event by event, at exact instants.
"""

from __future__ import annotations

import numpy as np

from stillage_sim.engine import inlined, stage
from stillage_sim.engine.quantiles import pick
from stillage_sim.engine.randomness import draw, fraction
from stillage_sim.machines.arrays import (
    BERNOULLI,
    FAILURES,
    GAMMA,
    ILLEGAL,
    NEVER,
    PLANNED,
    REPAIR,
    WAITING,
    WEIBULL,
    WORKING,
    Machines,
    MachineState,
)
from stillage_sim.machines.repairs import enqueue, events_stage, holding, wear_rate
from stillage_sim.machines.wear import (
    STREAM_NOISE,
    STREAM_ORIGIN,
    STREAM_UP,
    extend_path,
    renew,
    stagger,
)


@inlined
def _show_level(machines: Machines, state: MachineState, r: int, k: int) -> None:
    """Set machine k's level of wear (0..1), and what it does to its rate and its quality."""
    level = state.goal[r, k] - state.rise[r, k] * state.left[r, k]
    level = max(level, 0.0)
    level = min(level, 1.0)
    state.level[r, k] = level
    state.speed[r, k] = 1.0 - machines.slowdown[k] * level
    state.loss[r, k] = machines.loss_new[k] + machines.loss_rise[k] * level


@inlined
def inspect(
    machines: Machines, state: MachineState, r: int, k: int, now: np.uint64, mirror: np.uint64
) -> float:
    """Observe machine k's level if its inspection is due; return the EUR spent."""
    if state.steps[r] < state.due[r, k]:
        return 0.0
    state.due[r, k] = state.steps[r] + machines.inspect[k]
    state.seen[r, k] = state.level[r, k]
    if machines.noise[k] > 0.0:
        bits = draw(now, STREAM_NOISE, k) ^ mirror
        state.seen[r, k] += machines.noise[k] * pick(machines.normal, bits)
    cost: float = machines.inspect_eur[k]
    return cost


@inlined
def may_maintain(machines: Machines, state: MachineState, r: int, k: int) -> bool:
    """Tell if action 1 is legal for machine k: it works, ages, and waits for no crew yet."""
    may: bool = state.mode[r, k] == WORKING and machines.model[k] >= WEIBULL
    return may


@stage
def act_stage(
    machines: Machines, state: MachineState, r: int, k: int, action: int, mirror: np.uint64
) -> float:
    """Plan machine k's maintenance, or count and ignore what cannot be done. Return EUR spent."""
    if action == 1 and may_maintain(machines, state, r, k):
        return enqueue(machines, state, r, k, PLANNED, mirror)
    state.counts[r, k, ILLEGAL] += 1
    return 0.0


@stage
def _toss_stage(
    machines: Machines, state: MachineState, r: int, k: int, now: np.uint64, mirror: np.uint64
) -> float:
    """Step a Bernoulli machine: it is up throughout, or down (and repaired) throughout."""
    up = fraction(draw(now, STREAM_UP, k) ^ mirror) < machines.up_chance[k]
    mode = WORKING if up else REPAIR
    state.up[r, k] = 1.0 if up else 0.0
    state.hours[r, k, mode] += machines.step_h
    if not up:
        state.counts[r, k, FAILURES] += 1
    cost: float = machines.price[k, mode] * machines.step_h
    return cost


@inlined
def machines_stage(
    machines: Machines,
    state: MachineState,
    r: int,
    now: np.uint64,
    mirror: np.uint64,
    actions: np.ndarray,
    first: int,
) -> float:
    """Step replica r's machines once; return the EUR spent.

    ``actions[r, first + k]`` is 0, or 1 to maintain machine k as soon as a crew and its spare
    are there; it works on until then. ``now`` is the hash state of the replica's step, ``mirror``
    0 or, in an antithetic replica, all ones. Reads ``state.load``; leaves ``up``, ``speed``,
    ``loss``, ``level`` and ``seen`` for this step.
    """
    step = machines.step_h
    spent = 0.0
    flagged = np.int64(0)  # no literal, for which the events would be compiled once more
    for k in range(machines.number):
        action = actions[r, first + k]
        if action != 0:
            spent += act_stage(machines, state, r, k, action, mirror)
        mode = state.mode[r, k]
        hours = wear_rate(machines, state, r, k) * step
        if state.left[r, k] <= hours and mode <= PLANNED:
            if machines.model[k] == BERNOULLI:
                spent += _toss_stage(machines, state, r, k, now, mirror)
                continue
            if machines.model[k] >= GAMMA:
                extend_path(machines, state, r, k, hours, mirror)
        if state.left[r, k] <= hours or PLANNED <= mode <= WAITING:
            state.up[r, k] = 0.0
            state.flagged[r, flagged] = k
            flagged += 1
            continue
        state.left[r, k] -= hours
        state.hours[r, k, mode] += step
        if mode == WORKING:
            state.age[r, k] += hours
            state.up[r, k] = 1.0
            _show_level(machines, state, r, k)
            spent += inspect(machines, state, r, k, now, mirror)
        else:
            state.up[r, k] = 0.0
            spent += machines.price[k, mode] * step
    if flagged > 0 or state.arrival[r] <= state.clock[r] + step:
        spent += events_stage(machines, state, r, flagged, mirror)
        spent += settle(machines, state, r, flagged, now, mirror)
    else:
        spent += holding(machines, state, r, step)
    state.steps[r] += 1
    state.clock[r] = state.steps[r] * step
    state.spent[r] += spent
    return spent


@stage
def settle(
    machines: Machines,
    state: MachineState,
    r: int,
    flagged: np.int64,
    now: np.uint64,
    mirror: np.uint64,
) -> float:
    """Show the flagged machines as they are at the step's end; return their inspections' EUR."""
    spent = 0.0
    for place in range(flagged):
        k = state.flagged[r, place]
        state.up[r, k] = min(state.up[r, k], 1.0)  # parts of a step may add up to a hair more
        if state.mode[r, k] <= PLANNED:
            _show_level(machines, state, r, k)
            spent += inspect(machines, state, r, k, now, mirror)
        elif state.mode[r, k] <= REPAIR:  # failed; under maintenance it keeps its level
            state.level[r, k] = 1.0
    return spent


@stage
def start_machines(
    machines: Machines, state: MachineState, r: int, now: np.uint64, mirror: np.uint64
) -> None:
    """Begin an episode in replica r: machines new or of staggered ages, base stocks full.

    ``now`` is the hash state from which every life, path and repair of the episode is drawn.
    """
    state.origin[r] = draw(now, STREAM_ORIGIN, 0)
    state.steps[r] = 0
    state.busy[r] = 0
    state.tickets[r] = 0
    state.deferred[r] = 0
    state.clock[r] = 0.0
    state.spent[r] = 0.0
    state.arrival[r] = NEVER
    for part in range(machines.spares):
        state.stock[r, part] = machines.base[part]
        state.ordered[r, part] = 0
        for slot in range(state.orders.shape[2]):
            state.orders[r, part, slot] = NEVER
    for k in range(machines.number):
        state.renewals[r, k] = 0
        state.points[r, k] = 0
        state.ticket[r, k] = 0
        state.due[r, k] = machines.inspect[k] - 1  # steps count from 0, and end with inspections
        state.load[r, k] = 1.0
        state.up[r, k] = 1.0
        for mode in range(state.hours.shape[2]):
            state.hours[r, k, mode] = 0.0
        for kind in range(state.counts.shape[2]):
            state.counts[r, k, kind] = 0
        renew(machines, state, r, k, mirror)
        if machines.staggered[k] == 1:
            stagger(machines, state, r, k, mirror)
        _show_level(machines, state, r, k)
        state.seen[r, k] = state.level[r, k]
