"""Keep the source of every number of a chain file.

Any value may be written ``{ value = 1.32, source = "ABSiCE" }``; a plain one is assumed.

>>> cite({"Al": {"price": {"value": 1.32, "source": "ABSiCE"}, "density": 2.7}})
({'Al': {'price': 1.32, 'density': 2.7}}, {'Al.price': 'ABSiCE'})
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from stillage.errors import BadInput
from stillage_sim.chain.file.errors import path_of, shown
from stillage_sim.chain.file.table import ALL

_ASSUMED = "assumed"
Place = tuple[str | int, ...]


class Figure(NamedTuple):
    """A number that a chain is made of: its key, value (a law as text), unit and source."""

    key: str
    value: float | str
    unit: str
    source: str


def cite(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Separate values from their sources; return values, and sources by the path of their key.

    Raises
    ------
    BadInput
        If a source is no text.
    """
    sources: dict[str, str] = {}

    def plain(found: Any, place: Place) -> Any:
        if isinstance(found, dict):
            if set(found) == {"value", "source"}:
                source = found["source"]
                if not isinstance(source, str) or not source.strip():
                    raise BadInput(path_of([*place, "source"]), shown(source), "a text")
                sources[path_of(place)] = source
                return plain(found["value"], place)
            return {key: plain(value, (*place, key)) for key, value in found.items()}
        if isinstance(found, list):
            return [plain(value, (*place, n)) for n, value in enumerate(found)]
        return found

    return {key: plain(value, (key,)) for key, value in values.items()}, sources


def figures(table: BaseModel, sources: Mapping[str, str]) -> list[Figure]:
    """List every number of a table and the tables within it, defaults included, in their order."""
    return list(_of_table(table, (), sources))


def _of_table(table: BaseModel, place: Place, sources: Mapping[str, str]) -> Iterator[Figure]:
    law = getattr(table, "law", None)
    for name, field in type(table).model_fields.items():
        value, here = getattr(table, name), (*place, field.alias or name)
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        unit = str(extra.get("unit", ""))
        if isinstance(value, BaseModel) and getattr(value, "law", None) is not None:
            told = getattr(table, "source", "") or _source(here, sources, table, name, field)
            yield Figure(path_of(here), law_text(value), getattr(table, "unit", unit), told)
        elif "unit" in extra and value is not None and law is None:
            yield from _numbers(
                value, here, unit, sources, _source(here, sources, table, name, field)
            )
        else:
            yield from _inside(value, here, sources)


def _inside(value: Any, here: Place, sources: Mapping[str, str]) -> Iterator[Figure]:
    if isinstance(value, BaseModel):
        yield from _of_table(value, here, sources)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _inside(inner, (*here, key), sources)
    elif isinstance(value, tuple | list):
        for n, inner in enumerate(value):
            yield from _inside(inner, (*here, n), sources)


def _numbers(
    value: Any, here: Place, unit: str, sources: Mapping[str, str], source: str
) -> Iterator[Figure]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            own = here if key == ALL and len(value) == 1 else (*here, key)
            yield from _numbers(inner, own, unit, sources, sources.get(path_of(own), source))
    elif isinstance(value, tuple | list):
        yield Figure(path_of(here), " ".join(map(str, value)), unit, source)
    elif isinstance(value, str):
        yield Figure(path_of(here), value, unit, source)
    else:
        yield Figure(path_of(here), float(value), unit, source)


def _source(
    here: Place,
    sources: Mapping[str, str],
    table: BaseModel,
    name: str,
    field: FieldInfo,
) -> str:
    """Return the file's own source, that of a default left alone, or ``assumed``."""
    if path_of(here) in sources:
        return sources[path_of(here)]
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    untouched = name not in table.model_fields_set
    return str(extra.get("source", _ASSUMED)) if untouched else _ASSUMED


def law_text(law: BaseModel) -> str:
    """Write a law as one reads it.

    >>> from stillage_sim.uncertainty.laws import Normal
    >>> law_text(Normal(mean=50, sd=8))
    'normal: mean 50, sd 8'
    """
    values = law.model_dump(exclude_defaults=True)
    name = str(getattr(law, "law", ""))
    numbers = ", ".join(f"{key} {_brief(value)}" for key, value in values.items() if key != "law")
    return f"{name}: {numbers}" if numbers else name


def _brief(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
