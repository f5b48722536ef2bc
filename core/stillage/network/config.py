"""The configuration of a network: enough to build it again, validated and bounded."""

from __future__ import annotations

from math import prod
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stillage.plugin.part import PartConfig, Value
from stillage.plugin.spec import Name
from stillage.task import Task

_MAX_ELEMENTS = 1 << 26
"""Most elements of one raw sample that a network may declare."""

Extent = Annotated[int, Field(ge=1, le=_MAX_ELEMENTS)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ModalityConfig(_Frozen):
    """A modality of a network: encoder size, shape of a dense raw sample, parameters."""

    size: Name
    shape: Annotated[tuple[Extent, ...], Field(max_length=8)]
    parameters: dict[str, Value] = {}

    @model_validator(mode="after")
    def _bounded(self) -> ModalityConfig:
        if prod(self.shape) > _MAX_ELEMENTS:
            raise ValueError(f"a raw sample of more than {_MAX_ELEMENTS} elements")
        return self


class FusionConfig(PartConfig):
    """Fusion by name, with its parameters."""

    name: Name = "concat"


class NetworkConfig(_Frozen):
    """A network's configuration: modalities in order, fusion, tasks in order, fused width.

    ``width`` 0 leaves it to the fusion: ``concat`` then passes encodings through.

    >>> config = NetworkConfig(
    ...     modalities={"led": {"size": "linear", "shape": (8,)}},
    ...     tasks=(Task(target="polymer", kind="classification", classes=("PET", "PP")),),
    ... )
    >>> config.fusion.name, config.width
    ('concat', 0)
    """

    modalities: Annotated[dict[Name, ModalityConfig], Field(min_length=1, max_length=64)]
    tasks: Annotated[tuple[Task, ...], Field(min_length=1, max_length=64)]
    fusion: FusionConfig = FusionConfig()
    width: Annotated[int, Field(ge=0, le=65536)] = 0

    @model_validator(mode="after")
    def _sound(self) -> NetworkConfig:
        targets = [task.target for task in self.tasks]
        if len(set(targets)) < len(targets):
            raise ValueError(f"a target twice: {targets}")
        for task in self.tasks:
            if task.kind != "regression" and len(set(task.classes)) < 2:
                raise ValueError(f"target {task.target!r}: fewer than two classes")
            if len(set(task.classes)) < len(task.classes):
                raise ValueError(f"target {task.target!r}: a class twice")
        return self
