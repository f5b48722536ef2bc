"""Run ``stillage distill``: teach a cheap student what a rich teacher knows, with controls."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillage.cli.console import device, emit, emit_json, progress, say, table
from stillage.distillation.arm_table import KEPT, TEACHER
from stillage.distillation.labels import parse_labels
from stillage.distillation.plan import DistillPlan
from stillage.errors import BadInput
from stillage.network.config import FusionConfig
from stillage.plugin.part import PartConfig
from stillage.teaching.objectives.config import change_objectives

if TYPE_CHECKING:
    from stillage.distillation.seed import SeedResult


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


@click.command()
@click.argument("recording")
@click.option("--teacher", metavar="A,B,C", help="Modalities of the teacher.")
@click.option("--student", metavar="A", help="Modalities of the student.")
@click.option("--task", metavar="T", help="Target, or several; the first is the primary one.")
@click.option(
    "--labels",
    default="all",
    show_default=True,
    metavar="N|F|all",
    help="Label budget: groups a class (4), a fraction of groups (0.2), or all.",
)
@click.option("--seeds", default=20, show_default=True, type=click.IntRange(1), help="Splits.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="First seed.")
@click.option("--size", default="", metavar="SIZE", help="Student encoders: linear, small, large.")
@click.option("--teacher-size", default="", metavar="SIZE", help="Teacher encoders.")
@click.option(
    "--teacher-model", default="network", show_default=True, metavar="PART",
    help="What teaches: network, trees, or a plugin's.",
)  # fmt: skip
@click.option(
    "--student-model", default="network", show_default=True, metavar="PART",
    help="What learns: network, or a plugin's.",
)  # fmt: skip
@click.option(
    "--fusion", default="concat", show_default=True, metavar="PART",
    help="How modalities are fused. A PART is NAME or NAME,key=value,...",
)  # fmt: skip
@click.option(
    "--objective", "objectives", multiple=True, metavar="NAME=WEIGHT[,key=value,...]",
    help="Add a loss, change a usual one or (0) drop it; repeat it. [label_loss=1, soft_target=1]",
)  # fmt: skip
@click.option("--held-out", default=1 / 3, type=float, help="Share of groups held out. [1/3]")
@click.option("--steps", type=click.IntRange(1), help="Optimiser steps of teacher and student.")
@click.option("--open-set", is_flag=True, help="Out-of-set samples join the pool.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Keep results here.")
@click.option("--workers", type=click.IntRange(0), help="0: in process; else Ray. [cores]")
@click.option("--address", metavar="A", help="A Ray cluster.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def distill(
    recording: str,
    teacher: str | None,
    student: str | None,
    task: str | None,
    labels: str,
    seeds: int,
    seed: int,
    size: str,
    teacher_size: str,
    teacher_model: str,
    student_model: str,
    fusion: str,
    objectives: tuple[str, ...],
    held_out: float,
    steps: int | None,
    open_set: bool,
    out: Path | None,
    workers: int | None,
    address: str | None,
    as_json: bool,
) -> None:
    """Teach a student with cheap sensors what rich ones know about RECORDING's items.

    The teacher learns from the labelled part alone and teaches on all paired training
    recordings. Beside the distilled student stand labels alone, a plain model, self-training
    and a shuffled teacher; every interval resamples groups and seeds. With --out, seeds that
    are finished stay, and the same command does only what is missing.
    """
    if not 0 < held_out < 1:
        raise BadInput("--held-out", held_out, "a share between 0 and 1")
    lengths: dict[str, Any] = {"steps": steps, "teacher_steps": steps} if steps else {}
    plan = DistillPlan(
        teacher=_unique("--teacher", teacher),
        student=_unique("--student", student),
        tasks=_unique("--task", task),
        labels=parse_labels(labels),
        seeds=seeds,
        first_seed=seed,
        size=size,
        teacher_size=teacher_size,
        teacher_model=PartConfig.parse(teacher_model, "--teacher-model"),
        student_model=PartConfig.parse(student_model, "--student-model"),
        fusion=FusionConfig.parse(fusion, "--fusion"),
        objectives=change_objectives(objectives, "--objective"),
        held_out=held_out,
        open_set=open_set,
        device=device(),
        **lengths,
    )
    summary = _run(recording, plan, workers, address, out)
    if as_json:
        emit_json(summary)
    else:
        for found in summary.get("tasks", {summary["task"]: summary}).values():
            _show(found)
    say(summary["advice"])


def _unique(option: str, text: str | None) -> tuple[str, ...]:
    names = _names(text)
    if len(set(names)) < len(names):
        raise BadInput(option, repr(text), "each name once")
    return names


def _run(
    recording: str, plan: DistillPlan, workers: int | None, address: str | None, out: Path | None
) -> dict[str, Any]:
    from stillage.compute import open_executor
    from stillage.distillation.run import distill as run
    from stillage.recording import Recording

    with Recording.open(recording) as opened:
        plan = plan.filled(opened).checked()
        alone = plan.seeds == 1 and address is None
        with (
            open_executor(0 if alone else workers, address) as executor,
            progress("distilling", plan.seeds) as bar,
        ):
            try:
                return run(
                    opened, plan, executor, out, lambda result: bar.advance(_line(result, plan))
                ).summary
            except KeyboardInterrupt as stop:
                if out is not None:
                    stop.add_note(f"finished seeds are in {out}: the same command does the rest")
                raise


def _line(result: SeedResult, plan: DistillPlan) -> str:
    scores = result.document["scores"][plan.primary]
    told = ", ".join(f"{a} {scores[a]:.3f}" for a in KEPT)
    return f"seed {result.seed:03d}: {told}"


def _show(summary: Mapping[str, Any]) -> None:
    from stillage.report.labels import arm
    from stillage.report.words import score

    def row(name: str, interval: Mapping[str, float], signed: bool = True) -> list[str]:
        return [name, *(score(interval[key], signed) for key in ("mean", "low", "high"))]

    metric = summary["metric"].replace("_", " ")
    emit(f"{summary['task']}: {metric} of held-out {summary['unit']}s, 95% intervals")
    own = {TEACHER: " (its own held-out score)"}
    rows = [
        row(arm(name).label + own.get(name, ""), value, signed=False)
        for name, value in summary["arms"].items()
    ]
    rows.append(row("gain: distilled - labels only", summary["gain"]))
    rows += [row(name, value) for name, value in summary["differences"].items()]
    table(["", "mean", "low", "high"], rows)
