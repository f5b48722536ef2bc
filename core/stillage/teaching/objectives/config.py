"""Configure the objectives of a plan: which losses are summed, with which weights; light."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from stillage.errors import BadInput
from stillage.plugin.part import PartConfig


class ObjectiveConfig(PartConfig):
    """Name a registered objective, its weight in the sum and its parameters.

    >>> str(ObjectiveConfig.model_validate("soft_target=.5,temperature=2"))
    'soft_target=0.5,temperature=2'
    """

    weight: float = Field(default=1.0, ge=0)

    def _head(self) -> str:
        return f"{self.name}={self.weight:.12g}"

    @classmethod
    def _named(cls, head: str) -> dict[str, Any]:
        name, equals, weight = head.partition("=")
        if not equals:
            raise ValueError(f"{head!r} has no weight, expected {cls._form()}")
        return {"name": name, "weight": weight}

    @classmethod
    def _form(cls) -> str:
        return "NAME=WEIGHT or NAME=WEIGHT,key=value,... (at least 0)"


USUAL = (ObjectiveConfig(name="label_loss"), ObjectiveConfig(name="soft_target"))
"""What a plan learns by unless it is told otherwise: the labels, and the teacher's heads."""


def change_objectives(texts: Iterable[str], where: str) -> tuple[ObjectiveConfig, ...]:
    """Change the usual objectives: a name replaces one or adds one, weight 0 drops it.

    Raises
    ------
    BadInput
        If a text is not ``NAME=WEIGHT,key=value,...``, or names one twice.

    >>> [str(one) for one in change_objectives(["soft_target=0", "feature_hint=100"], "-o")]
    ['label_loss=1', 'feature_hint=100']
    """
    changes = [ObjectiveConfig.parse(text, where) for text in texts]
    named = {one.name: one for one in changes}
    if len(named) < len(changes):
        raise BadInput(where, ", ".join(one.name for one in changes), "each name once")
    together = {one.name: one for one in USUAL} | named
    return tuple(one for one in together.values() if one.weight > 0)


def _from_text(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    return change_objectives(re.split(r"\s*\+\s*(?=[a-z])", given.strip()), "objectives")


def _sound(given: tuple[ObjectiveConfig, ...]) -> tuple[ObjectiveConfig, ...]:
    names = [one.name for one in given]
    if len(set(names)) < len(names):
        raise ValueError(f"objectives name one twice: {', '.join(names)}")
    return tuple(one for one in given if one.weight > 0)


Objectives = Annotated[
    tuple[ObjectiveConfig, ...], BeforeValidator(_from_text), AfterValidator(_sound)
]
"""A list of objectives, complete; or text, ``NAME=WEIGHT+NAME=WEIGHT``, that changes the usual."""
