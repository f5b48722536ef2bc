"""Observe a chain: every quantity beside a reference, as float32 in 0..1 or -1..1.

A stock without a room, an order, a demand or an age x is shown as x / (x + reference): 0 for
nothing, 1/2 at the reference, 1 for infinitely much, so that no stock leaves the bounds and none
is clipped. What an agent could not know (the true composition of a lane, a machine's true level
of wear) is not shown.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage_sim.chain.arrays import Floats, Ints
from stillage_sim.chain.model import ChainModel
from stillage_sim.chain.stages.decide import legal
from stillage_sim.chain.stages.flows import total
from stillage_sim.chain.stages.step import Parts, States
from stillage_sim.devices.power import BATTERY
from stillage_sim.engine import packed, stage
from stillage_sim.machines.arrays import MAINTENANCE, NEVER, PLANNED, REPAIR, WAITING
from stillage_sim.machines.rules import age_replacement
from stillage_sim.machines.stages import may_maintain
from stillage_sim.uncertainty.build import expected_values

WEEK_D, YEAR_D = 7, 365


class Sight(NamedTuple):
    """The references of what is shown; kilograms, hours, or a quantity's unit.

    ``account`` (S + T,): lanes, goods in use and transits, in the order of the row, each with its
    ``reference`` and ``room`` (inf: none); ``order`` (K,) of makers; ``usual`` (S,) kg a period of
    markets; ``quantity`` (V,) mean sizes; ``age`` (machines,) the best age to maintain, or the
    mean life; ``spare`` (types,) base stocks.
    """

    account: Ints
    reference: Floats
    room: Floats
    order: Floats
    usual: Floats
    quantity: Floats
    age: Floats
    spare: Floats


class Field(NamedTuple):
    """One array of an observation: its name, shape, lowest value, and what stands where."""

    name: str
    shape: tuple[int, ...]
    low: float
    names: tuple[str, ...]


MACHINE = ("up", "waiting", "worked on", "level seen", "age")
_CLOCK = ("day", "week", "year")


def fields(model: ChainModel) -> tuple[Field, ...]:
    """List the arrays of an observation in order; what a chain has none of is left out.

    ``stocks`` (lanes and goods in use), ``transit``, ``orders`` (makers), ``backlog`` (markets),
    ``demand`` (markets, 2: last period, mean of the window), ``level`` (markets), ``quantities``,
    ``machines`` (machines, 5: see ``MACHINE``), ``spares``, ``power`` (devices, 2: charge, awake),
    ``sky`` (1,), ``clock`` (3,: share of the day, the week and the year that is over).
    """
    stocks, transits = _accounts(model)
    markets, spares = model.markets, tuple(s.name for s in model.maintenance.spares)
    count, devices = len(model.machines), len(model.devices)
    found = (
        Field("stocks", (len(stocks),), 0.0, tuple(model.accounts[a].name for a in stocks)),
        Field("transit", (len(transits),), 0.0, tuple(model.accounts[a].name for a in transits)),
        Field("orders", (len(model.makers),), 0.0, model.makers),
        Field("backlog", (len(markets),), 0.0, markets),
        Field("demand", (len(markets), 2), 0.0, markets),
        Field("level", (len(markets),), 0.0, markets),
        Field("quantities", (len(model.quantities),), -1.0, model.quantities),
        Field("machines", (count, len(MACHINE)), 0.0, model.machines),
        Field("spares", (len(spares),), 0.0, spares),
        Field("power", (devices, 2), 0.0, model.devices),
        Field("sky", (min(devices, 1),), 0.0, ("clear",)),
        Field("clock", (len(_CLOCK),), 0.0, _CLOCK),
    )
    return tuple(field for field in found if field.shape[0] > 0)


def choices(model: ChainModel) -> tuple[int, ...]:
    """Count the alternatives of each number of an action: choices, markets, machines."""
    routes = (len(choice.alternatives) + 1 for choice in model.choices)
    levels = len(model.parts.chain.markets.levels)
    return (*routes, *(levels for _ in model.markets), *(2 for _ in model.machines))


def _accounts(model: ChainModel) -> tuple[list[int], list[int]]:
    """List the accounts that are shown as stocks, and those of goods under way."""
    stocks = [
        n for n, a in enumerate(model.accounts) if a.kind != "transit" and not (a.sink or a.supply)
    ]
    return stocks, [int(a) for a in model.parts.chain.transits.account]


def sight_of(model: ChainModel) -> Sight:
    """Compute the references of a chain.

    A stock's is the most of: what is there at first, what its takers handle in a period, what a
    market usually sells in one, and what enters a transit during its lead.
    """
    chain = model.parts.chain
    processes, makers, markets = chain.processes, chain.makers, chain.markets
    stocks, transits = _accounts(model)
    period, accounts = chain.period, np.array(stocks + transits, np.int64)
    usual = np.zeros(len(model.accounts))
    np.add.at(usual, markets.account, markets.usual)
    reference = np.maximum(chain.start.sum(1), usual)

    def at_least(account: int, kg: float) -> None:
        if np.isfinite(kg):
            reference[account] = max(reference[account], kg)

    for p, source in enumerate(processes.source):
        at_least(int(source), float(processes.rate[p]) * period)
    for flow, rate in ((processes.transit, processes.rate), (makers.transit, makers.rate)):
        for n, t in enumerate(flow):
            if t >= 0:
                kg = float(rate[n]) * int(chain.transits.lead[t])
                at_least(int(chain.transits.account[t]), kg)
    mean = float(markets.usual.sum()) or 1.0
    reference[reference <= 0.0] = mean
    ages = age_replacement(model.maintenance).age_h.copy()
    for k, machine in enumerate(model.maintenance.machines):
        if ages[k] >= NEVER:
            ages[k] = machine.mean_life
    uncertain = model.parts.uncertainties
    periods = max(round(YEAR_D * 24.0 / uncertain.period_h), 1)
    return Sight(
        account=accounts,
        reference=reference[accounts],
        room=chain.room[accounts],
        order=np.where(np.isfinite(makers.rate), makers.rate * period, mean),
        usual=np.maximum(markets.usual, 1e-9),
        quantity=np.maximum(np.abs(expected_values(uncertain, periods)), 1e-9),
        age=np.where(np.isfinite(ages), np.maximum(ages, 1e-9), NEVER),
        spare=np.maximum(model.parts.machines.base, 1).astype(np.float64),
    )


@stage
def against(value: float, reference: float) -> float:
    """Show a size beside a reference: 0 for 0, 1/2 for the reference, towards 1 or -1 for more."""
    size = value if value >= 0.0 else -value
    share: float = value / (size + reference)
    return share


@stage
def _hours_of(parts: Parts, states: States, r: int) -> float:
    """Compute the hours since midnight of 1 January of replica r's first year."""
    hours: float = states.chain.step[r] * parts.chain.step_h
    return hours + parts.uncertainties.start_day * 24.0


