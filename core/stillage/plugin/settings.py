"""List the keys that ``-o`` takes, read from the pydantic model that declares them."""

from __future__ import annotations

import typing
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from stillage.plugin.part import PartConfig


@dataclass(frozen=True)
class Setting:
    """A key of ``-o``: its type, unit, default, what it is and where its default is from."""

    key: str
    type: str
    unit: str
    default: Any
    required: bool
    summary: str
    source: str

    @property
    def shown(self) -> str:
        """The default as ``-o`` would take it."""
        if self.required:
            return "(required)"
        if isinstance(self.default, (list, tuple)):
            parts = any(isinstance(one, PartConfig) for one in self.default)
            return ("+" if parts else ",").join(map(str, self.default))
        return str(self.default).lower() if isinstance(self.default, bool) else str(self.default)


def settings_of(model: type[BaseModel], defaults: BaseModel | None = None) -> list[Setting]:
    """List the settings of a model, in its order; tables of settings are left out.

    ``defaults`` is an instance whose values stand in for the model's own defaults.

    >>> from pydantic import Field
    >>> class Belt(BaseModel):
    ...     speed: float = Field(
    ...         0.5,
    ...         description="Belt speed.",
    ...         json_schema_extra={"unit": "m/s", "source": "assumed"},
    ...     )
    >>> [(s.key, s.type, s.unit, s.shown) for s in settings_of(Belt)]
    [('speed', 'float', 'm/s', '0.5')]
    """
    return [
        _setting(key, field, defaults)
        for key, field in model.model_fields.items()
        if not _is_table(field.annotation)
    ]


def _is_table(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return not issubclass(annotation, PartConfig)
    return typing.get_origin(annotation) is dict


def _setting(key: str, field: FieldInfo, defaults: BaseModel | None) -> Setting:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    required = field.is_required() and defaults is None
    own = None if required else field.get_default(call_default_factory=True)
    return Setting(
        key=key,
        type=_type(field.annotation),
        unit=str(extra.get("unit", "")),
        default=own if defaults is None else getattr(defaults, key),
        required=required,
        summary=field.description or "",
        source=str(extra.get("source", "")),
    )


def _type(annotation: Any) -> str:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _type(typing.get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, PartConfig):
        return "name"
    if origin is typing.Literal:
        return "|".join(map(str, typing.get_args(annotation)))
    if origin in (tuple, list):
        return f"list of {_type(typing.get_args(annotation)[0])}"
    if origin is not None:
        parts = [a for a in typing.get_args(annotation) if a is not type(None)]
        return "|".join(_type(part) for part in parts)
    return getattr(annotation, "__name__", str(annotation))
