"""Run queueing networks event by event: small scalar functions, compiled over the replicas.

A server works on one item; it fails while working only, and resumes the item after its repair
(preempt-resume). Items wait first come, first served. A served item that finds no place at its
next station stays on its server and blocks it (blocking after service); blocked servers are
released in the order in which they were blocked. An item from outside that finds no place is
lost.
"""

from __future__ import annotations

import numpy as np

from stillage_sim.engine import compiled, kernel
from stillage_sim.engine.randomness import fold, fraction, from_table
from stillage_sim.queueing.arrays import (
    ARRIVAL,
    ARRIVED,
    BLOCKED,
    BREAKING,
    CHANGED,
    COMPLETED,
    ENTERED,
    FAILED,
    HEAD,
    HELD_HEAD,
    HELD_LENGTH,
    IDLE,
    LEFT,
    LENGTH,
    LIFE,
    LOST,
    NO_LIMIT,
    NOBODY,
    OVERFLOWED,
    QUEUE_AREA,
    REPAIR,
    REPAIRING,
    ROUTE,
    SERVICE,
    SINCE,
    SOJOURN,
    STARTED,
    TO_FAILURE,
    WAIT,
    WAITED,
    WORK,
    WORKING,
    Network,
    NetworkState,
)
from stillage_sim.queueing.heap import clear, next_time, pop, push
from stillage_sim.queueing.timelaws import draw_time

NO_ROOM, QUEUED = -2, -1


@compiled
def luck(state: NetworkState, r: int, j: int, purpose: int) -> np.uint64:
    """Draw the next 64 random bits for one purpose at a station: a hash of how many were drawn."""
    number = state.drawn[r, j, purpose]
    state.drawn[r, j, purpose] = number + 1
    bits: np.uint64 = fold(state.luck[r, j, purpose], np.uint64(number))
    return bits


@compiled
def _draw_span(network: Network, state: NetworkState, r: int, j: int, purpose: int) -> float:
    """Draw a time of the law that a station has for ``purpose``."""
    return draw_time(
        network.kind[j, purpose],
        network.parameters[j, purpose],
        network.tables[network.row[j, purpose]],
        luck(state, r, j, purpose),
        state.mirror[r],
    )


@compiled
def change(state: NetworkState, r: int, s: int, phase: int) -> None:
    """Add up the time that a server was in its phase, and begin another."""
    now = state.now[r]
    state.spent[r, s, state.phase[r, s]] += now - state.server[r, s, SINCE]
    state.server[r, s, SINCE] = now
    state.phase[r, s] = phase


@compiled
def _lengthen(state: NetworkState, r: int, j: int, by: int) -> None:
    """Add up the area under a queue's length, and change the length."""
    now, length = state.now[r], state.queue[r, j, LENGTH]
    state.sums[r, j, QUEUE_AREA] += length * (now - state.sums[r, j, CHANGED])
    state.sums[r, j, CHANGED] = now
    state.queue[r, j, LENGTH] = length + by


@compiled
def begin(network: Network, state: NetworkState, r: int, s: int, wait: float) -> None:
    """Draw how long a server needs for the item that it holds."""
    j = network.station[s]
    state.counts[r, j, STARTED] += 1
    if wait > 0.0:
        state.counts[r, j, WAITED] += 1
        state.sums[r, j, WAIT] += wait
    state.server[r, s, WORK] = _draw_span(network, state, r, j, SERVICE)


@compiled
def _work_on(network: Network, state: NetworkState, r: int, s: int) -> None:
    """Work until the item is done or the server fails, whichever is first."""
    span, phase = state.server[r, s, WORK], WORKING
    if network.kind[network.station[s], LIFE] >= 0 and state.server[r, s, TO_FAILURE] < span:
        span, phase = state.server[r, s, TO_FAILURE], BREAKING
    change(state, r, s, phase)
    push(state.heap, r, state.now[r] + span, s)


@compiled
def _idle_server(network: Network, state: NetworkState, r: int, j: int) -> int:
    """Find the first idle server of a station, or NOBODY."""
    for s in range(network.first[j], network.first[j + 1]):
        if state.phase[r, s] == IDLE:
            return s
    return NOBODY


