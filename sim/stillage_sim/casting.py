"""Who is on stage: held-out items, their truth, and what every model says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from stillage.errors import BadInput
from stillage.task import LabelState
from stillage_sim import deploy
from stillage_sim.scenario import Cast, SeedCast

if TYPE_CHECKING:
    from stillage.distillation import SeedResult
    from stillage.perception import PerceptionTable
    from stillage.recording import Recording
    from stillage_sim.pipeline import Pipeline

Ints = NDArray[np.int64]

TRAINED = ("teacher", "labels_only", "distilled", "distilled_int8")
"""Models that a run trains itself, which are policies' tables of the same names."""


def held_out(
    pipeline: Pipeline, recording: Recording, results: tuple[SeedResult, ...]
) -> list[tuple[int, Ints]]:
    """For every training seed, the samples that no model on stage was trained on.

    Without training, one seed with all items of the first role's target.

    Raises
    ------
    BadInput
        If none is left.
    """
    known: set[str] = set()
    present = np.ones(recording.samples, bool)
    for path in pipeline.config.bundles.values():
        groups, _ = deploy.trained_on(path, recording)
        known |= groups
        present &= _present(path, recording)
    fresh = ~np.isin(recording.groups, sorted(known)) & present
    if results:
        each = [(r.seed, np.asarray(r.arrays["samples"], np.int64)) for r in results]
    else:
        settings = pipeline.scenario.Settings(**pipeline.config.settings)
        target = next(iter(pipeline.scenario.roles(recording, settings).values()))
        labelled = recording.targets[target].states == LabelState.LABELLED
        each = [(pipeline.config.seed, np.flatnonzero(labelled).astype(np.int64))]
    kept = [(seed, samples[fresh[samples]]) for seed, samples in each]
    for seed, samples in kept:
        if not len(samples):
            where = f"{recording.path}, seed {seed}"
            raise BadInput(where, "no item that no bundle was trained on", "some held-out items")
    return kept


def _present(path: str, recording: Recording) -> NDArray[np.bool_]:
    from stillage.bundle import Bundle

    folder, _ = deploy.split_bundle(path)
    modalities = Bundle.open(folder).modalities
    for name in modalities:
        if name not in recording.modalities:
            have = ", ".join(recording.modalities)
            raise BadInput(recording.path, f"modalities {have}", f"{name!r}, which {folder} reads")
    return np.asarray(np.any([recording.presence(name) for name in modalities], axis=0))


def load_tables(pipeline: Pipeline, seed: int) -> dict[str, PerceptionTable]:
    """All tables of a training seed, by policy."""
    from stillage.perception import PerceptionTable

    folder = pipeline.run.stage_folder("perceive")
    names = [*pipeline.models, *pipeline.config.bundles]
    return {
        name: PerceptionTable.load(deploy.table_path(folder, name, seed, pipeline))
        for name in names
    }


def build_cast(
    pipeline: Pipeline,
    recording: Recording,
    results: tuple[SeedResult, ...],
    settings: BaseModel,
) -> Cast:
    """The cast of a run: every seed's items, truth and tables."""
    roles = pipeline.scenario.roles(recording, settings)
    tasks = {target: recording.targets[target].task for target in roles.values()}
    seeds = [
        SeedCast(
            seed=seed,
            samples=samples,
            groups=recording.groups[samples],
            truth={target: truth(recording, target, samples) for target in tasks},
            tables=load_tables(pipeline, seed),
        )
        for seed, samples in held_out(pipeline, recording, results)
    ]
    return Cast(seeds, tasks, roles, pipeline.config.worlds)


def truth(recording: Recording, target: str, samples: Ints) -> NDArray[Any]:
    """Known values of a target; -1 (classes) or NaN (numbers) where there is none."""
    column = recording.targets[target]
    known = column.states[samples] == LabelState.LABELLED
    values = column.values[samples]
    if column.kind == "regression":
        return np.where(known, values, np.nan)
    return np.where(known, values, -1).astype(np.int64)


def notes(pipeline: Pipeline, recording: Recording) -> list[str]:
    """What a reader should know of the bundles on stage."""
    return [deploy.trained_on(path, recording)[1] for path in pipeline.config.bundles.values()]


def made_of(pipeline: Pipeline, name: str, seed: int) -> Mapping[str, Any]:
    """Modalities, MACs, parameters and size of the model behind a table."""
    path = deploy.table_path(pipeline.run.stage_folder("perceive"), name, seed, pipeline)
    relative = path.with_suffix(".json").relative_to(pipeline.run.path)
    return pipeline.run.read_json(str(relative))
