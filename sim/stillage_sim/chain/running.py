"""Run a chain by its kernels: begin episodes, step, keep periods, and take the totals.

>>> from stillage_sim.chain.building.model import build
>>> from stillage_sim.chain.file.load import load_chain
>>> model = build(load_chain('''
... [chain]
... name = "glass"
... [materials.glass]
... [nodes.bin]
... kind = "collection"
... lanes = ["clear"]
... [nodes.pit]
... kind = "disposal"
... [[edges]]
... from = "bin.clear"
... to = "pit"
... [start]
... "bin.clear" = { glass = 5.0 }
... '''))
>>> states = begun(model, 2)
>>> advance(model, usual_policy(model), states, 3).tolist()
[0.0, 0.0]
>>> states.chain.mass[:, model.account("pit"), 0].tolist()
[5.0, 5.0]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage_sim.chain.arrays import MONEY_ACCOUNTS, SCOPES, Floats, Ints, empty_state
from stillage_sim.chain.kernel_checks import (
    MOST_REPLICAS,
    check_array,
    check_beginning,
    check_history,
    check_policy,
    check_states,
    check_worlds,
    whole_number,
)
from stillage_sim.chain.model import ChainModel, usual_rules
from stillage_sim.chain.stages import step
from stillage_sim.chain.stages.decide import CompiledPolicy
from stillage_sim.chain.stages.step import History, Parts, States
from stillage_sim.devices.arrays import new_device_state
from stillage_sim.engine import bound, ledger, wrapping
from stillage_sim.machines.arrays import new_machine_state
from stillage_sim.machines.rules import age_replacement
from stillage_sim.scenario import Totals
from stillage_sim.uncertainty.arrays import new_uncertain_state
from stillage_sim.uncertainty.sampling import Sampling, episode_luck, prefixes

INDEPENDENT = Sampling()


def usual_policy(model: ChainModel) -> CompiledPolicy:
    """Build the policy that the file declares: its own sorters, its order of routes, best age.

    Machines are maintained at the age of least cost.
    """
    devices = model.parts.devices
    rules = usual_rules(model, age_replacement(model.maintenance))
    return CompiledPolicy(model.declared, rules, devices.reading_j, devices.reading_s)


def new_states(model: ChainModel, replicas: int) -> States:
    """Make room for R replicas, set by :func:`begin`. ``BadInput`` for an R that is no number."""
    replicas = whole_number("replicas", replicas, 0, MOST_REPLICAS)
    uncertain = new_uncertain_state(model.parts.uncertainties, replicas)
    return States(
        chain=empty_state(model.parts.chain, uncertain.value),
        machines=new_machine_state(model.parts.machines, replicas),
        devices=new_device_state(model.parts.devices, replicas),
        uncertain=uncertain,
    )


def begin(
    model: ChainModel,
    states: States,
    which: NDArray[np.bool_],
    replicas: Ints,
    seeds: NDArray[np.uint64],
    episodes: Ints,
    worlds: int = 1,
    sampling: Sampling = INDEPENDENT,
) -> None:
    """Begin an episode in the replicas marked in ``which``.

    Parameters
    ----------
    model, states
        The chain, and what :func:`new_states` made for it.
    which
        Replicas that begin anew, bool (R,).
    replicas, seeds, episodes : (R,)
        Number, seed (uint64) and episode of each replica: all its luck comes from these.
    worlds : int
        W: replica r perceives with world r mod W of its policy's perception.
    sampling : Sampling
        Antithetic pairs and strata; the default draws every replica independently.

    Raises
    ------
    BadInput
        If the states are another chain's, or something is not of their replicas.
    """
    count = check_states(states, new_states(model, 0))
    worlds = whole_number("worlds", worlds, 1)
    which, replicas, seeds, episodes = check_beginning(count, which, replicas, seeds, episodes)
    state = states.chain
    for i in map(int, np.flatnonzero(which)):
        one = replicas[i : i + 1]
        luck = episode_luck(int(seeds[i]), one, int(episodes[i]), len(model.quantities), sampling)
        states.uncertain.luck[i] = luck[0]
        state.prefix[i] = prefixes(int(seeds[i]), one, int(episodes[i]), sampling)[0]
    state.mirror[which] = sampling.mirror(replicas)[which]
    state.world[which] = (replicas % worlds)[which]
    with wrapping():
        step.start_replicas(model.parts, states, which)


def begun(
    model: ChainModel,
    replicas: int,
    seed: int = 0,
    first: int = 0,
    worlds: int = 1,
    sampling: Sampling = INDEPENDENT,
) -> States:
    """Begin the first episode of replicas ``first .. first + replicas - 1`` of a seed.

    Raises ``BadInput`` for numbers that are none of replicas, seeds or worlds.
    """
    states = new_states(model, replicas)
    first, worlds = whole_number("first", first), whole_number("worlds", worlds, 1)
    seed = whole_number("seed", seed, -(2**63), 2**64 - 1)
    numbers = np.arange(first, first + replicas, dtype=np.int64)
    state, word = states.chain, seed % 2**64
    states.uncertain.luck[:] = episode_luck(word, numbers, 0, len(model.quantities), sampling)
    state.prefix[:] = prefixes(word, numbers, 0, sampling)
    state.mirror[:] = sampling.mirror(numbers)
    state.world[:] = numbers % worlds
    with wrapping():
        step.start_replicas(model.parts, states, np.ones(replicas, np.bool_))
    return states


def new_history(model: ChainModel, replicas: int, periods: int) -> History:
    """Make room for what N periods of R replicas leave behind."""

    def room(*axes: int) -> Floats:
        return np.zeros((replicas, periods, *axes))

    return History(
        stock=room(len(model.accounts)),
        flow=room(len(model.ways)),
        up=room(len(model.machines)),
        battery=room(len(model.devices)),
        money=room(len(MONEY_ACCOUNTS)),
        emissions=room(len(SCOPES)),
        mains=room(),
    )


def _with_readings(parts: Parts, policy: CompiledPolicy) -> Parts:
    """Set in the parts what a reading costs the devices under a policy."""
    devices = parts.devices._replace(reading_j=policy.reading_j, reading_s=policy.reading_s)
    return parts._replace(devices=devices)


def advance(
    model: ChainModel,
    policy: CompiledPolicy,
    states: States,
    steps: int = 1,
    actions: Ints | None = None,
    skip: NDArray[np.bool_] | None = None,
    history: History | None = None,
) -> Floats:
    """Step every replica not marked in ``skip`` by a policy's rules, or as ``actions`` say.

    Returns
    -------
    float64 (R,)
        EUR earned.
    """
    return bind(model, policy, states, steps, actions, skip, history)()


def bind(
    model: ChainModel,
    policy: CompiledPolicy,
    states: States,
    steps: int = 1,
    actions: Ints | None = None,
    skip: NDArray[np.bool_] | None = None,
    history: History | None = None,
) -> Callable[[], Floats]:
    """Bind :func:`advance` to all its arguments, for who steps again and again.

    Write into ``actions`` and ``skip`` before each call; what it returns, EUR earned in this
    call, float64 (R,), is overwritten by the next one. A call costs about a microsecond more
    than its steps, where :func:`advance` looks at two hundred arrays first.

    Raises
    ------
    BadInput
        If the policy, the states or the history are another chain's or of other replicas, or a
        replica was begun with more worlds than the policy's perception has.
    """
    replicas = check_states(states, new_states(model, 0))
    steps = whole_number("steps", steps)
    check_policy(model, policy)
    check_worlds(states.chain.world, policy.perception)
    if actions is not None:
        check_array("actions", actions, (replicas, model.actions), np.int64)
    if skip is not None:
        check_array("skip", skip, (replicas,), np.bool_)
    if history is not None:
        check_history(history, new_history(model, 0, 0), replicas)
    rewards = np.zeros(replicas)
    call = bound(
        step.advance,
        _with_readings(model.parts, policy),
        policy.perception,
        policy.rules,
        states,
        np.zeros((replicas, model.actions), np.int64) if actions is None else actions,
        np.zeros(replicas, np.bool_) if skip is None else skip,
        rewards,
        new_history(model, replicas, 0) if history is None else history,
        steps,
        actions is None,
    )

    def run() -> Floats:
        with wrapping():
            call()
        return rewards

    return run


def totals(states: States) -> Totals:
    """Copy the ledgers and counts of every replica since its episode began, as float64.

    ``mass`` (R, A, M) and ``flow`` (R, ways, M) kg; ``money`` (R, 8, 1) EUR; ``mains`` (R, 2, 1)
    and ``energy`` (R, 6, D) J; ``emissions`` (R, 4) kg; ``service`` (R, S, 3); ``in_use``
    (R, U) kg of all cohorts and ``due`` (R, U, G + 1); ``machine_hours`` (R, K, 5),
    ``machine_counts`` (R, K, 3), ``device_counts`` (R, 5, D); ``illegal`` and ``steps`` (R,).
    """
    state, machines, devices = states.chain, states.machines, states.devices
    found: dict[str, Any] = {
        "mass": state.mass, "flow": state.flow, "money": state.money, "mains": state.mains,
        "energy": devices.energy, "emissions": state.emissions, "service": state.service,
        "in_use": state.cohort.sum(2), "due": state.due, "machine_hours": machines.hours,
        "machine_counts": machines.counts, "device_counts": devices.counts,
        "illegal": state.illegal, "steps": state.step,
    }  # fmt: skip
    return {name: np.array(values, np.float64) for name, values in found.items()}


def audit(found: Totals) -> dict[str, float]:
    """Compute the largest relative residual of mass, energy (mains and devices) and money."""
    return {
        "mass": ledger.residual(found["mass"]),
        "energy": max(ledger.residual(found["mains"]), ledger.residual(found["energy"])),
        "money": ledger.residual(found["money"]),
    }
