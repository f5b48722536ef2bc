"""Let markets order up to a level at the start of a period, and sell in every step."""

from __future__ import annotations

from stillage_sim.chain.arrays import (
    CUSTOMERS,
    OPERATOR,
    SERVED,
    SHORT_STEPS,
    STOREKEEPER,
    WANTED,
    Chain,
    State,
)
from stillage_sim.chain.stages.flows import move, total
from stillage_sim.engine import inlined, stage
from stillage_sim.engine.cycles import place
from stillage_sim.engine.ledger import transfer


@stage
def position(chain: Chain, state: State, r: int, s: int) -> float:
    """Compute a market's inventory position: at hand, under way, ordered, less what waits (kg)."""
    account = chain.markets.account[s]
    kg = total(chain.materials, state.mass[r, account]) - state.backlog[r, s]
    for t in range(chain.transits.account.shape[0]):
        if chain.transits.sink[t] == account:
            kg += total(chain.materials, state.mass[r, chain.transits.account[t]])
    inventory: float = kg + state.order[r, chain.markets.maker[s]]
    return inventory


@stage
def review_stage(chain: Chain, state: State, r: int, s: int, period: int) -> None:
    """Order up to the level (base stock); then the new period's demand joins the forecast.

    The forecast is the mean of the last ``window`` demands, as in Chen et al. (2000),
    "Quantifying the bullwhip effect in a simple supply chain".
    """
    markets = chain.markets
    window = markets.window[s]
    mean = 0.0
    for n in range(window):
        mean += state.past[r, s, n] / window
    target = (markets.base[s] + markets.cover[s] * mean) * markets.levels[state.level[r, s]]
    missing = target - position(chain, state, r, s)
    state.ordered[r, s] = 0.0
    if missing > 0.0:
        state.order[r, markets.maker[s]] += missing
        state.ordered[r, s] = missing
    if window > 0:
        state.past[r, s, place(period, window)] = state.quantity[r, markets.demand[s]]


@inlined
def sell_stage(chain: Chain, state: State, r: int, s: int, cohort: int) -> None:
    """Sell what is asked for, as far as there is some, into use."""
    markets = chain.markets
    wanted = state.quantity[r, markets.demand[s]] / chain.period
    waiting = state.backlog[r, s]
    need = wanted + waiting
    held = total(chain.materials, state.mass[r, markets.account[s]])
    sold = min(need, held)
    if sold > 0.0:
        use = markets.use[s]
        way = chain.processes.sink.shape[0] + chain.makers.sink.shape[0] + s
        move(
            chain.materials, state.mass[r, markets.account[s]],
            state.mass[r, chain.uses.account[use]], state.flow[r, way], sold / held,
        )  # fmt: skip
        state.cohort[r, use, place(cohort, state.cohort.shape[2])] += sold
        price = markets.price[s]
        if markets.price_index[s] >= 0:
            price *= state.quantity[r, markets.price_index[s]]
        transfer(state.money, r, CUSTOMERS, OPERATOR, 0, sold * price)
    unmet = need - sold
    state.backlog[r, s] = unmet if markets.backlog[s] == 1 else 0.0
    state.service[r, s, WANTED] += wanted
    state.service[r, s, SERVED] += max(sold - waiting, 0.0)
    if unmet > 0.0:
        state.service[r, s, SHORT_STEPS] += 1.0
    cost = (markets.holding[s] * (held - sold) + markets.penalty[s] * unmet) / chain.period
    if cost > 0.0:
        transfer(state.money, r, OPERATOR, STOREKEEPER, 0, cost)
