"""Make a small cast without any training: materials and models of a stated confusion.

It is the environments' default, so that ``gymnasium.make`` works alone, and gives tests a known
answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage import counter
from stillage.perception.device import DEFAULT_PROFILE
from stillage.task import Task
from stillage_scenarios.items.materials import SORTED
from stillage_sim.scenario import Cast, SeedCast

MODELS = {
    "teacher": (0.97, 6.0, 66.0),
    "labels_only": (0.75, 0.03, 0.05),
    "distilled": (0.9, 0.03, 0.05),
}
"""Accuracy, seconds and joules of a reading of each model of the example (all assumed)."""


@dataclass(frozen=True)
class ExampleTable:
    """A perception table with a stated confusion (see :class:`stillage_sim.scenario.Perceived`)."""

    samples: NDArray[np.int64]
    heads: dict[str, NDArray[np.float64]]
    latency_s: float
    energy_j: float
    accuracy: float = 1.0
    device: str = DEFAULT_PROFILE


def _confused(
    truth: NDArray[np.int64], classes: int, accuracy: float, stream: int
) -> NDArray[np.float64]:
    """Make probabilities (I, classes) of a model that is right for ``accuracy`` of each class.

    Of every class, that share of its items (rounded) gets ``accuracy`` on the right class; the
    rest get it on one of the others in turn. The remainder is spread evenly.
    """
    luck = counter.uniform(stream, np.arange(len(truth)))
    rest = (1.0 - accuracy) / max(classes - 1, 1)
    heads = np.full((len(truth), classes), rest)
    for k in range(classes):
        rows = np.flatnonzero(truth == k)
        rows = rows[np.argsort(luck[rows], kind="stable")]
        right = round(accuracy * len(rows))
        guess = np.full(len(rows), k)
        guess[right:] = (k + 1 + np.arange(len(rows) - right) % max(classes - 1, 1)) % classes
        heads[rows, guess] = accuracy
    return heads


def example_cast(
    items: int = 240,
    seeds: int = 1,
    classes: tuple[str, ...] = SORTED,
    models: dict[str, tuple[float, float, float]] | None = None,
) -> Cast:
    """Make items of all classes in turn, each a group of its own, for each training seed.

    Parameters
    ----------
    items : int
        I, of every seed.
    seeds : int
        S training seeds.
    classes : tuple of str
        The materials.
    models : dict of name to (float, float, float), optional
        Accuracy, seconds and joules of a reading; default :data:`MODELS`.

    >>> cast = example_cast(12)
    >>> sorted(cast.seeds[0].tables), cast.roles
    (['distilled', 'labels_only', 'teacher'], {'material': 'material'})
    """
    samples = np.arange(items, dtype=np.int64)
    truth = samples % len(classes)
    groups = np.array([f"item{i:05d}" for i in samples])
    cast = []
    for seed in range(seeds):
        tables = {
            name: ExampleTable(
                samples,
                {"material": _confused(truth, len(classes), accuracy, 1000 * seed + number)},
                latency,
                energy,
                accuracy,
            )
            for number, (name, (accuracy, latency, energy)) in enumerate((models or MODELS).items())
        }
        cast.append(SeedCast(seed, samples, groups, {"material": truth}, tables))
    task = Task(target="material", kind="classification", classes=classes)
    return Cast(cast, {"material": task}, {"material": "material"})
