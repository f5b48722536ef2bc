"""The configuration of a run: complete, typed, saved as TOML, overridden by ``key=value``."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, get_origin

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from stillage.distillation.plan import DistillPlan
from stillage.errors import BadInput
from stillage.perception.device import DEFAULT_PROFILE
from stillage.plugin.suggest import one_of

Model = TypeVar("Model", bound=BaseModel)

SEEDS, LABELS = 5, 4
"""Training seeds and labels a class of a run, unless told: a demonstration, not a study."""


class RunOptions(BaseModel):
    """What ``-o`` may set of a run, besides its distillation plan and the scenario's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=0, ge=0, lt=2**31, description="all randomness comes from it")
    recording: str = Field(default="", description="recording; empty: the scenario renders one")
    items: int = Field(default=1500, ge=30, le=1_000_000, description="items of a rendered one")
    replicas: int = Field(
        default=200, ge=1, le=10_000_000, description="replicas that are simulated"
    )
    days: float = Field(
        default=2.0,
        gt=0,
        le=36_500,
        description="simulated time of a replica",
        json_schema_extra={"unit": "d"},
    )
    worlds: int = Field(
        default=40, ge=1, le=10_000, description="draws of held-out items that intervals span"
    )
    policies: tuple[str, ...] = Field(default=(), description="policies; empty: all there are")
    profile: str = Field(default=DEFAULT_PROFILE, description="device on which models perceive")


class RunConfig(RunOptions):
    """Everything that decides a run's figures; how and where it is computed is not in it.

    ``distillation`` is the complete plan and ``settings`` the scenario's complete settings,
    which the scenario validates.
    """

    kind: Literal["run", "evaluate"] = Field(
        default="run", description="run shows what was trained; evaluate compares policies"
    )
    scenario: str = Field(description="name of the scenario")
    fingerprint: str = Field(default="", description="content of the recording, always checked")
    bundles: dict[str, str] = Field(default={}, description="exported bundles, by policy name")
    outside: dict[str, str] = Field(
        default={}, description="saved policies and module:attribute, by policy name"
    )
    distillation: DistillPlan = Field(
        default=DistillPlan(seeds=SEEDS, labels=LABELS), description="the distillation plan"
    )
    settings: dict[str, Any] = Field(default={}, description="settings of the scenario")

    def to_toml(self) -> str:
        """The configuration as TOML text; values that are None are left to their defaults."""
        import tomli_w

        return tomli_w.dumps(_without_none(self.model_dump(mode="json")))

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a configuration that :meth:`to_toml` wrote, or one written by hand.

        Raises
        ------
        BadInput
            If the file cannot be read, is no TOML, or has an unknown key or wrong value.
        """
        path = Path(path)
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise BadInput(path, "no such file", "a configuration (TOML)") from None
        except OSError as error:
            raise BadInput(path, error.strerror, "a readable file") from error
        except (ValueError, RecursionError) as error:
            raise BadInput(path, f"no TOML ({error})", "a configuration") from error
        return checked(cls, values, str(path))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            k: _without_none(v) for k, v in sorted(value.items(), key=_tables_last) if v is not None
        }
    return [_without_none(v) for v in value] if isinstance(value, list) else value


def _tables_last(item: tuple[str, Any]) -> bool:
    return isinstance(item[1], dict)


def unknown_key(where: str, key: str, known: Iterable[str]) -> BadInput:
    """The error for an unknown key, with the nearest known one.

    >>> str(unknown_key("-o", "replcias", ["replicas", "days"]))
    "-o: found unknown key 'replcias', expected one of days, replicas; did you mean 'replicas'?"
    """
    return BadInput(where, f"unknown key {key!r}", one_of(key, known))


def checked(model: type[Model], values: Mapping[str, Any], where: str) -> Model:
    """``model(**values)``; what is wrong becomes one line that names ``where`` and the key.

    Raises
    ------
    BadInput
        If a key is unknown (with the nearest known one) or a value does not fit.
    """
    for key in values:
        if key not in model.model_fields:
            raise unknown_key(where, key, model.model_fields)
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise _one_line(error, where) from error


def _one_line(error: ValidationError, where: str) -> BadInput:
    first, *more = error.errors(include_url=False)
    told = first.get("ctx", {}).get("error")
    if isinstance(told, BadInput):  # of a validator, and complete as it is
        return told
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
    """Typed values of ``key=value`` pairs, sorted into the section whose model has the key.

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

    >>> parse_overrides(["days=7", "policies=oracle,rule"], {"run": RunConfig})
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
            raise unknown_key(
                "-o", key, {k for model in sections.values() for k in model.model_fields}
            )
        values[owners[0]][short] = _convert(key, sections[owners[0]].model_fields[short], text)
    return values


def _convert(key: str, field: FieldInfo, text: str) -> Any:
    """``text`` as the field's type: TOML where it is TOML, comma-separated for tuples."""
    annotation: Any = (
        Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    )
    try:
        value = tomllib.loads(f"v = {text}")["v"]
    except (ValueError, RecursionError):  # no TOML, a number too long, or lists too deep
        value = text
    if get_origin(field.annotation) is tuple and not isinstance(value, list):
        value = [part.strip() for part in text.split(",") if part.strip()]
    failures = []
    for candidate in (value, text):
        try:
            return TypeAdapter(annotation).validate_python(candidate)
        except ValidationError as error:
            failures.append(error)
    raise _one_line(failures[0], f"-o {key}") from failures[0]
