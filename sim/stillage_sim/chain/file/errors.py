"""Say in one line what is wrong with a chain file: file, key, what was found and expected."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from stillage.errors import BadInput
from stillage.plugin.suggest import one_of
from stillage_sim.chain.file.table import Wrong

_MOST_SHOWN = 60


def path_of(place: Sequence[str | int]) -> str:
    """Write a key's path as the file would be read aloud.

    >>> path_of(["nodes", "sorting", "stations", 2, "from"])
    'nodes.sorting.stations[2].from'
    """
    path = ""
    for part in place:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


def shown(found: Any) -> str:
    """Quote a value in a message, shortened if it is long."""
    text = "a table" if isinstance(found, Mapping) else repr(found)
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 3] + "..."


def one_line(
    error: ValidationError,
    values: Mapping[str, Any],
    label: str,
    tables: Mapping[str, type[BaseModel]],
) -> BadInput:
    """Say a validation's first error in one line; ``label`` is the file, ``values`` its content.

    ``tables`` are the tables whose unknown keys pydantic reports, by the tag of their union or
    the first part of their path.
    """
    found = error.errors(include_url=False)
    # A misspelt key is reported twice, as missing and as unknown; the unknown one says more.
    first = next((one for one in found if _misspelt(one, found[0])), found[0])
    kind, place = first["type"], _place(first["loc"], values)
    told: Mapping[str, Any] = first.get("ctx", {})
    where = f"{label}: {path_of(place)}" if place else label
    wrong = told.get("error")
    if isinstance(wrong, Wrong) and wrong.key:
        return BadInput(where, f"unknown key {wrong.key!r}", wrong.text)
    if isinstance(wrong, BadInput):  # of a whole table, whose kind its union put last
        path = path_of(_place((*first["loc"], ""), values)[:-1])
        return BadInput(f"{label}: {path}: {wrong}")
    if kind == "extra_forbidden":
        key = str(first["loc"][-1])
        named = [tables[str(part)] for part in first["loc"][:-1] if str(part) in tables]
        known = list(named[-1].model_fields) if named else []
        path = f"{label}: {path_of(place[:-1])}"
        return BadInput(path, f"unknown key {key!r}", one_of(key, known) if known else "none such")
    if kind == "missing":
        return BadInput(where, "nothing", "a value")
    if kind == "union_tag_invalid":
        tags = [tag.strip(" '") for tag in str(told["expected_tags"]).split(",")]
        named_by = str(told["discriminator"]).strip("'")
        return BadInput(f"{where}.{named_by}", repr(told["tag"]), one_of(str(told["tag"]), tags))
    if kind == "union_tag_not_found":
        return BadInput(f"{where}.{str(told['discriminator']).strip(chr(39))}", "nothing", "a kind")
    message = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    value = first["input"]
    if isinstance(value, float) and not math.isfinite(value):
        message = "a finite number"
    return BadInput(where, shown(value), message)


def _misspelt(error: Mapping[str, Any], first: Mapping[str, Any]) -> bool:
    """Tell whether an unknown key most likely is the one missing in the same table, misspelt."""
    same = error["loc"][:-1] == first["loc"][:-1]
    return bool(same and first["type"] == "missing" and error["type"] == "extra_forbidden")


def _place(loc: Sequence[str | int], values: Any) -> list[str | int]:
    """Drop the tags of unions from a path, since the file does not spell them."""
    place: list[str | int] = []
    for n, part in enumerate(loc):
        inside = isinstance(values, Mapping) and part in values
        item = isinstance(values, list) and isinstance(part, int) and part < len(values)
        if inside or item:
            values = values[part]
            place.append(part)
        elif n == len(loc) - 1 and isinstance(values, Mapping) and part != "[key]":
            place.append(part)
    return place
