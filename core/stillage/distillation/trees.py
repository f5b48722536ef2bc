"""A teacher of extra-trees: the plain model of sensor data, where a network cannot beat it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from stillage.network.batch import load_batch
from stillage.teaching.teacher import SklearnTeacher, Teacher
from stillage.training.samples import READ

if TYPE_CHECKING:
    from stillage.network import Network
    from stillage.plugin.host import Host
    from stillage.recording import Recording
    from stillage.training.supervision import Labels

TREES = 100


def fit_trees(
    network: Network,
    recording: Recording,
    samples: NDArray[np.int64],
    labels: Mapping[str, Labels],
    seed: int,
    host: Host | None = None,
) -> SklearnTeacher:
    """Extra-trees (Geurts et al., 2006) for each task, on samples as ``network`` encodes them.

    Parameters
    ----------
    network : Network
        Of ``linear`` encoders, standardised; its heads are not asked.
    recording, samples : Recording, int64 array (n,)
        What to learn from.
    labels : mapping of target to Labels (n,)
        Each task learns from the rows that it knows.
    seed : int
        Of the trees.
    host : Host, optional
        Default: the installed plugins.

    Raises
    ------
    BadInput
        If the network has encoders or a fusion with weights.
    """
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    teacher = SklearnTeacher(network, dict.fromkeys(t.target for t in network.tasks))
    blocks = [
        teacher.features(load_batch(recording, block, network.modalities, host=host))
        for block in _blocks(samples)
    ]
    matrix = torch.cat(blocks).numpy()
    for task in network.tasks:
        known = labels[task.target].known
        kind = ExtraTreesRegressor if task.kind == "regression" else ExtraTreesClassifier
        trees = kind(TREES, random_state=seed)
        teacher.estimators[task.target] = trees.fit(
            matrix[known], labels[task.target].values[known]
        )
    return teacher


def ask(
    teacher: Teacher,
    recording: Recording,
    samples: NDArray[np.int64],
    host: Host | None = None,
) -> dict[str, NDArray[np.float64]]:
    """What any teacher says of samples: probabilities (n, K) or values (n,) by target."""
    outputs = [
        teacher.predict(load_batch(recording, block, teacher.modalities, host=host)).heads
        for block in _blocks(samples)
    ]
    return {
        task.target: task.predict(torch.cat([heads[task.target] for heads in outputs]).numpy())
        for task in teacher.tasks
    }


def _blocks(samples: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [samples[start : start + READ] for start in range(0, len(samples), READ)]