@stage
def _trade_stage(
    sight: Sight, parts: Parts, states: States, r: int, row: np.ndarray, at: int
) -> int:
    """Show orders, backlogs, demands, levels and quantities; return where the next field begins."""
    markets, state = parts.chain.markets, states.chain
    for k in range(sight.order.shape[0]):
        row[at] = against(max(state.order[r, k], 0.0), sight.order[k])
        at += 1
    # Backlogs, demands (2 each) and levels are three fields one after another, filled by market.
    count = sight.usual.shape[0]
    for s in range(count):
        row[at] = against(max(state.backlog[r, s], 0.0), sight.usual[s])
        window, mean = markets.window[s], sight.usual[s]
        last = sight.usual[s] if state.step[r] == 0 else state.quantity[r, markets.demand[s]]
        if window > 0:
            mean = 0.0
            for n in range(window):
                mean += state.past[r, s, n] / window
        row[at - s + count + 2 * s] = against(last, sight.usual[s])
        row[at - s + count + 2 * s + 1] = against(mean, sight.usual[s])
        most = markets.levels.shape[0] - 1
        row[at - s + 3 * count + s] = state.level[r, s] / most if most > 0 else 0.0
        at += 1
    at += 3 * count
    for v in range(sight.quantity.shape[0]):
        # Before the first step nothing has been drawn yet: the mean stands in.
        drawn = sight.quantity[v] if state.step[r] == 0 else state.quantity[r, v]
        row[at] = against(drawn, sight.quantity[v])
        at += 1
    return at


