"""Step a chain: its stages in a fixed order, and rollouts of many steps.

act -> arrive -> (period: draw quantities, orders, returns) -> machines -> devices ->
processes -> makers -> markets -> mains. See docs/simulator for what each assumes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stillage_sim.chain.arrays import (
    GRID,
    OPERATOR,
    PROCESSES,
    SCOPE_2,
    UTILITY,
    WORKSHOP,
    Chain,
    Perception,
    State,
)
from stillage_sim.chain.stages.decide import Rules, decide_stage, legal
from stillage_sim.chain.stages.flows import arrive_stage, process_stage, total, working
from stillage_sim.chain.stages.making import make_stage
from stillage_sim.chain.stages.trade import review_stage, sell_stage
from stillage_sim.chain.stages.using import return_stage
from stillage_sim.devices import power
from stillage_sim.devices.arrays import Devices, DeviceState, Grid
from stillage_sim.devices.stages import devices_stage, start_devices
from stillage_sim.engine import (
    alone,
    changing,
    inlined,
    packed,
    stage,
)
from stillage_sim.engine.cycles import place, turns
from stillage_sim.engine.ledger import transfer
from stillage_sim.engine.randomness import below, draw, fold, high
from stillage_sim.machines.arrays import Machines, MachineState
from stillage_sim.machines.stages import machines_stage, start_machines
from stillage_sim.uncertainty.arrays import UncertainState, Uncertainties
from stillage_sim.uncertainty.stages import quantities_stage

STREAM_BATCH, STREAM_START = 1, 2


class Parts(NamedTuple):
    """The arrays that no policy changes, of all parts of a chain world."""

    chain: Chain
    machines: Machines
    devices: Devices
    grid: Grid
    uncertainties: Uncertainties


class States(NamedTuple):
    """The arrays that change, of all parts of a chain world."""

    chain: State
    machines: MachineState
    devices: DeviceState
    uncertain: UncertainState


@changing
class History(NamedTuple):
    """The record of every period n < N, taken at its end; all cumulative but ``stock`` and ``up``.

    ``stock`` (R, N, A) kg; ``flow`` (R, N, O + K + S + U) kg; ``up`` (R, N, machines) share of the
    last step that each worked; ``battery`` (R, N, D) J; ``money`` (R, N, 8) EUR; ``emissions``
    (R, N, 4) kg; ``mains`` (R, N) J.
    """

    stock: np.ndarray
    flow: np.ndarray
    up: np.ndarray
    battery: np.ndarray
    money: np.ndarray
    emissions: np.ndarray
    mains: np.ndarray


@stage
def _period_stage(parts: Parts, states: States, r: int, period: int, now: np.uint64) -> None:
    """Start a period: quantities are drawn, markets order, goods come back."""
    state = states.chain
    mirror = state.mirror[r]
    quantities_stage(parts.uncertainties, states.uncertain, r, period, now, mirror)
    for s in range(state.backlog.shape[1]):
        review_stage(parts.chain, state, r, s, period)
    for u in range(state.cohort.shape[1]):
        return_stage(parts.chain, state, r, u, period)


@inlined
def act_stage(parts: Parts, states: States, r: int, actions: np.ndarray) -> None:
    """Take over the actions: routes, which wait if they are not legal, and the markets' levels."""
    chain, state = parts.chain, states.chain
    routes = chain.routes.shape[0]
    for g in range(routes):
        state.route[r, g] = actions[r, g]
        if not legal(chain, state, r, g, actions[r, g]):
            state.illegal[r] += 1
            state.route[r, g] = 0
    for s in range(state.level.shape[1]):
        level = actions[r, routes + s]
        if level >= 0 and level < chain.markets.levels.shape[0]:
            state.level[r, s] = level
        else:
            state.illegal[r] += 1


