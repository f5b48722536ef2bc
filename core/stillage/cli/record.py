"""``stillage record``: render a scenario's recording, import a real one, or describe one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import click

from stillage.cli.console import emit, emit_json, say, settings
from stillage.cli.quiet import quiet_libraries
from stillage.errors import BadInput
from stillage.plugin.host import get_host
from stillage.plugin.options import Options
from stillage.plugin.overrides import parse_overrides
from stillage.plugin.settings import Setting, settings_of
from stillage.plugin.spec import ReaderSpec, ScenarioSpec


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


class _Import(click.Command):
    """The command ``record import``, whose help also lists every reader and its options."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for spec in get_host().specs(ReaderSpec):
            with formatter.section(f"Reader {spec.name}"):
                formatter.write_text(f"{spec.summary} ({'; '.join(spec.formats)})")
                rows = [_row(s) for s in settings_of(spec.options)] if spec.options else []
                if rows:
                    formatter.write_dl(rows)


def _row(setting: Setting) -> tuple[str, str]:
    unit = "" if setting.unit == "1" else setting.unit
    shown = f"{setting.shown} {unit}".strip() or "empty"
    source = f"; {setting.source}" if setting.source else ""
    return f"-o {setting.key}={setting.type}", f"{setting.summary} [{shown}{source}]"


@record.command("import", cls=_Import)
@click.argument("reader")
@click.argument("path")
@click.argument("out", metavar="OUT.h5")
@click.option("-o", "options", multiple=True, metavar="KEY=VALUE", help="The reader's options.")
def import_(reader: str, path: str, out: str, options: tuple[str, ...]) -> None:
    """Turn real files at PATH into the recording OUT.h5 with READER."""
    if not out:
        raise BadInput("OUT.h5", "an empty name", "a file to write")
    _spare_inputs(Path(path), Path(out))
    host = get_host()
    given = arguments(host.spec(ReaderSpec, reader), options)
    with nullcontext() if settings().verbose else quiet_libraries():
        host.create(ReaderSpec, reader, path, out, *given)
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
    """Refuse to write over the input: the file itself, or one in its folder.

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


def arguments(spec: ReaderSpec, pairs: Sequence[str]) -> tuple[Options, ...]:
    """Turn ``-o key=value`` pairs into a reader's options: its factory's last argument, if any.

    Raises
    ------
    BadInput
        If a key is unknown (with the nearest known one), given twice, or a value does not fit.

    >>> from stillage.recording.specs import MANIFEST
    >>> arguments(MANIFEST, ["width=32"])[0].width
    32
    """
    keys = [pair.partition("=")[0] for pair in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise BadInput(f"-o {key}", "the key twice", "once")
    values = parse_overrides(pairs, {"reader": spec.options or Options})
    return spec.arguments(**values["reader"])
