"""Choose the held-out items of each training seed, with their truth and what each model says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from stillage.errors import BadInput
from stillage.plugin.overrides import checked
from stillage.task import LabelState
from stillage_sim.run import deploy
from stillage_sim.run.context import Context
from stillage_sim.scenario import Cast, SeedCast

if TYPE_CHECKING:
    from stillage.distillation import SeedResult
    from stillage.perception.table import PerceptionTable
    from stillage.recording import Recording

Ints = NDArray[np.int64]


def held_out(
    context: Context, recording: Recording, results: tuple[SeedResult, ...]
) -> list[tuple[int, Ints]]:
    """Choose for every training seed the samples that no model was trained on.

    Without training, one seed with all items of the first role's target.

    Raises
    ------
    BadInput
        If none is left.
    """
    known: set[str] = set()
    present = np.ones(recording.samples, bool)
    for path in context.config.bundles.values():
        groups, _ = deploy.trained_on(path, recording)
        known |= groups
        present &= _present(path, recording)
    fresh = ~np.isin(recording.groups, sorted(known)) & present
    if results:
        each = [(r.seed, np.asarray(r.arrays["samples"], np.int64)) for r in results]
    else:
        settings = checked(context.scenario.Settings, context.config.settings, "settings")
        target = next(iter(context.scenario.roles(recording, settings).values()))
        labelled = recording.targets[target].states == LabelState.LABELLED
        each = [(context.config.seed, np.flatnonzero(labelled).astype(np.int64))]
    kept = [(seed, samples[fresh[samples]]) for seed, samples in each]
    for seed, samples in kept:
        if not len(samples):
            where = f"{recording.path}, seed {seed}"
            raise BadInput(where, "no item that no bundle was trained on", "some held-out items")
    return kept


def _present(path: str, recording: Recording) -> NDArray[np.bool_]:
    from stillage.bundle.runtime import Bundle

    folder, _ = deploy.split_bundle(path)
    modalities = Bundle.open(folder).modalities
    for name in modalities:
        if name not in recording.modalities:
            have = ", ".join(recording.modalities)
            raise BadInput(recording.path, f"modalities {have}", f"{name!r}, which {folder} reads")
    return np.asarray(np.any([recording.presence(name) for name in modalities], axis=0))


def load_tables(context: Context, seed: int) -> dict[str, PerceptionTable]:
    """Load all perception tables of a training seed, by name."""
    from stillage.perception.table import PerceptionTable

    return {name: PerceptionTable.load(context.table_path(name, seed)) for name in context.tables}


def build_cast(
    context: Context,
    recording: Recording,
    results: tuple[SeedResult, ...],
    settings: BaseModel,
) -> Cast:
    """Build the cast of a run: every seed's items, truth and tables."""
    roles = context.scenario.roles(recording, settings)
    tasks = {target: recording.targets[target].task for target in roles.values()}
    seeds = [
        SeedCast(
            seed=seed,
            samples=samples,
            groups=recording.groups[samples],
            truth={target: truth(recording, target, samples) for target in tasks},
            tables=load_tables(context, seed),
        )
        for seed, samples in held_out(context, recording, results)
    ]
    return Cast(seeds, tasks, roles, context.config.worlds)


def truth(recording: Recording, target: str, samples: Ints) -> NDArray[Any]:
    """Return the known values of a target; -1 (classes) or NaN (numbers) where there is none."""
    column = recording.targets[target]
    known = column.states[samples] == LabelState.LABELLED
    values = column.values[samples]
    if column.kind == "regression":
        return np.where(known, values, np.nan)
    return np.where(known, values, -1).astype(np.int64)


def notes(context: Context, recording: Recording) -> list[str]:
    """List what a reader should know of the bundles."""
    return [deploy.trained_on(path, recording)[1] for path in context.config.bundles.values()]
