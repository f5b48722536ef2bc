"""Step the belt by the second: scalar stages in a fixed order, compiled over the replicas.

power -> act -> advance -> arrive -> perceive. Only + - x /, comparisons, look-ups and the
integer hash occur here, so that a replica's numbers depend on nothing but its coordinates.
"""

from __future__ import annotations

import numpy as np

from stillage_scenarios.sorting.plant import (
    ARRIVED,
    BELT,
    BUYERS,
    DISPOSAL,
    EMPTY_S,
    FEED,
    ILLEGAL,
    ITEM,
    LEFT,
    LUCK,
    MISSED,
    ON_S,
    PERCEIVED,
    PICKED,
    PLANT,
    RELEASED,
    SEEN,
    Decisions,
    Items,
    Plant,
    State,
    View,
)
from stillage_sim.devices.power import BATTERY, DAY_S, SOURCE, consume, drain, shine
from stillage_sim.engine import compiled, kernel
from stillage_sim.engine.ledger import transfer
from stillage_sim.engine.randomness import below, draw, fold, fraction, from_table, high, low

STREAM_WEATHER, STREAM_ARRIVALS, STREAM_ITEM, STREAM_LUCK = 1, 2, 3, 4


@compiled
def running(plant: Plant, state: State, r: int) -> bool:
    """Tell whether the belt of replica r runs in this second."""
    on: bool = state.step[r] % DAY_S < plant.shift_s
    return on