@compiled
def _admit(network: Network, state: NetworkState, r: int, j: int, entered: float) -> int:
    """Let an item in; return the server that begins it, QUEUED, or NO_ROOM."""
    s = _idle_server(network, state, r, j)
    if s >= 0:
        state.server[r, s, ENTERED] = entered
        return s
    waiting, room = state.queue[r, j, LENGTH], state.line.shape[2]
    if network.buffer[j] != NO_LIMIT and waiting >= network.buffer[j]:
        return NO_ROOM
    if waiting >= room:
        state.counts[r, j, OVERFLOWED] += 1
        return NO_ROOM
    spot = state.queue[r, j, HEAD] + waiting
    if spot >= room:
        spot -= room
    state.line[r, j, spot, 0] = state.now[r]
    state.line[r, j, spot, 1] = entered
    _lengthen(state, r, j, 1)
    return QUEUED


@compiled
def take(state: NetworkState, r: int, j: int, s: int) -> float:
    """Give a server the first item of its queue; return how long that item waited."""
    spot = state.queue[r, j, HEAD]
    wait: float = state.now[r] - state.line[r, j, spot, 0]
    state.server[r, s, ENTERED] = state.line[r, j, spot, 1]
    _lengthen(state, r, j, -1)
    spot += 1
    if spot == state.line.shape[2] or state.queue[r, j, LENGTH] == 0:
        spot = 0  # back to memory that is in the cache
    state.queue[r, j, HEAD] = spot
    return wait


@compiled
def hold(state: NetworkState, r: int, s: int, j: int) -> None:
    """Block a server whose item finds no place at station j."""
    change(state, r, s, BLOCKED)
    spot = state.queue[r, j, HELD_HEAD] + state.queue[r, j, HELD_LENGTH]
    state.held[r, j, spot % state.held.shape[2]] = s
    state.queue[r, j, HELD_LENGTH] += 1


@compiled
def release(state: NetworkState, r: int, j: int) -> int:
    """Release the server that has been blocked longest by station j; NOBODY if there is none."""
    if state.queue[r, j, HELD_LENGTH] == 0:
        return NOBODY
    spot = state.queue[r, j, HELD_HEAD]
    state.queue[r, j, HELD_HEAD] = (spot + 1) % state.held.shape[2]
    state.queue[r, j, HELD_LENGTH] -= 1
    s: int = state.held[r, j, spot]
    return s


@compiled
def settle(
    network: Network,
    state: NetworkState,
    r: int,
    target: int,
    entered: float,
    freed: int,
    resumed: int,
) -> None:
    """Let a repaired server resume; place an item at ``target``; give a freed server its next.

    Each may be NOBODY. A server that is freed may make room for the item of a blocked one, which
    is thereby freed in turn.
    """
    go = resumed
    while target >= 0 or freed >= 0 or go >= 0:
        wait = 0.0
        if go >= 0:
            target = NOBODY
        elif target >= 0:
            go = _admit(network, state, r, target, entered)
            if go == NO_ROOM and freed >= 0:
                hold(state, r, freed, target)
                freed = NOBODY
            else:
                state.counts[r, target, ARRIVED] += 1
                state.counts[r, target, LOST] += 1 if go == NO_ROOM else 0
            target = NOBODY
        else:
            j = network.station[freed]
            change(state, r, freed, IDLE)
            if state.queue[r, j, LENGTH] > 0:
                go = freed
                wait = take(state, r, j, go)
            elif state.queue[r, j, HELD_LENGTH] == 0 and network.saturated[j] == 1:
                go = freed
                state.server[r, go, ENTERED] = state.now[r]
                state.counts[r, j, ARRIVED] += 1
            freed = release(state, r, j)
            if freed >= 0:
                target, entered = j, state.server[r, freed, ENTERED]
        if go >= 0:
            if go != resumed:  # a repaired server goes on with the item that it holds
                begin(network, state, r, go, wait)
            _work_on(network, state, r, go)
        go = NOBODY


