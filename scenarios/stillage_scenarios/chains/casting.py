"""Build a chain's world from settings and a cast of held-out items."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stillage.errors import BadInput
from stillage_scenarios.chains.policies import ChainRule, Rule
from stillage_scenarios.chains.recognising import Recogniser, costs
from stillage_scenarios.chains.settings import ChainWorldSettings
from stillage_scenarios.chains.world import ChainWorld
from stillage_sim.chain.building import build
from stillage_sim.chain.file import load_chain
from stillage_sim.chain.model import ChainModel
from stillage_sim.chain.running import usual_policy
from stillage_sim.chain.stages.decide import CompiledPolicy
from stillage_sim.policy.protocol import DECLARED, Policy, Seeing, table_of
from stillage_sim.scenario import Cast


def load_model(settings: ChainWorldSettings) -> ChainModel:
    """Build the chain that the settings name."""
    return build(load_chain(settings.path))


def build_world(
    settings: ChainWorldSettings, cast: Cast, policies: Mapping[str, Seeing]
) -> ChainWorld:
    """Build the world whose sorters see what ``cast`` says.

    It has ``policies``, and a rule for each table that is not named among them.

    Raises
    ------
    BadInput
        If the chain cannot be built, or a table does not fit its items.
    """
    model = load_model(settings)
    recogniser = Recogniser(model, cast, settings.batches, settings.batch_items)
    tables = cast.tables
    read = any(sorter.seen for sorter in recogniser.sorters)
    named = dict(policies)
    named |= {name: ChainRule(name) for name in tables if name not in named}
    choices: dict[str, CompiledPolicy] = {}
    acting: dict[str, Policy] = {}
    missing: dict[str, str] = {}
    seen = {}
    for name, policy in named.items():
        if read and table_of(policy.sees) and policy.sees not in tables:
            missing[name] = policy.sees
            continue
        if policy.sees not in seen:
            seen[policy.sees] = recogniser.perceive(policy.sees)
        if isinstance(policy, ChainRule):
            rules = policy.settled(settings.maintenance).rules(model)
        elif isinstance(policy, Rule):
            rules = policy.rules(model)
        elif isinstance(policy, Policy):
            acting[name], rules = policy, usual_policy(model).rules
        else:
            found = type(policy).__name__
            raise BadInput(f"policy {name!r}", found, "a Policy (begin, act) or a Rule (rules)")
        joules, seconds = reading(model, recogniser, cast, policy.sees)
        choices[name] = CompiledPolicy(seen[policy.sees], rules, joules, seconds)
    return ChainWorld(
        model=model,
        choices=choices,
        worlds=cast.worlds,
        sampling=settings.sampling,
        frames=settings.frames,
        acting=acting,
        missing=missing,
        notes=(*about(model), *recogniser.notes()),
    )


def reading(
    model: ChainModel, recogniser: Recogniser, cast: Cast, sees: str
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the joules and seconds of a reading on each device, float64 (D,) both.

    A device that reads for a process which sees held-out items costs what the model behind the
    table costs; without a table nothing is sensed. All other devices are the file's.
    """
    devices, chain = model.parts.devices, model.parts.chain
    joules = np.array(devices.reading_j, np.float64)
    seconds = np.array(devices.reading_s, np.float64)
    cost = {"j": 0.0, "s": 0.0}
    if table_of(sees) and any(sorter.seen for sorter in recogniser.sorters):
        cost = dict(costs(cast, sees))
    for sorter in recogniser.sorters:
        if sorter.seen and sees != DECLARED:
            reads = np.asarray(chain.readers) == sorter.process.process
            joules[reads], seconds[reads] = cost["j"], cost["s"]
    return joules, seconds


def about(model: ChainModel) -> tuple[str, ...]:
    """List what a reader should know of the chain before its figures."""
    assumed = sum(figure.source.startswith("assumed") for figure in model.figures)
    return (
        f"chain {model.name!r}: {model.summary}",
        f"{assumed} of the chain's {len(model.figures)} numbers are assumed, the others named",
    )
