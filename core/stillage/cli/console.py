"""What commands say: JSON and results on standard output, progress and logs on standard error.

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
    """The options of the running command; their defaults outside of one."""
    context = click.get_current_context(silent=True)
    root = context.find_root() if context else None
    return root.ensure_object(Settings) if root else _OUTSIDE


def device() -> str:
    """The ``--device`` of the running command, checked to be there: ``cpu``, ``cuda:0`` ...

    ``auto`` is ``cuda`` where there is one, else ``cpu``.

    Raises
    ------
    BadInput
        If there is no such device.
    """
    from stillage.compute.placement import find_device

    return find_device(settings().device, "--device")


def say(text: str) -> None:
    """One line on standard error."""
    click.echo(text, err=True)


def emit(text: str) -> None:
    """A result as text on standard output."""
    click.echo(text)


def emit_json(value: Any) -> None:
    """A result as JSON on standard output; NaN is refused, since it is no JSON."""
    click.echo(json.dumps(value, indent=1, allow_nan=False))


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on standard output: drawn on a terminal, else aligned plain columns.

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
    """Counts finished parts of a whole."""

    def advance(self, done: str = "") -> None:
        """One more part is done; ``done`` says which."""


class _Lines:
    def __init__(self, title: str, total: int) -> None:
        self._title, self._total, self._count = title, total, 0

    def advance(self, done: str = "") -> None:
        self._count += 1
        say(f"{self._title}: {self._count}/{self._total} {done}".rstrip())


@contextmanager
def progress(title: str, total: int) -> Iterator[Progress]:
    """Progress on standard error: a bar on a terminal, else a line for each part.

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