@compiled
def complete(network: Network, state: NetworkState, r: int, s: int) -> int:
    """Complete an item: return the station that it goes to, or NOBODY if it leaves."""
    j = network.station[s]
    state.counts[r, j, COMPLETED] += 1
    target: int = network.sure[j]
    if target < 0:
        u = fraction(luck(state, r, j, ROUTE) ^ state.mirror[r])
        target = from_table(u, network.route[j])
    if target == network.first.shape[0] - 1:
        state.counts[r, j, LEFT] += 1
        state.sums[r, j, SOJOURN] += state.now[r] - state.server[r, s, ENTERED]
        target = NOBODY
    return target


@compiled
def _event_stage(network: Network, state: NetworkState, r: int) -> None:
    """Play the next event of replica r, and all that it brings about at the same instant.

    Codes: a server s; S + j, an item from outside at station j; S + J + j, the start of these.
    """
    now = next_time(state.heap, r)
    state.now[r] = now
    what = pop(state.heap, r)
    servers, stations = network.station.shape[0], network.first.shape[0] - 1
    target, entered, freed, resumed, purpose = NOBODY, now, NOBODY, NOBODY, ARRIVAL
    if what >= servers + stations:
        what -= stations
        j = what - servers
    elif what >= servers:
        j = what - servers
        target = j
    else:
        j = network.station[what]
        phase = state.phase[r, what]
        worked = now - state.server[r, what, SINCE]
        if phase == WORKING:
            purpose = NOBODY
            state.server[r, what, TO_FAILURE] -= worked
            entered, freed = state.server[r, what, ENTERED], what
            target = complete(network, state, r, what)
        elif phase == BREAKING:
            purpose = REPAIR
            state.counts[r, j, FAILED] += 1
            state.server[r, what, WORK] -= worked
            change(state, r, what, REPAIRING)
        elif phase == REPAIRING:
            purpose, resumed = LIFE, what
        else:
            purpose = LIFE if network.kind[j, LIFE] >= 0 else NOBODY
            freed = what if network.saturated[j] == 1 else NOBODY
    if purpose != NOBODY:
        span = _draw_span(network, state, r, j, purpose)
        if purpose == LIFE:
            state.server[r, what, TO_FAILURE] = span
        else:
            push(state.heap, r, now + span, what)
    settle(network, state, r, target, entered, freed, resumed)


@kernel
def start_networks(network: Network, state: NetworkState) -> None:
    """Start all replicas empty at time 0, with new servers; ``luck`` and ``mirror`` are set.

    What happens at time 0 (a first life, a first item, the start of arrivals) are events, too.
    """
    stations, servers = network.first.shape[0] - 1, network.station.shape[0]
    for r in range(state.now.shape[0]):
        clear(state.heap, r)
        state.now[r] = 0.0
        state.drawn[r] = 0
        state.phase[r] = IDLE
        state.server[r] = 0.0
        state.queue[r] = 0
        state.counts[r] = 0
        state.sums[r] = 0.0
        state.spent[r] = 0.0
        for what in range(servers + stations):
            due, code = True, what
            if what >= servers:
                due, code = network.kind[what - servers, ARRIVAL] >= 0, what + stations
            if due:
                push(state.heap, r, 0.0, code)


@kernel
def forget(state: NetworkState) -> None:
    """Set all figures to zero, as at the end of a warm-up."""
    for r in range(state.now.shape[0]):
        state.counts[r] = 0
        state.spent[r] = 0.0
        state.sums[r, :, :CHANGED] = 0.0  # not the time of the last change, from which areas go on


@kernel
def run_networks(network: Network, state: NetworkState, until: float) -> None:
    """Run every replica to the time ``until``, and add up what lasts beyond it as far as that."""
    for r in range(state.now.shape[0]):
        while next_time(state.heap, r) <= until:
            _event_stage(network, state, r)
        state.now[r] = until
        for s in range(network.station.shape[0]):
            phase = state.phase[r, s]
            # Its event stays in the calendar, but SINCE is about to change: count its work so far.
            if phase in (WORKING, BREAKING):
                worked = until - state.server[r, s, SINCE]
                state.server[r, s, WORK] -= worked
                state.server[r, s, TO_FAILURE] -= worked
            change(state, r, s, phase)
        for j in range(network.first.shape[0] - 1):
            _lengthen(state, r, j, 0)
