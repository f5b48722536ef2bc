"""Run all seeds of a distillation here or on a cluster; a finished seed is not run again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillage.compute import Executor, open_executor
from stillage.distillation.arm_table import DISTILLED
from stillage.distillation.plan import DistillPlan
from stillage.distillation.seed import RESULT, SeedResult, finished, run_seed, seed_key
from stillage.distillation.summary import summarise
from stillage.errors import BadInput
from stillage.recording import Recording
from stillage.storage.atomic import atomic_folder, write_json

if TYPE_CHECKING:
    from stillage.plugin.host import Host

Done = Callable[[SeedResult], None]
"""Called as each seed is there, in any order; finished ones of an earlier run come first."""

SEEDS = "seeds"
STUDENT = "student"
PLAN = "plan.json"


@dataclass(frozen=True)
class Result:
    """Hold the result of a distillation over all its seeds.

    Attributes
    ----------
    summary : dict
        What ``stillage distill --json`` prints.
    seeds : tuple of SeedResult
        In order.
    folder : Path or None
        Where everything is, if it was kept.
    """

    summary: dict[str, Any]
    seeds: tuple[SeedResult, ...]
    folder: Path | None = None

    @property
    def advice(self) -> str:
        """Return one line that says whether distilling is worth it here."""
        return str(self.summary["advice"])


def seed_folder(folder: Path, seed: int) -> Path:
    """Return the folder of a seed.

    >>> seed_folder(Path("run"), 7).as_posix()
    'run/seeds/007'
    """
    return folder / SEEDS / f"{seed:03d}"


def _seed_task(
    path: Path, plan: DistillPlan, folder: Path | None, host: Host | None, seed: int
) -> SeedResult:
    target = None if folder is None else seed_folder(folder, seed)
    return run_seed(path, plan, seed, target, host=host)


def distill(
    recording: Recording | Path | str,
    plan: DistillPlan | None = None,
    executor: Executor | None = None,
    folder: Path | str | None = None,
    progress: Done | None = None,
    host: Host | None = None,
) -> Result:
    """Distil over all seeds of a plan.

    Parameters
    ----------
    recording : Recording or path
        What to learn from.
    plan : DistillPlan, optional
        What it leaves open comes from the recording's defaults.
    executor : Executor, optional
        Where seeds are computed; default: in this process. Workers read the recording and
        write their seeds' folders by path.
    folder : path, optional
        Where results are kept: ``seeds/NNN/`` each, ``student/`` (the first seed's distilled
        student) and ``result.json``. Seeds that it already holds, of the same plan and
        recording, are read.
    progress : callable, optional
        Called with every seed's result.
    host : Host, optional
        Default: the installed plugins, in every worker its own.

    Raises
    ------
    BadInput
        If plan and recording do not fit, or the folder cannot be written.

    For an example, see docs/distillation.md.
    """
    if isinstance(recording, Recording):
        return _distil(recording, plan or DistillPlan(), executor, folder, progress, host)
    with Recording.open(recording) as opened:
        return _distil(opened, plan or DistillPlan(), executor, folder, progress, host)


def _distil(
    recording: Recording,
    plan: DistillPlan,
    executor: Executor | None,
    folder: Path | str | None,
    progress: Done | None,
    host: Host | None,
) -> Result:
    plan = plan.filled(recording).checked(host)
    target = Path(folder).resolve() if folder is not None else None
    results: dict[int, SeedResult] = {}
    if target is not None:
        _claim(target, recording, plan)
        for seed in plan.seed_numbers:
            if finished(seed_folder(target, seed), seed_key(recording, plan, seed)):
                results[seed] = SeedResult.load(seed_folder(target, seed))
                if progress:
                    progress(results[seed])

    def done(_: str, result: SeedResult) -> None:
        results[result.seed] = result
        if progress:
            progress(result)

    missing = [seed for seed in plan.seed_numbers if seed not in results]
    if missing:
        path = Path(recording.path).resolve()
        own = executor is None
        used = executor or open_executor(0)
        try:
            used.map(
                _seed_task,
                missing,
                [f"seed {seed:03d}" for seed in missing],
                done,
                (path, plan, target, host),
            )
        finally:
            if own:
                used.close()
    ordered = tuple(results[seed] for seed in plan.seed_numbers)
    summary = summarise(ordered)
    if target is not None:
        _keep(target, plan, summary)
    return Result(summary, ordered, target)


def _claim(folder: Path, recording: Recording, plan: DistillPlan) -> None:
    """Claim the folder for this distillation; refuse one of another plan or recording."""
    about = {"recording": recording.fingerprint, "plan": plan.model_dump(mode="json")}
    file = folder / PLAN
    try:
        (folder / SEEDS).mkdir(parents=True, exist_ok=True)
        if file.exists():
            before = json.loads(file.read_text(encoding="utf-8"))
            if _comparable(before) != _comparable(about):
                raise BadInput(folder, "a distillation of another plan", "an empty or new folder")
        write_json(file, about)
    except OSError as error:
        raise BadInput(folder, error.strerror, "a folder that can be written") from error
    except BadInput:
        raise
    except ValueError as error:
        raise BadInput(file, "no JSON", "an empty or new folder") from error


def _comparable(about: Any) -> Any:
    """Return a plan without its number of seeds, which may change between runs."""
    if not isinstance(about, dict) or not isinstance(about.get("plan"), dict):
        return None
    return about | {"plan": about["plan"] | {"seeds": 0, "first_seed": 0}}


def _keep(folder: Path, plan: DistillPlan, summary: dict[str, Any]) -> None:
    source = seed_folder(folder, plan.first_seed) / "models" / DISTILLED
    if source.is_dir():
        with atomic_folder(folder / STUDENT) as part:
            shutil.copytree(source, part, dirs_exist_ok=True)
    write_json(folder / RESULT, summary)