@inlined
def _read_stage(parts: Parts, states: States, r: int, now: np.uint64) -> float:
    """Let devices read what their processes can do in this step; return J of mains drawn."""
    chain, state, machines = parts.chain, states.chain, states.machines
    processes = chain.processes
    for d in range(chain.readers.shape[0]):
        p = chain.readers[d]
        first, last = processes.machine[p], processes.machine[p + 1]
        limit = processes.rate[p] * working(machines.up[r], machines.speed[r], first, last)
        route = processes.route[p]
        if route >= 0 and state.route[r, route] != processes.alternative[p]:
            limit = 0.0
        kg = min(total(chain.materials, state.mass[r, processes.source[p]]), limit)
        state.readings[r, d] = kg / processes.item_kg[p]
    return devices_stage(
        parts.devices, states.devices, r, state.step[r], now, state.mirror[r], state.readings
    )


@inlined
def _mains_stage(grid: Grid, state: State, r: int, joules: float) -> None:
    """Draw a step's mains energy (J), and pay and count its emissions."""
    slot = place(state.step[r], grid.price.shape[0])
    transfer(state.mains, r, GRID, PROCESSES, 0, joules)
    transfer(state.money, r, OPERATOR, UTILITY, 0, joules * grid.price[slot])
    state.emissions[r, SCOPE_2] += joules * grid.carbon[slot]


@inlined
def step_stage(
    parts: Parts, perception: Perception, states: States, r: int, actions: np.ndarray
) -> float:
    """Step replica r once; return the money earned (EUR)."""
    chain, state = parts.chain, states.chain
    before = state.money[r, OPERATOR, 0]
    now = fold(state.prefix[r], np.uint64(state.step[r]))
    mirror = state.mirror[r]
    period = turns(state.step[r], chain.period)
    # Actions first: they answer what the policy saw, which was the end of the step before.
    act_stage(parts, states, r, actions)
    arrive_stage(chain, state, r)
    if state.step[r] - period * chain.period == 0:
        _period_stage(parts, states, r, period, now)
    first = chain.routes.shape[0] + state.level.shape[1]
    spent = machines_stage(parts.machines, states.machines, r, now, mirror, actions, first)
    if spent > 0.0:
        transfer(state.money, r, OPERATOR, WORKSHOP, 0, spent)
    joules = _read_stage(parts, states, r, now)
    # One batch a step for all processes: errors of one model in one step go together.
    if perception.share.shape[0] > 0:
        bits = draw(now, STREAM_BATCH, 0) ^ mirror
        state.batch[r] = below(high(bits), perception.share.shape[2])
    kwh = 0.0
    for p in range(chain.processes.source.shape[0]):
        kwh += process_stage(chain, perception, states.machines, states.devices, state, r, p)
    for k in range(chain.makers.sink.shape[0]):
        kwh += make_stage(chain, states.machines, state, r, k)
    for s in range(chain.markets.account.shape[0]):
        sell_stage(chain, state, r, s, turns(period, chain.uses.width[chain.markets.use[s]]))
    _mains_stage(parts.grid, state, r, joules + kwh * 3.6e6)
    state.step[r] += 1
    earned: float = state.money[r, OPERATOR, 0] - before
    return earned


@stage
def start_stage(parts: Parts, states: States, r: int) -> None:
    """Begin replica r's episode: stocks, goods in use, batteries and machines as declared."""
    chain, state = parts.chain, states.chain
    state.step[r] = 0
    state.illegal[r] = 0
    state.batch[r] = 0
    state.mass[r] = 0.0
    state.flow[r] = 0.0
    state.ring[r] = 0.0
    state.cohort[r] = 0.0
    state.due[r] = 0.0
    state.order[r] = 0.0
    state.backlog[r] = 0.0
    state.level[r] = 0
    state.route[r] = 0
    state.ordered[r] = 0.0
    state.readings[r] = 0.0
    state.money[r] = 0.0
    state.mains[r] = 0.0
    state.emissions[r] = 0.0
    state.service[r] = 0.0
    state.work[r] = 1.0
    for a in range(chain.start.shape[0]):
        for m in range(len(chain.materials)):
            transfer(state.mass, r, chain.outside, a, m, chain.start[a, m])
    cohorts = chain.uses.hazard.shape[1]
    for u in range(chain.uses.start.shape[0]):
        for age in range(cohorts):
            state.cohort[r, u, cohorts - 1 - age] = chain.uses.start[u, age]
    for s in range(state.past.shape[1]):
        for n in range(state.past.shape[2]):
            state.past[r, s, n] = chain.markets.usual[s]
    now = draw(state.prefix[r], STREAM_START, 0)
    start_machines(parts.machines, states.machines, r, now, state.mirror[r])
    start_devices(parts.devices, states.devices, r, now, state.mirror[r])


