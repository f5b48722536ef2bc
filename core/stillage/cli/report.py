"""``stillage report`` and ``stillage compare``: show the figures of finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stillage.cli.console import emit, emit_json, table


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help='Print {"report": PATH}.')
def report(folder: Path, as_json: bool) -> None:
    """Write DIR/report.html again from what the run left, and print its path."""
    from stillage.report.page import write_report
    from stillage.rundir import RunDir

    path = write_report(RunDir.open(folder))
    if as_json:
        emit_json({"report": str(path)})
    else:
        emit(str(path))


@click.command()
@click.argument("first", type=click.Path(path_type=Path), metavar="DIR")
@click.argument("second", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def compare(first: Path, second: Path, as_json: bool) -> None:
    """Compare the figures of two runs: what differs in KPIs and scores, and in their set-up."""
    from stillage.report.comparison import compare_runs
    from stillage.rundir import RunDir

    found = compare_runs(RunDir.open(first), RunDir.open(second))
    if as_json:
        emit_json(found)
        return
    for key, (a, b) in found["configuration"].items():
        emit(f"{key}: {a} | {b}")
    for side in ("first", "second"):
        if found[f"only_{side}"]:
            emit(f"only in the {side}: {', '.join(found[f'only_{side}'])}")
    if found["figures"]:
        table(["figure", "of", "first", "second", "second - first"], _rows(found["figures"]))
    else:
        emit("All figures are the same." if found["identical"] else "No common figure differs.")


def _rows(figures: list[dict[str, Any]]) -> list[list[str]]:
    return [
        [
            row["figure"],
            row["of"],
            f"{row['first']['mean']:.4g} [{row['first']['low']:.4g}, {row['first']['high']:.4g}]",
            f"{row['second']['mean']:.4g} "
            f"[{row['second']['low']:.4g}, {row['second']['high']:.4g}]",
            f"{row['difference']:+.4g}" + ("" if row["apart"] else " (intervals overlap)"),
        ]
        for row in figures
    ]
