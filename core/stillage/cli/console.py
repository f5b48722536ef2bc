"""Output of commands: results on standard output, progress and logs on standard error.

On a terminal tables and progress are drawn; elsewhere they are plain lines.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import click


@dataclass
class Settings:
    """The options that every command has."""

    verbose: bool = False
    device: str = "cpu"


_OUTSIDE = Settings()


def settings() -> Settings:
    """Give the options of the running command; their defaults outside of one."""
    context = click.get_current_context(silent=True)
    root = context.find_root() if context else None
    return root.ensure_object(Settings) if root else _OUTSIDE


def device() -> str:
    """Give the running command's ``--device``, checked to exist: ``cpu``, ``cuda:0`` ...

    ``auto`` is ``cuda`` where there is one, else ``cpu``.

    Raises
    ------
    BadInput
        If there is no such device.
    """
    from stillage.compute.placement import find_device

    return find_device(settings().device, "--device")


def say(text: str) -> None:
    """Write one line to standard error."""
    click.echo(text, err=True)


def emit(text: str) -> None:
    """Write a result as text to standard output."""
    click.echo(text)


def emit_json(value: Any) -> None:
    """Write a result as JSON to standard output; NaN is refused, since it is no JSON."""
    click.echo(json.dumps(value, indent=1, allow_nan=False))


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table to standard output: drawn on a terminal, else in aligned plain columns.

    >>> table(["name", "unit"], [["nir", 1], ["temperature", "degC"]])
    name         unit
    nir          1
    temperature  degC
    """
    text = [[str(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        drawn = Table(*headers, box=None, pad_edge=False)
        for row in text:
            drawn.add_row(*map(escape, row))
        Console().print(drawn)
        return
    widths = [max(map(len, column)) for column in zip(headers, *text, strict=True)]
    for row in [list(headers), *text]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


class Progress(Protocol):
    """A counter of finished parts of a whole, which shows them."""

    def advance(self, done: str = "") -> None:
        """Count one more finished part, named ``done``."""


class _Lines:
    def __init__(self, title: str, total: int) -> None:
        self._title, self._total, self._count = title, total, 0

    def advance(self, done: str = "") -> None:
        self._count += 1
        say(f"{self._title}: {self._count}/{self._total} {done}".rstrip())


@contextmanager
def progress(title: str, total: int) -> Iterator[Progress]:
    """Show progress on standard error: a bar on a terminal, else a line for each part.

    >>> with progress("training", 2) as bar:
    ...     bar.advance("seed 0")
    """
    if not sys.stderr.isatty():
        yield _Lines(title, total)
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)

        class _Drawn:
            def advance(self, done: str = "") -> None:
                bar.update(task, advance=1, description=f"{title} {done}".rstrip())

        yield _Drawn()
