"""A reader's options: one light class, from which help, checking and documentation derive."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """The options of a reader, set by ``-o key=value``: subclass it, with one field for each.

    >>> class Log(Options):
    ...     window: float = option(2.0, "length of a sample", unit="s", gt=0)
    >>> Log(window="0.5").window
    0.5
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def option(default: Any, summary: str, unit: str = "", source: str = "", **limits: Any) -> Any:
    """Declare an option: its default, what it is, its unit and where the default is from.

    ``limits`` are those of ``pydantic.Field``: ``ge``, ``gt``, ``le``, ``lt``.
    """
    extra: dict[str, Any] = {"unit": unit, "source": source}
    return Field(default, description=summary, json_schema_extra=extra, **limits)