@compiled
def _power_stage(
    plant: Plant, items: Items, decisions: Decisions, state: State, r: int, on: bool
) -> None:
    """Let the sun shine, draw the device's power, and see whether it is awake."""
    second = state.step[r] % DAY_S
    if second == 0:
        bits = draw(state.prefix[r], STREAM_WEATHER, state.step[r] // DAY_S)
        span = plant.clear_high - plant.clear_low
        state.clear[r] = plant.clear_low + span * fraction(bits)
    shine(state.energy, r, plant.solar[second] * state.clear[r], plant.capacity_j)
    if decisions.device == 0:
        return
    if state.asleep[r] == 1 and state.energy[r, BATTERY, 0] >= plant.wake_j:
        state.asleep[r] = 0
    idle = decisions.idle[items.world_seed[state.world[r]]]
    need = idle if on and state.asleep[r] == 0 else plant.sleep_j
    if not drain(state.energy, r, need):
        state.asleep[r] = 1
    if on and state.asleep[r] == 1:
        state.counts[r, EMPTY_S] += 1


@compiled
def _leave_stage(plant: Plant, items: Items, state: State, r: int, slot: int, chute: int) -> None:
    """Move the item of a slot into a chute: its mass, its money, and free the slot."""
    item = state.slots[r, slot, ITEM]
    kind = items.kind[item]
    transfer(state.mass, r, BELT, 1 + chute, kind, items.mass[item])
    payer = DISPOSAL if chute == plant.chutes else BUYERS
    transfer(state.money, r, payer, PLANT, 0, items.mass[item] * plant.price[chute - 1, kind])
    state.slots[r, slot, ITEM] = -1
    if state.current[r] == slot:
        state.current[r] = -1


@compiled
def legal(plant: Plant, state: State, r: int, slot: int, action: int) -> bool:
    """Tell if an action other than 0 can be done: a perceived item, a chute, a pick left."""
    if action < 1 or action > plant.chutes or state.slots[r, slot, ITEM] < 0:
        return False
    if state.slots[r, slot, SEEN] == 0 or not running(plant, state, r):
        return False
    return action == plant.chutes or state.credit[r] >= 1.0


@compiled
def act_stage(plant: Plant, items: Items, state: State, r: int, actions: np.ndarray) -> None:
    """Pick or release, slot after slot; what cannot be done is counted and ignored."""
    for slot in range(plant.slots):
        action = actions[r, slot]
        if action == 0:
            continue
        if not legal(plant, state, r, slot, action):
            state.counts[r, ILLEGAL] += 1
            continue
        if action == plant.chutes:
            state.counts[r, RELEASED] += 1
        else:
            state.credit[r] -= 1.0
            state.counts[r, PICKED] += 1
        _leave_stage(plant, items, state, r, slot, action)


@compiled
def _advance_stage(plant: Plant, items: Items, state: State, r: int) -> None:
    """Move the belt: what leaves the robot's reach undecided is missed. Earn picks."""
    for slot in range(plant.slots):
        if state.slots[r, slot, ITEM] >= 0:
            state.slots[r, slot, LEFT] -= 1
            if state.slots[r, slot, LEFT] == 0:
                _leave_stage(plant, items, state, r, slot, plant.chutes)
                state.counts[r, MISSED] += 1
    # Beside the picks of a second, at most one is saved up.
    state.credit[r] = min(state.credit[r] + plant.picks, plant.picks + 1.0)


@compiled
def _draw_item(items: Items, world: int, bits: np.uint64) -> np.int64:
    """Draw a held-out item: a group of the world, then one of its samples."""
    spot = below(high(bits), items.world_size[world])
    group = items.world_groups[world, spot]
    start = items.group_start[group]
    number: np.int64 = start + below(low(bits), items.group_start[group + 1] - start)
    drawn: np.int64 = items.group_items[number]
    return drawn


@compiled
def arrive_stage(plant: Plant, items: Items, decisions: Decisions, state: State, r: int) -> None:
    """Put new items into free slots; those that find none pass by and are missed."""
    now = fold(state.prefix[r], np.uint64(state.step[r]))
    count = from_table(fraction(draw(now, STREAM_ARRIVALS, 0)), plant.arrivals)
    slot = 0
    for index in range(count):
        item = _draw_item(items, state.world[r], draw(now, STREAM_ITEM, index))
        transfer(state.mass, r, FEED, BELT, items.kind[item], items.mass[item])
        while slot < plant.slots and state.slots[r, slot, ITEM] >= 0:
            slot += 1
        place = min(slot, plant.slots - 1)
        if slot < plant.slots:
            state.slots[r, place, ITEM] = item
            state.slots[r, place, LEFT] = plant.reach_s
            state.slots[r, place, SEEN] = 1 - decisions.device  # without a device, known at once
            state.slots[r, place, LUCK] = np.int64(high(draw(now, STREAM_LUCK, index)))
        else:
            _pass_by(plant, items, state, r, item)
    state.counts[r, ARRIVED] += count


@compiled
def _pass_by(plant: Plant, items: Items, state: State, r: int, item: np.int64) -> None:
    """Send an item that finds no slot straight to residue, missed."""
    kind = items.kind[item]
    transfer(state.mass, r, BELT, 1 + plant.chutes, kind, items.mass[item])
    fee = items.mass[item] * plant.price[plant.chutes - 1, kind]
    transfer(state.money, r, DISPOSAL, PLANT, 0, fee)
    state.counts[r, MISSED] += 1


@compiled
def _next_unseen(plant: Plant, state: State, r: int, slack: float) -> int:
    """Find the slot of the oldest item not perceived yet that can be in time, or -1.

    ``slack`` (s) is the time that a reading takes beyond what is left of this second; an item
    must be perceived a second before it leaves, else nobody can act on it.
    """
    best = -1
    for slot in range(plant.slots):
        if state.slots[r, slot, ITEM] < 0 or state.slots[r, slot, SEEN] == 1:
            continue
        if slack > state.slots[r, slot, LEFT] - 1.0:
            continue
        if best < 0 or state.slots[r, slot, LEFT] < state.slots[r, best, LEFT]:
            best = slot
    return best


@compiled
def _perceive_stage(plant: Plant, items: Items, decisions: Decisions, state: State, r: int) -> None:
    """Run the device for a second: read the oldest unseen items, one after another."""
    if decisions.device == 0 or state.asleep[r] == 1:
        return
    seed = items.world_seed[state.world[r]]
    time = 1.0
    while True:
        slot = state.current[r]
        if slot < 0:
            slot = _next_unseen(plant, state, r, decisions.latency[seed] - time)
            if slot < 0:
                return
            if not consume(state.energy, r, decisions.energy[seed]):
                state.asleep[r] = 1
                return
            state.current[r] = slot
            state.work[r] = decisions.latency[seed]
        if state.work[r] > time:
            state.work[r] -= time
            return
        time -= state.work[r]
        state.slots[r, slot, SEEN] = 1
        state.counts[r, PERCEIVED] += 1
        state.current[r] = -1


@compiled
def step_stage(
    plant: Plant, items: Items, decisions: Decisions, state: State, r: int, actions: np.ndarray
) -> float:
    """Step replica r by one second; return the money earned (EUR)."""
    before = state.money[r, PLANT, 0]
    on = running(plant, state, r)
    _power_stage(plant, items, decisions, state, r, on)
    act_stage(plant, items, state, r, actions)
    if on:
        _advance_stage(plant, items, state, r)
        arrive_stage(plant, items, decisions, state, r)
        _perceive_stage(plant, items, decisions, state, r)
        state.counts[r, ON_S] += 1
    state.step[r] += 1
    earned: float = state.money[r, PLANT, 0] - before
    return earned


@compiled
def decide_stage(
    plant: Plant, decisions: Decisions, state: State, r: int, actions: np.ndarray
) -> None:
    """Decide by look-up: release residue, pick the most valuable as far as picks reach."""
    picks = state.credit[r]
    variants = decisions.chute.shape[1]
    on = running(plant, state, r)
    waiting = 0
    for slot in range(plant.slots):
        actions[r, slot] = 0
        item = state.slots[r, slot, ITEM]
        if on and item >= 0 and state.slots[r, slot, SEEN] == 1:
            variant = below(np.uint64(state.slots[r, slot, LUCK]), variants)
            if decisions.chute[item, variant] == plant.chutes:
                actions[r, slot] = plant.chutes
            else:
                waiting += 1
    while picks >= 1.0 and waiting > 0:
        best, best_chute, best_value, best_left = -1, 0, 0.0, 0
        for slot in range(plant.slots):
            item = state.slots[r, slot, ITEM]
            if item < 0 or state.slots[r, slot, SEEN] == 0 or actions[r, slot] != 0:
                continue
            variant = below(np.uint64(state.slots[r, slot, LUCK]), variants)
            value = decisions.priority[item, variant]
            left = state.slots[r, slot, LEFT]
            # Of equals, what leaves first.
            if best < 0 or value > best_value or (value == best_value and left < best_left):
                best, best_chute = slot, decisions.chute[item, variant]
                best_value, best_left = value, left
        actions[r, best] = best_chute
        picks -= 1.0
        waiting -= 1


@kernel
def start_replicas(plant: Plant, state: State, which: np.ndarray) -> None:
    """Begin an episode in the replicas marked in ``which``; prefix and world are set already."""
    for r in range(which.shape[0]):
        if which[r]:
            state.step[r] = 0
            state.asleep[r] = 0
            state.current[r] = -1
            state.credit[r] = 0.0
            state.clear[r] = 0.0
            state.work[r] = 0.0
            state.slots[r] = 0
            for slot in range(plant.slots):
                state.slots[r, slot, ITEM] = -1
            state.mass[r] = 0.0
            state.energy[r] = 0.0
            state.money[r] = 0.0
            state.counts[r] = 0
            transfer(state.energy, r, SOURCE, BATTERY, 0, plant.start_j)


@kernel
def roll(
    plant: Plant, items: Items, decisions: Decisions, state: State, actions: np.ndarray, steps: int
) -> None:
    """Decide and step ``steps`` times, fused, replica after replica; ``actions`` is scratch."""
    for r in range(actions.shape[0]):
        for _ in range(steps):
            decide_stage(plant, decisions, state, r, actions)
            step_stage(plant, items, decisions, state, r, actions)


@kernel
def decide_replicas(plant: Plant, decisions: Decisions, state: State, actions: np.ndarray) -> None:
    """Write a policy's actions in every replica, int64 (R, slots)."""
    for r in range(actions.shape[0]):
        decide_stage(plant, decisions, state, r, actions)


@compiled
def observe_stage(plant: Plant, features: np.ndarray, state: State, view: View, r: int) -> None:
    """Write what an agent may know of replica r, and what it may do."""
    on = running(plant, state, r)
    pick = state.credit[r] >= 1.0
    for slot in range(plant.slots):
        item = state.slots[r, slot, ITEM]
        held = item >= 0
        seen = held and state.slots[r, slot, SEEN] == 1
        for k in range(features.shape[1]):
            view.perception[r, slot, k] = features[item, k] if seen else np.float32(0.0)
        left = state.slots[r, slot, LEFT] / plant.reach_s
        view.queue[r, slot, 0] = 1.0 if held else 0.0
        view.queue[r, slot, 1] = 1.0 if seen else 0.0
        view.queue[r, slot, 2] = left if held else 0.0
        view.mask[r, slot, 0] = 1
        view.mask[r, slot, plant.chutes] = 1 if on and seen else 0
        for action in range(1, plant.chutes):
            view.mask[r, slot, action] = 1 if on and seen and pick else 0
    charge = state.energy[r, BATTERY, 0] / plant.capacity_j if plant.capacity_j > 0.0 else 0.0
    view.battery[r, 0] = min(max(charge, 0.0), 1.0)
    view.battery[r, 1] = 1.0 - state.asleep[r]
    view.clock[r, 0] = (state.step[r] % DAY_S) / DAY_S
    view.clock[r, 1] = 1.0 if on else 0.0
    view.clock[r, 2] = min(state.credit[r], 1.0)


@kernel
def step_replicas(
    plant: Plant,
    items: Items,
    decisions: Decisions,
    features: np.ndarray,
    state: State,
    actions: np.ndarray,
    skip: np.ndarray,
    view: View,
) -> None:
    """Step every replica not marked in ``skip`` (bool (R,)) by a second; observe them all."""
    for r in range(actions.shape[0]):
        view.rewards[r] = 0.0
        if not skip[r]:
            view.rewards[r] = step_stage(plant, items, decisions, state, r, actions)
        observe_stage(plant, features, state, view, r)
