"""``stillage record``: render a scenario's recording, import a real one, look inside one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from stillage.cli.console import emit, emit_json, say, settings
from stillage.cli.quiet import quiet_libraries
from stillage.errors import BadInput
from stillage.plugin.host import get_host
from stillage.plugin.spec import Parameter, ReaderSpec, ScenarioSpec
from stillage.plugin.suggest import one_of


@click.group()
def record() -> None:
    """Render, import or look into a recording."""


@record.command()
@click.argument("scenario")
@click.argument("out", metavar="OUT.h5")
@click.option("--items", default=1500, show_default=True, type=click.IntRange(1), help="Items.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed.")
def render(scenario: str, out: str, items: int, seed: int) -> None:
    """Render SCENARIO's synthetic recording through the sensor models into OUT.h5."""
    get_host().create(ScenarioSpec, scenario).record(items, seed, out)
    _say_written(out)


@record.command("import")
@click.argument("reader")
@click.argument("path")
@click.argument("out", metavar="OUT.h5")
@click.option("-o", "options", multiple=True, metavar="KEY=VALUE", help="The reader's parameters.")
def import_(reader: str, path: str, out: str, options: tuple[str, ...]) -> None:
    """Turn real files at PATH into the recording OUT.h5 with READER."""
    if not out:
        raise BadInput("OUT.h5", "an empty name", "a file to write")
    _spare_inputs(Path(path), Path(out))
    host = get_host()
    parameters = parse_options(host.spec(ReaderSpec, reader), options)
    with nullcontext() if settings().verbose else quiet_libraries():
        host.create(ReaderSpec, reader, path, out, **parameters)
    _say_written(out)


@record.command()
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
@click.option("--verify", is_flag=True, help="Read everything and hold it against the fingerprint.")
def info(file: str, as_json: bool, verify: bool) -> None:
    """Print what is inside the recording FILE."""
    from stillage.recording.info import describe, lines
    from stillage.recording.reader import Recording

    with Recording.open(file) as recording:
        if verify:
            recording.verify()
        found = describe(recording)
    if as_json:
        emit_json(found)
        return
    for line in lines(found):
        emit(line)


def _spare_inputs(path: Path, out: Path) -> None:
    """Refuse to write over what is imported: the file itself, or one in its folder.

    A recording in that folder is no input: it was imported there before.
    """
    if not (out.is_file() and path.exists()):
        return
    if os.path.samefile(path, out):
        raise BadInput(out, "the very file to import", "another file to write")
    if path.is_dir() and out.resolve().is_relative_to(path.resolve()):
        from stillage.recording.reader import Recording

        try:
            Recording.open(out).close()
        except BadInput:
            found = f"a file of the folder to import, {path}"
            raise BadInput(out, found, "another file to write") from None


def _say_written(out: str) -> None:
    from stillage.recording.reader import Recording

    with Recording.open(out) as recording:
        what = ", ".join(f"{n} {i.count}" for n, i in recording.modalities.items())
        groups = len(recording.group_names)
        say(f"{out}: {recording.samples} samples in {groups} groups ({what})")
        for note in recording.notes:
            say(f"note: {note}")


def parse_options(spec: ReaderSpec, options: Sequence[str]) -> dict[str, Any]:
    """Values of ``-o key=value`` in the types that the reader declares.

    Raises
    ------
    BadInput
        If a key is unknown (with the nearest known one), given twice, or a value does not fit.

    >>> from stillage.recording.specs import MANIFEST
    >>> parse_options(MANIFEST, ["width=32"])
    {'width': 32}
    """
    known = {parameter.name: parameter for parameter in spec.parameters}
    values: dict[str, Any] = {}
    for option in options:
        key, equals, text = option.partition("=")
        if not equals:
            raise BadInput("-o", repr(option), "key=value")
        if key not in known:
            raise BadInput(f"-o {key}", f"no such key of reader {spec.name}", one_of(key, known))
        if key in values:
            raise BadInput(f"-o {key}", "the key twice", "once")
        values[key] = _value(known[key], text)
    return values


def _value(parameter: Parameter, text: str) -> Any:
    where = f"-o {parameter.name}"
    if parameter.type == "bool":
        if text.lower() not in ("true", "false"):
            raise BadInput(where, repr(text), "true or false")
        return text.lower() == "true"
    if parameter.type == "choice" and text not in parameter.choices:
        raise BadInput(where, repr(text), one_of(text, parameter.choices))
    if parameter.type in ("int", "float"):
        number = int if parameter.type == "int" else float
        try:
            return number(text)
        except ValueError:
            raise BadInput(where, repr(text), f"a number ({parameter.type})") from None
    return text
