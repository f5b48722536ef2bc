"""Turn ``key=value`` pairs into values of pydantic models; what does not fit is one line."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from stillage.errors import BadInput
from stillage.plugin.suggest import one_of

_Model = TypeVar("_Model", bound=BaseModel)


def _unknown_key(where: str, key: str, known: Iterable[str]) -> BadInput:
    """Make the error for an unknown key, with the nearest known one.

    >>> str(_unknown_key("-o", "replcias", ["replicas", "days"]))
    "-o: found unknown key 'replcias', expected one of days, replicas; did you mean 'replicas'?"
    """
    names = list(known)
    return BadInput(where, f"unknown key {key!r}", one_of(key, names) if names else "none")


def checked(model: type[_Model], values: Mapping[str, Any], where: str) -> _Model:
    """Make ``model(**values)``; what is wrong becomes one line that names ``where`` and the key.

    Raises
    ------
    BadInput
        If a key is unknown (with the nearest known one) or a value does not fit.
    """
    for key in values:
        if key not in model.model_fields:
            raise _unknown_key(where, key, model.model_fields)
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise _one_line(error, where) from error


def _one_line(error: ValidationError, where: str) -> BadInput:
    first, *more = error.errors(include_url=False)
    told = first.get("ctx", {}).get("error")
    if isinstance(told, BadInput):  # of a validator, and complete as it is
        return told
    if first["type"] == "extra_forbidden":
        *section, key = (str(part) for part in first["loc"])
        return BadInput(" ".join([where, *section]), f"unknown key {key!r}", "a known key")
    place = " ".join([where, *(str(part) for part in first["loc"][:2])])
    message = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if more and all(other["loc"][:-1] == first["loc"][:-1] for other in more):  # a union's kinds
        place = " ".join([where, *(str(part) for part in first["loc"][:-1])])
        kinds = [str(one["loc"][-1]) for one in (first, *more)]
        message = " or ".join(k.removeprefix("literal[").removesuffix("]") for k in kinds)
    if first["type"] == "value_error":  # a whole sentence of our own
        return BadInput(message if message.startswith("--") else f"{place}: {message}")
    if first["type"] == "missing":
        return BadInput(place, "nothing", "a value")
    if isinstance(first["input"], float) and not math.isfinite(first["input"]):
        message = "a finite number"
    return BadInput(place, repr(first["input"]), message)


def parse_overrides(
    pairs: Iterable[str], sections: Mapping[str, type[BaseModel]]
) -> dict[str, dict[str, Any]]:
    """Turn ``key=value`` pairs into typed values, by the section whose model has the key.

    Parameters
    ----------
    pairs : iterable of str
        ``"days=7"``, ``"labels=all"``, ``"teacher=nir,led"``; ``"settings.days=7"`` names
        the section where two have the key (else the first one that has it counts).
    sections : mapping of str to model class
        The models, by section name.

    Raises
    ------
    BadInput
        If a pair has no ``=``, its key is unknown, or the value does not fit.

    >>> class Run(BaseModel):
    ...     days: float = 2.0
    ...     policies: tuple[str, ...] = ()
    >>> parse_overrides(["days=7", "policies=oracle,rule"], {"run": Run})
    {'run': {'days': 7.0, 'policies': ('oracle', 'rule')}}
    """
    values: dict[str, dict[str, Any]] = {name: {} for name in sections}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise BadInput("-o", repr(pair), "key=value")
        section, _, short = key.rpartition(".")
        owners = [
            name
            for name, model in sections.items()
            if short in model.model_fields and section in ("", name)
        ]
        if not owners:
            raise _unknown_key(
                "-o", key, {k for model in sections.values() for k in model.model_fields}
            )
        values[owners[0]][short] = _convert(key, sections[owners[0]].model_fields[short], text)
    return values


def _convert(key: str, field: FieldInfo, text: str) -> Any:
    """Convert ``text`` to the field's type, as TOML, or split at commas for tuples of text."""
    annotation: Any = (
        Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    )
    try:
        value = tomllib.loads(f"v = {text}")["v"]
    except (ValueError, RecursionError):  # no TOML, a number too long, or lists too deep
        value = text
    listed = get_origin(field.annotation) is tuple and get_args(field.annotation)[0] is str
    if listed and not isinstance(value, list):
        value = [part.strip() for part in text.split(",") if part.strip()]
    failures = []
    for candidate in (value, text):  # the bare text too: to TOML the name 7 is a number
        try:
            return TypeAdapter(annotation).validate_python(candidate)
        except ValidationError as error:
            failures.append(error)
    raise _one_line(failures[0], f"-o {key}") from failures[0]