@stage
def _machine_stage(sight: Sight, states: States, r: int, row: np.ndarray, at: int) -> int:
    """Show machines and spare parts; return where the next field begins."""
    state = states.machines
    for k in range(sight.age.shape[0]):
        mode = state.mode[r, k]
        row[at] = state.up[r, k]
        row[at + 1] = 1.0 if mode in (PLANNED, WAITING) else 0.0
        row[at + 2] = 1.0 if mode in (REPAIR, MAINTENANCE) else 0.0
        row[at + 3] = min(max(state.seen[r, k], 0.0), 1.0)
        row[at + 4] = against(max(state.age[r, k], 0.0), sight.age[k])
        at += 5
    for part in range(sight.spare.shape[0]):
        row[at] = min(max(state.stock[r, part] / sight.spare[part], 0.0), 1.0)
        at += 1
    return at


@stage
def observe_stage(sight: Sight, parts: Parts, states: States, r: int, row: np.ndarray) -> None:
    """Write all that replica r shows into its row, in the order of :func:`fields`."""
    state = states.chain
    for n in range(sight.account.shape[0]):
        kg = max(total(parts.chain.materials, state.mass[r, sight.account[n]]), 0.0)
        if sight.room[n] < np.inf:
            row[n] = min(kg / sight.room[n], 1.0) if sight.room[n] > 0.0 else 1.0
        else:
            row[n] = against(kg, sight.reference[n])
    at = _trade_stage(sight, parts, states, r, row, sight.account.shape[0])
    at = _machine_stage(sight, states, r, row, at)
    devices, seen = parts.devices, states.devices
    for d in range(devices.panel.shape[0]):
        full = devices.capacity[d]
        charge = seen.energy[r, BATTERY, d] / full if full > 0.0 else 0.0
        row[at] = 1.0 if devices.mains[d] == 1 else min(max(charge, 0.0), 1.0)
        row[at + 1] = min(max(seen.awake[r, d], 0.0), 1.0)
        at += 2
    if devices.panel.shape[0] > 0:
        row[at] = min(max(seen.clear[r], 0.0), 1.0)
        at += 1
    days = _hours_of(parts, states, r) / 24.0
    day = np.int64(days)
    first = parts.uncertainties.start_weekday - parts.uncertainties.start_day
    share = days - day
    row[at] = share
    row[at + 1] = ((day + first) % WEEK_D + share) / WEEK_D
    row[at + 2] = (day % YEAR_D + share) / YEAR_D


@stage
def _mask_stage(sight: Sight, parts: Parts, states: States, r: int, mask: np.ndarray) -> None:
    """Write what replica r may do (1) into its rows (actions, widest); padding is 0."""
    chain = parts.chain
    routes, markets = chain.routes.shape[0], sight.usual.shape[0]
    levels, widest = chain.markets.levels.shape[0], mask.shape[1]
    for g in range(routes):
        for action in range(widest):
            may = action <= chain.routes.shape[1] and legal(chain, states.chain, r, g, action)
            mask[g, action] = 1 if may else 0
    for s in range(markets):
        for action in range(widest):
            mask[routes + s, action] = 1 if action < levels else 0
    for k in range(sight.age.shape[0]):
        row = mask[routes + markets + k]
        for action in range(widest):
            row[action] = 0
        row[0] = 1
        row[1] = 1 if may_maintain(parts.machines, states.machines, r, k) else 0


@packed
def observe_replicas(
    sight: Sight,
    parts: Parts,
    states: States,
    rows: NDArray[np.float32],
    mask: NDArray[np.int8],
) -> None:
    """Write observations float32 (R, F) and masks int8 (R, actions, widest) of all replicas."""
    for r in range(rows.shape[0]):
        observe_stage(sight, parts, states, r, rows[r])
        _mask_stage(sight, parts, states, r, mask[r])
