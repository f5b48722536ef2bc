"""Every table of a chain file is frozen, with known keys only, finite numbers, unit by name.

>>> class Belt(Table):
...     speed_m_per_s: float = number("m/s", "Speed of the belt.", 0.5, gt=0)
>>> Belt().speed_m_per_s
0.5
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from stillage.plugin.suggest import one_of

_MOST_NAME = 64
ALL = "*"
"""In a table by material: all that are not named."""


class Wrong(ValueError):
    """The error of our own validators, which :mod:`.errors` puts into one line.

    ``key`` is an unknown key (empty: none); ``text`` is what was expected.
    """

    def __init__(self, text: str, key: str = "") -> None:
        super().__init__(text)
        self.text, self.key = text, key


class Table(BaseModel):
    """The base of every table of a chain file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, found: Any) -> Any:
        """Refuse unknown keys here, where the known ones are at hand for the message."""
        if isinstance(found, dict):
            known = keys_of(cls)
            for key in found:
                if key not in known:
                    raise Wrong(one_of(str(key), known), key=str(key))
        return found


def keys_of(table: type[BaseModel]) -> list[str]:
    """List the keys of a table as the file spells them.

    >>> class Way(Table):
    ...     source: str = Field(alias="from")
    >>> keys_of(Way)
    ['from']
    """
    return [field.alias or name for name, field in table.model_fields.items()]


def number(unit: str, description: str, default: Any = ..., **limits: Any) -> Any:
    """Declare a number of a table.

    Its key's name ends in its unit, or it is a share or a count (``1``).
    """
    return Field(default, description=description, json_schema_extra={"unit": unit}, **limits)


def word(description: str, default: Any = ..., **limits: Any) -> Any:
    """Declare a name, a text or a choice of a table."""
    return Field(default, description=description, **limits)


def _name(name: str) -> str:
    hidden = any(unicodedata.category(letter).startswith("C") for letter in name)
    if not 1 <= len(name) <= _MOST_NAME or "." in name or hidden or name != name.strip():
        raise Wrong(f"1 to {_MOST_NAME} visible characters without a dot")
    return name


Name = Annotated[str, AfterValidator(_name)]
"""A name that other keys refer to; any script, but no dot, which joins a node and its lane."""

Text = Annotated[str, Field(max_length=1000)]
Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0, le=1e15)]
Rate = Annotated[float, Field(ge=-1e9, le=1e9)]


def _for_all(found: Any) -> Any:
    if isinstance(found, int | float) and not isinstance(found, bool):
        return {ALL: found}
    return found


ByMaterial = Annotated[dict[str, Rate], BeforeValidator(_for_all)]
"""A number for all materials, or a table by material; ``"*"`` stands for those not named."""

SharesByMaterial = Annotated[dict[str, Share], BeforeValidator(_for_all)]
AmountsByMaterial = Annotated[dict[str, Amount], BeforeValidator(_for_all)]
