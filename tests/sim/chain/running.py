"""Run a built chain without an environment."""

from __future__ import annotations

import numpy as np

from stillage_sim.chain.arrays import Floats, Perception, empty_state
from stillage_sim.chain.decide import Rules
from stillage_sim.chain.model import ChainModel, usual_rules
from stillage_sim.chain.step import History, States, roll, start_replicas
from stillage_sim.compiled import wrapping
from stillage_sim.devices.arrays import new_device_state
from stillage_sim.machines.arrays import new_machine_state
from stillage_sim.machines.rules import age_replacement
from stillage_sim.uncertainty.arrays import new_uncertain_state
from stillage_sim.uncertainty.sampling import Sampling, episode_luck, prefixes


def started(model: ChainModel, replicas: int = 1, seed: int = 0) -> States:
    """R replicas at the start of an episode."""
    parts, which, sampling = model.parts, np.arange(replicas), Sampling()
    uncertain = new_uncertain_state(parts.uncertainties, replicas)
    uncertain.luck[:] = episode_luck(seed, which, 0, len(model.quantities), sampling)
    states = States(
        chain=empty_state(parts.chain, uncertain.value),
        machines=new_machine_state(parts.machines, replicas),
        devices=new_device_state(parts.devices, replicas),
        uncertain=uncertain,
    )
    states.chain.prefix[:] = prefixes(seed, which, 0, sampling)
    states.chain.mirror[:] = sampling.mirror(which)
    with wrapping():
        start_replicas(parts, states, np.ones(replicas, bool))
    return states


def no_history(model: ChainModel, states: States, periods: int = 0) -> History:
    """Room for what ``periods`` periods leave."""
    r = len(states.chain.step)

    def room(*axes: int) -> Floats:
        return np.zeros((r, periods, *axes))

    return History(
        stock=room(len(model.accounts)), flow=room(states.chain.flow.shape[1]),
        up=room(len(model.machines)), battery=room(len(model.devices)), money=room(8),
        emissions=room(4), mains=room(),
    )  # fmt: skip


def rolled(
    model: ChainModel,
    states: States,
    perception: Perception,
    steps: int,
    rules: Rules | None = None,
    history: History | None = None,
) -> States:
    """Step ``steps`` times by rules; the same states."""
    if rules is None:
        rules = usual_rules(model, age_replacement(model.maintenance))
    actions = np.zeros((len(states.chain.step), model.actions), np.int64)
    if history is None:
        history = no_history(model, states)
    with wrapping():
        roll(model.parts, perception, rules, states, actions, history, steps)
    return states
