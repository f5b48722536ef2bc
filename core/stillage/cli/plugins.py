"""``stillage plugins``: list, diagnose and check installed plugins, and begin a new one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillage.cli.console import emit, emit_json, table
from stillage.errors import BadInput, PluginBroken, StillageError
from stillage.plugin.spec import (
    CommandSpec,
    EncoderSpec,
    FusionSpec,
    KpiSpec,
    ModalitySpec,
    ObjectiveSpec,
    PolicySpec,
    ReaderSpec,
    ScenarioSpec,
    SectionSpec,
    Spec,
    StudentSpec,
    TeacherSpec,
)
from stillage.plugin.suggest import one_of

if TYPE_CHECKING:
    from stillage.plugin.host import Host
    from stillage.plugin.loading import PluginStatus

LISTED: dict[str, type[Spec]] = {
    "modalities": ModalitySpec,
    "encoders": EncoderSpec,
    "readers": ReaderSpec,
    "fusions": FusionSpec,
    "teachers": TeacherSpec,
    "students": StudentSpec,
    "objectives": ObjectiveSpec,
    "scenarios": ScenarioSpec,
    "policies": PolicySpec,
    "kpis": KpiSpec,
    "sections": SectionSpec,
    "commands": CommandSpec,
}
_NAMED: tuple[type[Spec], ...] = (ModalitySpec, FusionSpec, ObjectiveSpec, ScenarioSpec, ReaderSpec)
"""Kinds of which ``plugins check`` takes one by its name."""


@click.group()
def plugins() -> None:
    """List, diagnose, check or begin plugins."""


def as_json(status: PluginStatus) -> dict[str, Any]:
    """Give one plugin as ``plugins list --json`` prints it."""
    names = {heading: sorted(status.names(kind)) for heading, kind in LISTED.items()}
    return {
        "name": status.name,
        "distribution": status.distribution,
        "version": status.version,
        "status": status.status,
        "reason": status.reason,
        **names,
        "formats": _formats(status),
    }


def _formats(status: PluginStatus) -> dict[str, list[str]]:
    """List the files that each reader takes, and each modality by its own decoder."""
    found: dict[str, list[str]] = {}
    for spec in status.specs:
        known = getattr(spec, "formats" if isinstance(spec, ReaderSpec) else "suffixes", ())
        if known:
            found[f"{spec.kind} {spec.name}"] = list(known)
    return dict(sorted(found.items()))


@plugins.command("list")
@click.option("--json", "as_json_", is_flag=True, help="As JSON.")
def list_(as_json_: bool) -> None:
    """What every installed plugin provides, and its status."""
    from stillage.plugin.host import get_host

    statuses = get_host().statuses()
    if as_json_:
        emit_json([as_json(status) for status in statuses])
        return
    shown = (
        "modalities", "readers", "fusions", "teachers", "students", "objectives", "scenarios",
        "policies",
    )  # fmt: skip
    rows = []
    for status in statuses:
        values = as_json(status)
        provided = [f"{head}: {', '.join(values[head])}" for head in shown if values[head]]
        text = "; ".join(provided) or status.reason.partition(";")[0]
        rows.append((status.name, status.where, status.status, text))
    table(("name", "distribution", "status", "provides"), rows)


@plugins.command()
def doctor() -> None:
    """Load every plugin and import all that it names; say what is wrong, and where.

    Exit code 4 if a plugin is broken.
    """
    from stillage.plugin.host import get_host

    host = get_host()
    broken = []
    for status in host.statuses():
        lines = _diagnose(host, status)
        emit(f"{status.name} ({status.where}): {'broken' if lines else status.status}")
        if lines:
            broken.append(status.name)
        elif status.reason:
            lines = [status.reason]
        for line in lines:
            emit(f"    {line}")
    if broken:
        raise PluginBroken(f"broken: {', '.join(broken)}")


def _diagnose(host: Host, status: PluginStatus) -> list[str]:
    """List all errors of a plugin, with the traceback of the one that broke it."""
    lines = []
    if status.status == "broken":
        lines = [status.reason, *status.traceback.splitlines()]
    for spec in status.specs:
        try:
            host.resolve(spec)
        except PluginBroken as error:
            lines.append(str(error))
    return lines


@plugins.command()
@click.argument("name")
@click.option("--path", help="An example that the reader NAME reads: a file or a folder.")
@click.option("-o", "options", multiple=True, metavar="KEY=VALUE", help="The reader's options.")
def check(name: str, path: str | None, options: tuple[str, ...]) -> None:
    """Run the conformance kit on plugin NAME, or on one thing that it provides.

    NAME is an entry point, a distribution, or a modality, fusion, objective, scenario or, with
    --path, a reader.
    """
    from stillage.plugin.host import get_host
    from stillage.testing import Failed

    failures = 0
    for spec, result in _results(get_host(), name, path, options):
        failed = isinstance(result, Failed)
        failures += failed
        emit(f"{'FAIL' if failed else 'pass'}  {spec.kind} {spec.name}: {result}")
    if failures:
        raise StillageError(f"{name}: {failures} checks failed")


def _results(
    host: Host, name: str, path: str | None, options: tuple[str, ...]
) -> Iterator[tuple[Spec, Any]]:
    """Yield each checked spec with its result, as soon as it is known."""
    from stillage.cli.record import arguments
    from stillage.testing import CHECKS
    from stillage.testing.reader import reader_results

    if path is not None:
        reader = host.spec(ReaderSpec, name)
        for result in reader_results(reader, path, options=arguments(reader, options)):
            yield reader, result
        return
    if options:
        raise BadInput("-o", "no --path", "--path EXAMPLE, with the options of a reader")
    specs = _specs_of(host, name)
    for spec in specs:
        if spec.kind in CHECKS:
            for result in CHECKS[spec.kind](spec):
                yield spec, result
    for spec in specs:
        if spec.kind not in CHECKS:
            host.resolve(spec)
            yield spec, f"{spec.factory} can be imported"


def _specs_of(host: Host, name: str) -> list[Any]:
    """Find the specs that NAME stands for."""
    owners = [s for s in host.statuses() if name in (s.name, s.distribution)]
    for status in owners:
        if status.status in ("broken", "incompatible"):
            raise PluginBroken(f"plugin {status.name} is {status.status}: {status.reason}")
    if owners:
        found = [spec for status in owners for spec in status.specs]
        if not found:
            raise BadInput(f"plugin {name!r}", owners[0].reason or "no specs", "something to check")
        return found
    named = [spec for kind in _NAMED for spec in host.specs(kind) if spec.name == name]
    if not named:
        known = [s.name for s in host.statuses()]
        known += [spec.name for kind in _NAMED for spec in host.specs(kind)]
        raise BadInput(f"plugin {name!r}", "no such plugin", one_of(name, known))
    return named


@plugins.command()
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
def new(name: str, folder: Path) -> None:
    """Begin a plugin package NAME in FOLDER: a modality with its sensor model and its test."""
    from stillage.cli.skeleton import write_skeleton

    for path in write_skeleton(name, folder):
        emit(str(path))
    emit(f"next: pip install -e {folder} && pytest {folder} && stillage plugins check {name}")
