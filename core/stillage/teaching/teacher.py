"""Define teachers: any model that predicts, frozen and fingerprinted before it teaches."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stillage.errors import BadInput
from stillage.network.batch import Batch, Outputs
from stillage.network.network import Network
from stillage.storage.digest import digest
from stillage.task import LabelState, Task

if TYPE_CHECKING:
    from stillage.sensing.augment import View

TINY = 1e-7
"""Least probability of a non-torch teacher, so that its logits stay finite."""


@runtime_checkable
class Teacher(Protocol):
    """Predict the tasks from the rich modalities.

    ``feature_width`` is the width of ``Outputs.features``; 0 for a teacher without features.

    >>> class Undecided:
    ...     modalities, feature_width = ("nir",), 0
    ...     tasks = (Task(target="polymer", kind="classification", classes=("PET", "PP")),)
    ...
    ...     def predict(self, batch, view=None):
    ...         return Outputs({"polymer": torch.zeros(len(batch), 2)}, torch.zeros(len(batch), 0))
    ...
    ...     def fingerprint(self):
    ...         return hashlib.sha256(b"undecided").hexdigest()
    >>> isinstance(Undecided(), Teacher)
    True
    """

    @property
    def modalities(self) -> tuple[str, ...]: ...

    @property
    def tasks(self) -> tuple[Task, ...]: ...

    @property
    def feature_width(self) -> int: ...

    def predict(self, batch: Batch, view: View | None = None) -> Outputs:
        """Predict a raw batch, or a view of it: ordinary tensors without history."""
        ...

    def fingerprint(self) -> str:
        """Hash (sha256, hex) everything that its outputs depend on."""
        ...


class NetworkTeacher:
    """Teach with a frozen copy of a trained network.

    It is in ``eval()`` (batch statistics and dropout never move), no parameter requires a
    gradient, and it predicts under ``inference_mode``. What happens to the network that was
    handed over does not reach it.
    """

    def __init__(self, network: Network) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.modalities = network.modalities
        self.tasks = network.tasks
        self.feature_width = network.width

    def predict(self, batch: Batch, view: View | None = None) -> Outputs:
        self.network.eval()
        batch = batch.to(self.network.device)
        with torch.inference_mode():
            outputs = self.network.forward_prepared(self.network.prepare(batch, view))
        return outputs.detach()

    def fingerprint(self) -> str:
        return self.network.fingerprint()


def _mean_outputs(task: Task, heads: Sequence[Tensor]) -> Tensor:
    stack = torch.stack(list(heads))
    if task.kind == "regression":
        return stack.mean(0)
    if task.kind == "classification":
        return torch.logsumexp(stack.log_softmax(-1), 0) - float(np.log(len(heads)))
    above = torch.logsumexp(functional.logsigmoid(stack), 0)
    return above - torch.logsumexp(functional.logsigmoid(-stack), 0)


class EnsembleTeacher:
    """Combine several teachers of the same tasks: mean probabilities, concatenated features.

    Raises
    ------
    BadInput
        Without members, or where members tell different tasks or classes.
    """

    def __init__(self, teachers: Sequence[Teacher]) -> None:
        if not teachers:
            raise BadInput("ensemble teacher", "no member", "at least one")
        self.teachers = tuple(teachers)
        self.tasks = teachers[0].tasks
        for number, teacher in enumerate(teachers):
            if set(teacher.tasks) != set(self.tasks):
                found = f"tasks {[t.target for t in teacher.tasks]} of member {number}"
                expected = f"those of member 0, {[t.target for t in self.tasks]}, class by class"
                raise BadInput("ensemble teacher", found, expected)
        self.modalities = tuple(dict.fromkeys(m for t in teachers for m in t.modalities))
        self.feature_width = sum(t.feature_width for t in teachers)

    def predict(self, batch: Batch, view: View | None = None) -> Outputs:
        each = [teacher.predict(batch, view) for teacher in self.teachers]
        heads = {
            task.target: _mean_outputs(task, [o.heads[task.target] for o in each])
            for task in self.tasks
        }
        return Outputs(heads, torch.cat([o.features for o in each], 1))

    def fingerprint(self) -> str:
        members = "\n".join(teacher.fingerprint() for teacher in self.teachers)
        return hashlib.sha256(f"ensemble\n{members}".encode()).hexdigest()


class SklearnTeacher:
    """Teach with scikit-learn estimators, one for each task, on prepared, standardised samples.

    Parameters
    ----------
    network : Network
        Prepares and standardises: a network of ``linear`` encoders passed through, so that
        its features are the estimators' inputs (B, D), zero where a modality is absent.
    estimators : mapping of str to estimator
        By target; classifiers with ``predict_proba`` on class numbers, or regressors.

    Raises
    ------
    BadInput
        If a task of the network has no estimator or the network learns features itself.
    """

    def __init__(self, network: Network, estimators: Mapping[str, Any]) -> None:
        if any(True for encoder in network.encoders for _ in encoder.parameters()):
            raise BadInput("scikit-learn teacher", "encoders with parameters", "size 'linear'")
        if network.config.fusion.name != "concat" or network.config.width:
            raise BadInput("scikit-learn teacher", "a fusion with weights", "'concat' of width 0")
        for task in network.tasks:
            if task.target not in estimators:
                found = f"no estimator of {task.target!r}"
                raise BadInput("scikit-learn teacher", found, "one for each task")
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.estimators = dict(estimators)
        self.modalities = network.modalities
        self.tasks = network.tasks
        self.feature_width = network.width

    @classmethod
    def fit(cls, network: Network, estimators: Mapping[str, Any], batch: Batch) -> SklearnTeacher:
        """Fit estimators on the labelled samples of a batch, which carries every task."""
        teacher = cls(network, estimators)
        matrix = teacher.features(batch).numpy()
        for task in teacher.tasks:
            labelled = (batch.states[task.target] == LabelState.LABELLED).numpy()
            teacher.estimators[task.target].fit(
                matrix[labelled], batch.targets[task.target].numpy()[labelled]
            )
        return teacher

    def features(self, batch: Batch, view: View | None = None) -> Tensor:
        """Return what the estimators read, float32 (B, D)."""
        with torch.inference_mode():
            prepared = self.network.prepare(batch, view)
            features, _ = self.network.encode(prepared.values, prepared.presence)
        return features.detach().clone()

    def _head(self, task: Task, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        estimator = self.estimators[task.target]
        if task.kind == "regression":
            return np.asarray(estimator.predict(matrix), np.float64).reshape(-1, 1)
        chances = np.zeros((len(matrix), len(task.classes)))
        chances[:, np.asarray(estimator.classes_, np.int64)] = estimator.predict_proba(matrix)
        if task.kind == "classification":
            return np.log(np.clip(chances, TINY, 1.0))
        above = np.clip(1.0 - chances.cumsum(1)[:, :-1], TINY, 1.0 - TINY)
        return np.asarray(np.log(above) - np.log1p(-above))

    def predict(self, batch: Batch, view: View | None = None) -> Outputs:
        features = self.features(batch, view)
        matrix = features.numpy()
        heads = {
            task.target: torch.from_numpy(self._head(task, matrix).astype(np.float32))
            for task in self.tasks
        }
        return Outputs(heads, features)

    def fingerprint(self) -> str:
        parts = [self.network.fingerprint()]
        parts += [f"{t.target} {digest(self.estimators[t.target])}" for t in self.tasks]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
