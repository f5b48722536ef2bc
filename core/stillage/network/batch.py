"""The data that passes through a network: raw batches, prepared samples and outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage.errors import BadInput
from stillage.network.tokens import Tokens
from stillage.recording.readings import dense
from stillage.sensing.modality import get_modality
from stillage.task import LabelState, Task

if TYPE_CHECKING:
    from stillage.plugin.host import Host
    from stillage.recording import Recording, TargetColumn


def _pick(tensors: Mapping[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    return {name: values[rows] for name, values in tensors.items()}


def _move(tensors: Mapping[str, Tensor], device: str | torch.device) -> dict[str, Tensor]:
    return {name: values.to(device) for name, values in tensors.items()}


def _rows(rows: Tensor | NDArray[Any]) -> Tensor:
    return rows.long() if isinstance(rows, Tensor) else torch.tensor(np.asarray(rows, np.int64))


@dataclass
class Batch:
    """A batch of raw samples, with their presence, targets and label states.

    Attributes
    ----------
    samples : int64 array (B,)
        Sample numbers in the recording.
    raw : dict of Tensor (B, *shape)
        Raw readings in the recording's dtype; rows of absent readings hold anything.
    presence : dict of bool Tensor (B,)
        Which readings are present, for every modality in ``raw``.
    targets : dict of Tensor (B,)
        int64 classes or float32 values (in the target's unit), valid where labelled.
    states : dict of int8 Tensor (B,)
        :class:`stillage.task.LabelState` of each target value.
    """

    samples: NDArray[np.int64]
    raw: dict[str, Tensor]
    presence: dict[str, Tensor]
    targets: dict[str, Tensor] = field(default_factory=dict)
    states: dict[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.samples)

    def select(self, rows: Tensor | NDArray[Any]) -> Batch:
        """Give these rows (int64), in this order."""
        index = _rows(rows)
        return Batch(
            self.samples[index.cpu().numpy()],
            _pick(self.raw, index),
            _pick(self.presence, index),
            _pick(self.targets, index),
            _pick(self.states, index),
        )

    def to(self, device: str | torch.device) -> Batch:
        """Give the same batch on another device."""
        return replace(
            self,
            raw=_move(self.raw, device),
            presence=_move(self.presence, device),
            targets=_move(self.targets, device),
            states=_move(self.states, device),
        )


@dataclass
class Prepared:
    """Prepared and standardised samples, which encoders read; no learnt parameter made them.

    Attributes
    ----------
    values : dict of float32 Tensor (B, *prepared)
        Zero where absent; a modality that the batch does not carry is left out.
    presence : dict of bool Tensor (B,)
        For every modality of the network.
    """

    values: dict[str, Tensor]
    presence: dict[str, Tensor]

    def __len__(self) -> int:
        return len(next(iter(self.presence.values())))

    @property
    def nbytes(self) -> int:
        """Bytes that the values take, to decide whether to keep them."""
        return sum(v.numel() * v.element_size() for v in self.values.values())

    def select(self, rows: Tensor | NDArray[Any]) -> Prepared:
        """Give these rows (int64), in this order."""
        index = _rows(rows)
        return Prepared(_pick(self.values, index), _pick(self.presence, index))

    def to(self, device: str | torch.device) -> Prepared:
        """Give the same samples on another device."""
        return Prepared(_move(self.values, device), _move(self.presence, device))

    @staticmethod
    def concatenate(pieces: Iterable[Prepared]) -> Prepared:
        """Join the samples of several pieces; all must carry the same modalities.

        >>> piece = Prepared({"a": torch.ones(2, 3)}, {"a": torch.ones(2, dtype=torch.bool)})
        >>> len(Prepared.concatenate([piece, piece]))
        4
        """
        whole = list(pieces)
        return Prepared(
            {name: torch.cat([p.values[name] for p in whole]) for name in whole[0].values},
            {name: torch.cat([p.presence[name] for p in whole]) for name in whole[0].presence},
        )


@dataclass
class Outputs:
    """The outputs of a network or a teacher for B samples.

    Attributes
    ----------
    heads : dict of float32 Tensor (B, task.width)
        Raw head outputs by target: logits, cumulative logits, or a value in its unit.
    features : float32 Tensor (B, D)
        Fused features; D is 0 for a teacher that has none.
    tokens : dict of Tokens
        By modality; empty from a teacher.
    """

    heads: dict[str, Tensor]
    features: Tensor
    tokens: dict[str, Tokens] = field(default_factory=dict)

    def detach(self) -> Outputs:
        """Copy the outputs without history and without tokens, safe to keep or to compare."""
        heads = {name: values.detach().clone() for name, values in self.heads.items()}
        return Outputs(heads, self.features.detach().clone())


def target_tensors(
    column: TargetColumn, task: Task, samples: NDArray[np.int64]
) -> tuple[Tensor, Tensor]:
    """Give values and label states of one target, with classes matched to the task's by name.

    A class that the task does not have makes a sample out-of-set.

    Raises
    ------
    BadInput
        If the recording's target is of another kind or unit.
    """
    where = f"target {task.target!r}"
    if column.kind != task.kind:
        raise BadInput(where, f"kind {column.kind!r} in the recording", f"{task.kind!r}")
    values, states = column.values[samples], column.states[samples].astype(np.int8)
    if task.kind == "regression":
        if column.unit != task.unit:
            raise BadInput(where, f"unit {column.unit!r} in the recording", f"{task.unit!r}")
        return torch.from_numpy(values.astype(np.float32)), torch.from_numpy(states)
    values = values.astype(np.int64)
    if tuple(column.classes) != task.classes:
        number = {name: k for k, name in enumerate(task.classes)}
        lookup = np.array([number.get(name, -1) for name in column.classes], np.int64)
        inside = (values >= 0) & (values < len(lookup))
        mapped = np.where(inside, lookup[np.where(inside, values, 0)], -1)
        states = np.where(inside & (mapped < 0), LabelState.OUT_OF_SET, states).astype(np.int8)
        values = mapped
    bad = (states == LabelState.LABELLED) & ((values < 0) | (values >= len(task.classes)))
    if bad.any():
        sample = int(samples[np.argmax(bad)])
        raise BadInput(
            where, f"no class at labelled sample {sample}", f"{len(task.classes)} classes"
        )
    return torch.from_numpy(values), torch.from_numpy(states)


def load_batch(
    recording: Recording,
    samples: NDArray[np.int64],
    modalities: Iterable[str],
    tasks: Iterable[Task] = (),
    device: str | torch.device = "cpu",
    host: Host | None = None,
) -> Batch:
    """Read samples of a recording; no modality that was not asked for is touched.

    Parameters
    ----------
    recording : Recording
        Where to read.
    samples : int64 array (B,)
        Which samples, in any order.
    modalities : iterable of str
        Which readings.
    tasks : iterable of Task
        Tasks whose targets are wanted.
    device : str or torch.device
        Where the tensors go.
    host : Host, optional
        Default: the installed plugins.

    Raises
    ------
    BadInput
        For an unknown modality or target, readings of another shape or dtype, or NaN in a
        reading that is present.
    """
    samples = np.asarray(samples, np.int64)
    raw: dict[str, Tensor] = {}
    presence: dict[str, Tensor] = {}
    for name in modalities:
        if name not in recording.modalities:
            raise BadInput(
                recording.path, f"no modality {name!r}", f"{sorted(recording.modalities)}"
            )
        modality = get_modality(name, host)
        present = np.asarray(recording.presence(name)[samples], bool)
        rows = recording.read(name, samples)
        if isinstance(rows, list):
            rows = dense(modality, recording, samples, rows)
        modality.check(rows[present], f"{recording.path}: modality {name!r}")
        raw[name] = torch.from_numpy(np.require(rows, requirements=["C", "W"]))
        presence[name] = torch.from_numpy(present)
    targets: dict[str, Tensor] = {}
    states: dict[str, Tensor] = {}
    for task in tasks:
        if task.target not in recording.targets:
            found = f"no target {task.target!r}"
            raise BadInput(recording.path, found, f"{sorted(recording.targets)}")
        column = recording.targets[task.target]
        targets[task.target], states[task.target] = target_tensors(column, task, samples)
    return Batch(samples, raw, presence, targets, states).to(device)
