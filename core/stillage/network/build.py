"""Build networks for a recording: it gives the shapes, the tasks and the sizes of encoders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
from pydantic import ValidationError

from stillage.errors import BadInput
from stillage.network.config import FusionConfig, ModalityConfig, NetworkConfig
from stillage.network.network import Network
from stillage.plugin.spec import LINEAR
from stillage.sensing.modality import get_modality

if TYPE_CHECKING:
    from stillage.plugin.host import Host
    from stillage.recording import Recording
    from stillage.task import Task

    N = TypeVar("N", bound=Network)

WIDTH = 64
"""Width of fused features where nothing else is asked for."""


def _sample_shape(recording: Recording, name: str, host: Host | None) -> tuple[int, ...]:
    """Give the shape of a modality's dense raw sample (ragged ones: as collated)."""
    if name not in recording.modalities:
        raise BadInput(recording.path, f"no modality {name!r}", f"{sorted(recording.modalities)}")
    info = recording.modalities[name]
    if not info.ragged:
        return tuple(int(n) for n in info.shape if n is not None)
    present = np.flatnonzero(recording.presence(name))[:1]
    if not len(present):
        raise BadInput(recording.path, f"no reading of {name!r}", "at least one")
    rows: Any = recording.read(name, present.astype(np.int64))
    return tuple(get_modality(name, host).collate(rows).shape[1:])


def _task_of(recording: Recording, target: str) -> Task:
    """Give the task of a recording's target."""
    task: Task = recording.target(target).task
    return task


def network_config(
    recording: Recording,
    modalities: Iterable[str],
    tasks: Iterable[Task | str],
    size: str | Mapping[str, str] | None = None,
    fusion: str = "concat",
    width: int | None = None,
    fusion_parameters: Mapping[str, Any] | None = None,
    host: Host | None = None,
) -> NetworkConfig:
    """Describe a network for a recording; see :func:`build_network`."""
    names = list(modalities)
    sizes = dict(size) if isinstance(size, Mapping) else {}
    if isinstance(size, str):
        sizes = dict.fromkeys(names, size)
    unknown = sorted(set(sizes) - set(names))
    if unknown or len(set(names)) < len(names) or not names:
        found = f"sizes of {unknown}" if unknown else f"modalities {names}"
        raise BadInput("network", found, "each modality once")
    chosen = {
        name: ModalityConfig(
            shape=_sample_shape(recording, name, host),
            size=sizes.get(name) or get_modality(name, host).spec.default_size,
        )
        for name in names
    }
    linear = fusion == "concat" and all(m.size == LINEAR for m in chosen.values())
    resolved = tuple(_task_of(recording, t) if isinstance(t, str) else t for t in tasks)
    try:
        return NetworkConfig(
            modalities=chosen,
            tasks=resolved,
            fusion=FusionConfig(name=fusion, parameters=dict(fusion_parameters or {})),
            width=(0 if linear else WIDTH) if width is None else width,
        )
    except ValidationError as error:
        raise BadInput("network", error.errors()[0]["msg"]) from error


@overload
def build_network(
    recording: Recording,
    modalities: Iterable[str],
    size: str | Mapping[str, str] | None = ...,
    tasks: Iterable[Task | str] = ...,
    fusion: str = ...,
    seed: int = ...,
    width: int | None = ...,
    *,
    fusion_parameters: Mapping[str, Any] | None = ...,
    host: Host | None = ...,
) -> Network: ...


@overload
def build_network(
    recording: Recording,
    modalities: Iterable[str],
    size: str | Mapping[str, str] | None = ...,
    tasks: Iterable[Task | str] = ...,
    fusion: str = ...,
    seed: int = ...,
    width: int | None = ...,
    *,
    fusion_parameters: Mapping[str, Any] | None = ...,
    host: Host | None = ...,
    kind: type[N],
) -> N: ...


def build_network(
    recording: Recording,
    modalities: Iterable[str],
    size: str | Mapping[str, str] | None = None,
    tasks: Iterable[Task | str] = (),
    fusion: str = "concat",
    seed: int = 0,
    width: int | None = None,
    *,
    fusion_parameters: Mapping[str, Any] | None = None,
    host: Host | None = None,
    kind: type[Network] = Network,
) -> Network:
    """Build a network that reads some modalities of a recording and predicts some targets.

    Parameters
    ----------
    recording : Recording
        The recording whose samples it will read.
    modalities : iterable of str
        In the order of the presence mask.
    size : str, mapping or None
        Encoder size of all or of each modality; None (or left out): the modality's default.
    tasks : iterable of Task or str
        Tasks, or names of targets.
    fusion : str
        Name of the fusion.
    seed : int
        Of the initial weights.
    width : int or None
        Of fused features; None: pass-through where every encoder is linear and the fusion is
        ``concat``, else 64.
    fusion_parameters : mapping or None
        Parameters of the fusion.
    host : Host, optional
        Default: the installed plugins.
    kind : type
        Network or a subclass (:class:`stillage.network.student.Student`).

    Raises
    ------
    BadInput
        For names that the recording or the plugins do not have, or shapes that do not fit.
    """
    config = network_config(
        recording, modalities, tasks, size, fusion, width, fusion_parameters, host
    )
    return kind(config, host, seed)