@stage
def keep(parts: Parts, states: States, history: History, r: int, n: int) -> None:
    """Record how replica r stands at the end of period n."""
    state = states.chain
    for a in range(state.mass.shape[1]):
        history.stock[r, n, a] = total(parts.chain.materials, state.mass[r, a])
    for way in range(state.flow.shape[1]):
        kg = 0.0
        for m in range(len(parts.chain.materials)):
            kg += state.flow[r, way, m]
        history.flow[r, n, way] = kg
    for k in range(states.machines.up.shape[1]):
        history.up[r, n, k] = states.machines.up[r, k]
    for d in range(states.devices.energy.shape[2]):
        history.battery[r, n, d] = states.devices.energy[r, power.BATTERY, d]
    for account in range(state.money.shape[1]):
        history.money[r, n, account] = state.money[r, account, 0]
    for scope in range(state.emissions.shape[1]):
        history.emissions[r, n, scope] = state.emissions[r, scope]
    history.mains[r, n] = state.mains[r, PROCESSES, 0]


@packed
def start_replicas(parts: Parts, states: States, which: np.ndarray) -> None:
    """Begin an episode in the replicas marked in ``which``.

    Their prefix, mirror and world must be set already.
    """
    for r in range(which.shape[0]):
        if which[r]:
            start_stage(parts, states, r)


@packed
def advance(
    parts: Parts,
    perception: Perception,
    rules: Rules,
    states: States,
    actions: np.ndarray,
    skip: np.ndarray,
    rewards: np.ndarray,
    history: History,
    steps: int,
    ruled: bool,
) -> None:
    """Step every replica not marked in ``skip`` (bool (R,)) ``steps`` times, fused, one by one.

    ``ruled``: actions are decided by ``rules`` in every step, else ``actions`` int64 (R, ...)
    are taken in each. ``rewards`` (R,) EUR earned; NaN for a replica of a world that the
    perception does not have, which is not stepped. Periods that ``history`` has room for are
    noted in it. One entry point for rollouts and for environments, since the whole step is
    compiled into it.
    """
    chain = parts.chain
    perceived, worlds = perception.share.shape[0], perception.share.shape[1]
    for r in range(actions.shape[0]):
        rewards[r] = 0.0
        if skip[r]:
            continue
        if perceived > 0 and states.chain.world[r] >= worlds:
            rewards[r] = np.nan
            continue
        one, its = alone(states, r), actions[r : r + 1]
        for _ in range(steps):
            if ruled:
                decide_stage(chain, parts.machines, rules, one.chain, one.machines, 0, its)
            rewards[r] += step_stage(parts, perception, one, 0, its)
            step = one.chain.step[0]
            done = turns(step, chain.period)
            if done * chain.period == step and done <= history.mains.shape[1]:
                keep(parts, one, alone(history, r), 0, done - 1)


@packed
def decide_replicas(parts: Parts, rules: Rules, states: States, actions: np.ndarray) -> None:
    """Write into ``actions`` int64 (R, ...) what a rule-based policy would do in every replica."""
    for r in range(actions.shape[0]):
        decide_stage(parts.chain, parts.machines, rules, states.chain, states.machines, r, actions)
