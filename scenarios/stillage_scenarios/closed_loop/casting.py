"""From settings and a cast of held-out items to the closed-loop world."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stillage.errors import BadInput
from stillage_scenarios.chains.perception import Seer, common_tables, costs
from stillage_scenarios.chains.world import ClosedLoopWorld
from stillage_scenarios.closed_loop.policies import POLICIES, Plan, rules_of
from stillage_scenarios.closed_loop.settings import ClosedLoopSettings
from stillage_sim.chain.building.model import build
from stillage_sim.chain.file.load import load_chain
from stillage_sim.chain.model import ChainModel
from stillage_sim.chain.stages.decide import Policy
from stillage_sim.scenario import Cast


def load_model(settings: ClosedLoopSettings) -> ChainModel:
    """The chain that the settings name."""
    return build(load_chain(settings.path))


def build_world(
    settings: ClosedLoopSettings, cast: Cast, policies: Mapping[str, Plan] | None = None
) -> ClosedLoopWorld:
    """The world whose sorters see what ``cast`` says; ``policies`` come beside the built-in ones.

    Raises
    ------
    BadInput
        If the chain cannot be built, or a table does not fit its items.
    """
    model = load_model(settings)
    seer = Seer(model, cast, settings.batches, settings.batch_items)
    tables = common_tables(cast)
    read = any(sorter.seen for sorter in seer.sorters)
    named = {**POLICIES, **(policies or {})}
    named |= {name: Plan(name) for name in tables if name not in named}
    choices, missing, seen = {}, {}, {}
    for name, plan in named.items():
        if not isinstance(plan, Plan):
            raise BadInput(f"policy {name!r}", type(plan).__name__, "a Plan (policies.py)")
        if read and plan.table and plan.table not in tables:
            missing[name] = plan.table
            continue
        if plan.sees not in seen:
            seen[plan.sees] = seer.perceive(plan.sees)
        joules, seconds = reading(model, seer, cast, plan)
        rules = rules_of(plan, model, settings.maintenance)
        choices[name] = Policy(seen[plan.sees], rules, joules, seconds)
    return ClosedLoopWorld(
        model=model,
        choices=choices,
        worlds=cast.worlds,
        sampling=settings.sampling,
        frames=settings.frames,
        missing=missing,
        notes=(*about(model), *seer.notes()),
    )


def reading(model: ChainModel, seer: Seer, cast: Cast, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Joules and seconds of a reading on each device, float64 (D,) both.

    A device that reads for a process which sees held-out items costs what the model behind the
    plan's table costs; without a table nothing is sensed. All other devices are the file's.
    """
    devices, chain = model.parts.devices, model.parts.chain
    joules = np.array(devices.reading_j, np.float64)
    seconds = np.array(devices.reading_s, np.float64)
    cost = {"j": 0.0, "s": 0.0}
    if plan.table and any(sorter.seen for sorter in seer.sorters):
        cost = dict(costs(cast, plan.table))
    for sorter in seer.sorters:
        if sorter.seen and plan.sees != ":declared":
            reads = np.asarray(chain.readers) == sorter.process.process
            joules[reads], seconds[reads] = cost["j"], cost["s"]
    return joules, seconds


def about(model: ChainModel) -> tuple[str, ...]:
    """What a reader should know of the chain before its figures."""
    assumed = sum(figure.source.startswith("assumed") for figure in model.figures)
    return (
        f"chain {model.name!r}: {model.summary}",
        f"{assumed} of the chain's {len(model.figures)} numbers are assumed, the others named",
    )
