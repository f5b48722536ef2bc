"""The commands ``run``, ``evaluate`` and ``resume``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stillage.cli.console import device, emit, emit_json, progress, say, table

if TYPE_CHECKING:
    from stillage.rundir import RunConfig
    from stillage_sim.run.evaluate import Outcome

Command = TypeVar("Command", bound=Callable[..., Any])

_SHOWN = 6
"""KPIs in the table on the terminal; all are in the report."""


def _options(command: Command) -> Command:
    """Add the options that the commands which begin a run share."""
    for option in reversed(
        (
            click.option(
                "-o", "--override", "overrides", multiple=True, metavar="KEY=VALUE",
                help="Any key of the configuration; `stillage scenarios show` lists them.",
            ),
            click.option("--recording", metavar="FILE", help="Recorded items. [rendered]"),
            click.option(
                "--out", type=click.Path(path_type=Path), metavar="DIR",
                help="A new run directory. [runs/SCENARIO-n]",
            ),
            click.option("--seed", type=int, metavar="S", help="All randomness. [0]"),
            click.option("--dry-run", is_flag=True, help="Print the configuration; do nothing."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def _places(command: Command) -> Command:
    """Add the options of where it is computed, and how results are printed."""
    for option in reversed(
        (
            click.option("--workers", type=int, metavar="N", help="0: no Ray. [cores]"),
            click.option("--address", metavar="A", help="A Ray cluster, host:port or auto."),
            click.option("--json", "as_json", is_flag=True, help="JSON on standard output."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def _told(overrides: tuple[str, ...]) -> tuple[str, ...]:
    """Return the overrides with ``--device`` among them."""
    where = device()
    return overrides if where == "cpu" else (*overrides, f"device={where}")


@click.command()
@click.argument("scenario", metavar="SCENARIO|CONFIG.toml")
@_options
@_places
def run(
    scenario: str,
    overrides: tuple[str, ...],
    recording: str | None,
    out: Path | None,
    seed: int | None,
    dry_run: bool,
    workers: int | None,
    address: str | None,
    as_json: bool,
) -> None:
    """Record, distil, deploy, simulate and report a scenario."""
    from stillage_sim.run.configure import configure
    from stillage_sim.run.evaluate import start

    config = configure(scenario, _told(overrides), seed=seed, recording=recording)
    if dry_run:
        _show_plan(config, as_json)
        return
    _tell(start(config, out, workers, address, progress), as_json)


@click.command()
@click.argument("scenario")
@click.option(
    "--policy", "policies", multiple=True, required=True, metavar="NAME_OR_BUNDLE",
    help="A policy's name, a bundle's folder (DIR:fp32 for its FP32 model), a saved policy's "
    "folder, or module:attribute; repeat it.",
)  # fmt: skip
@click.option("--replicas", type=int, metavar="R", help="Replicas. [200]")
@click.option("--days", type=float, metavar="D", help="Simulated days of each. [the scenario's]")
@_options
@_places
def evaluate(
    scenario: str,
    policies: tuple[str, ...],
    replicas: int | None,
    days: float | None,
    overrides: tuple[str, ...],
    recording: str | None,
    out: Path | None,
    seed: int | None,
    dry_run: bool,
    workers: int | None,
    address: str | None,
    as_json: bool,
) -> None:
    """Compare policies and exported bundles in a scenario, all facing the same luck."""
    from stillage_sim.run.evaluate import configure_evaluation, start

    config = configure_evaluation(
        scenario, policies, _told(overrides), recording=recording, replicas=replicas, days=days,
        seed=seed,
    )  # fmt: skip
    if dry_run:
        _show_plan(config, as_json)
        return
    _tell(start(config, out, workers, address, progress), as_json)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@_places
def resume(folder: Path, workers: int | None, address: str | None, as_json: bool) -> None:
    """Finish the run in DIR: do only what is missing."""
    from stillage_sim.run.evaluate import resume as finish

    _tell(finish(folder, workers=workers, address=address, progress=progress), as_json)


def _show_plan(config: RunConfig, as_json: bool) -> None:
    from stillage_sim.run.pipeline import STAGES

    if as_json:
        emit_json({"config": config.model_dump(mode="json"), "stages": list(STAGES)})
        return
    emit(config.to_toml().rstrip())
    emit(f"# stages: {', '.join(STAGES)}")


def _tell(outcome: Outcome, as_json: bool) -> None:
    """Print the figures: JSON, or tables that end with the report's path."""
    if as_json:
        emit_json(outcome.json())
        return
    from stillage.report import labels, words
    from stillage.report.figures import about, tasks
    from stillage.report.sections.answer import deciding, distilling

    figures = outcome.figures
    asked = tasks(figures) if figures["kind"] == "run" else {}
    for target, summary in asked.items():
        rows = [
            [labels.arm(arm).label, *(words.score(interval[k]) for k in ("mean", "low", "high"))]
            for arm, interval in summary["arms"].items()
        ]
        emit(f"{target}: {words.name(summary['metric'])} on held-out groups")
        table(["arm", "mean", "low", "high"], rows)
        emit("")
    kpis = dict(list(about(figures).items())[:_SHOWN])
    rows = [
        [policy.label]
        + [
            f"{words.number(i['mean'])} [{words.number(i['low'])}, {words.number(i['high'])}]"
            for i in (figures["policies"][policy.name][kpi] for kpi in kpis)
        ]
        for policy in labels.policies(figures).values()
    ]
    table(["policy", *kpis], rows)
    emit("")
    for sentence in (distilling(figures), deciding(figures)):
        if sentence:
            emit(sentence)
    for line in figures["left_out"]:
        say(f"left out: {line}")
    emit(str(outcome.report))
