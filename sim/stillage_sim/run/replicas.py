"""Simulate many replicas of a world under many policies, in chunks that are written and kept."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillage.compute import Executor
from stillage.statistics import Interval, percentile_interval
from stillage.storage.atomic import atomic_file
from stillage_sim.scenario import Totals, World

CHUNK = 32
"""Replicas of one task. Figures do not depend on it."""

Chunk = tuple[str, int, int]
"""Policy, first replica, number of replicas."""


def roll(world: World, days: float, seed: int, chunk: Chunk) -> Totals:
    """Simulate one chunk and return its totals; a task of the executor."""
    policy, first, count = chunk
    return world.rollout(policy, first, count, days, seed)


def simulate(
    world: World,
    policies: Sequence[str],
    replicas: int,
    days: float,
    seed: int,
    executor: Executor,
    folder: Path,
    done: Callable[[str], None] = lambda key: None,
    chunk: int = CHUNK,
) -> dict[str, Totals]:
    """Simulate totals (replicas, ...) of every policy; chunks found in ``folder`` are kept.

    A chunk that cannot be read, say after a disk failed, counts as not found.

    Parameters
    ----------
    world : World
        Shipped to the workers once.
    policies : sequence of str
        Names that the world has.
    replicas, days, seed
        As :meth:`World.rollout`.
    executor : Executor
        Where chunks are computed.
    folder : Path
        Where each chunk is written, whole or not at all.
    done : callable of str
        Called as chunks finish.
    chunk : int
        Replicas a task.
    """
    chunks = [
        (policy, first, min(chunk, replicas - first))
        for policy in policies
        for first in range(0, replicas, chunk)
    ]
    files = {
        f"{policy} {first}-{first + count - 1}": folder
        / f"policy-{policies.index(policy):03d}-{first:08d}-{count}.npz"
        for policy, first, count in chunks
    }
    todo = {
        key: each
        for (key, path), each in zip(files.items(), chunks, strict=True)
        if not whole(path, each[2])
    }

    def keep(key: str, totals: Totals) -> None:
        save(files[key], totals)
        done(key)

    executor.map(roll, list(todo.values()), list(todo), keep, constants=(world, days, seed))
    found: dict[str, list[Totals]] = {policy: [] for policy in policies}
    for (policy, _, _), path in zip(chunks, files.values(), strict=True):
        found[policy].append(load(path))
    return {
        policy: {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        for policy, parts in found.items()
    }


def save(path: Path, arrays: Mapping[str, NDArray[np.float64]]) -> None:
    """Write arrays to an ``.npz`` file that is whole or absent."""
    with atomic_file(path) as part, part.open("wb") as handle:
        np.savez(handle, **arrays)  # type: ignore[arg-type]


def load(path: Path) -> dict[str, NDArray[np.float64]]:
    """Read arrays that :func:`save` wrote; nothing in the file is executed."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def whole(path: Path, replicas: int) -> bool:
    """Tell whether a chunk is there, and holds so many replicas."""
    if not path.exists():
        return False
    try:
        if not zipfile.is_zipfile(path):  # NumPy would leave a torn one open
            return False
        return all(len(array) == replicas for array in load(path).values())
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        return False


def over_worlds(values: NDArray[np.float64], worlds: int) -> Interval:
    """Average over replicas (R,), with an interval over their worlds (replica r is in r mod W).

    Worlds are bootstrap draws of items and training seeds, so the interval is the percentile
    interval of the worlds' means.

    >>> over_worlds(np.array([1.0, 3.0, 1.0, 3.0]), 2)
    Interval(mean=2.0, low=1.05, high=2.95)
    """
    count = min(worlds, len(values))
    means = np.array([values[world::count].mean() for world in range(count)])
    return percentile_interval(float(values.mean()), means)
