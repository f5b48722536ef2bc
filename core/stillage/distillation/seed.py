"""Run one seed of a distillation: all arms on one split, written as one folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillage.counter import generator, stream
from stillage.distillation.arm_table import ARMS, DISTILLED, KEPT
from stillage.distillation.arms import Predictions, TrainedArm, train_students
from stillage.distillation.arrange import Arrangement, arrange
from stillage.distillation.bench import Bench, Told
from stillage.distillation.plain import plain_arms, reduce_features
from stillage.distillation.plan import DistillPlan
from stillage.distillation.teachers import ask, fit_teacher, is_network
from stillage.errors import BadInput, StillageError
from stillage.network import Network
from stillage.network.batch import load_batch
from stillage.recording import Recording
from stillage.storage.atomic import atomic_folder, write_json
from stillage.storage.provenance import training
from stillage.teaching.teacher import NetworkTeacher
from stillage.training.loop import TrainResult
from stillage.training.samples import PreparedSamples
from stillage.training.supervision import create_objective

if TYPE_CHECKING:
    from stillage.plugin.host import Host

RESULT = "result.json"
_PREDICTIONS = "predictions.npz"
CALIBRATION = 256
"""Most training samples that are kept beside a model, to quantise it."""


@dataclass
class SeedResult:
    """Hold the result of one seed.

    Attributes
    ----------
    seed : int
    document : dict
        What ``result.json`` holds: scores by target and arm, curves, label groups,
        fingerprints.
    arrays : dict of array
        What ``predictions.npz`` holds: ``samples`` (m,), ``groups`` (m,) names, and for each
        target ``truth/TARGET`` and ``scored/TARGET`` (m,), ``ARM/TARGET`` (m, K) or (m,).
    """

    seed: int
    document: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    @classmethod
    def load(cls, folder: Path) -> SeedResult:
        """Read a finished seed's folder; raises ``BadInput`` if there is none in it."""
        import json
        import zipfile
        import zlib

        try:
            document = json.loads((folder / RESULT).read_text(encoding="utf-8"))
            seed = int(document["seed"])
            if not zipfile.is_zipfile(folder / _PREDICTIONS):  # NumPy would leave a torn one open
                raise zipfile.BadZipFile(_PREDICTIONS)
            with np.load(folder / _PREDICTIONS, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        except (
            OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, RecursionError,
            zipfile.BadZipFile, zlib.error,
        ) as error:  # fmt: skip
            told = f"no result of a training seed ({type(error).__name__}: {error})"
            raise BadInput(
                folder, told, f"{RESULT} and {_PREDICTIONS} as `distill` wrote"
            ) from None
        return cls(seed, document, arrays)


def finished(folder: Path, key: str) -> bool:
    """Say whether ``folder`` holds the result of the very seed that ``key`` stands for."""
    import json

    try:
        document = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(document.get("key") == key)


def seed_key(recording: Recording, plan: DistillPlan, seed: int) -> str:
    """Hash what a seed's result depends on: its arms too, but not the number of seeds."""
    from stillage.training.checkpoint import training_key

    about = plan.model_dump(mode="json", exclude={"seeds", "first_seed"})
    arms = [arm.name for arm in ARMS]
    return training_key(recording.fingerprint, sorted(about.items()), seed, arms)


def run_seed(
    recording: Recording | Path | str,
    plan: DistillPlan,
    seed: int,
    folder: Path | str | None = None,
    told: Told | None = None,
    host: Host | None = None,
) -> SeedResult:
    """Distil once: split, label budget, teacher, students, controls, plain model.

    Parameters
    ----------
    recording : Recording or path
        What to learn from.
    plan : DistillPlan
        Filled (see :meth:`DistillPlan.filled`), or with defaults that the recording has.
    seed : int
        Of the split, the budget and every training.
    folder : path, optional
        Written whole, with models; a finished one of the same plan is read instead.
    told : callable, optional
        Called with a line after each step; the teacher's own held-out score comes first.
    host : Host, optional
        Default: the installed plugins.

    Raises
    ------
    BadInput
        If recording and plan do not fit.
    StillageError
        If the teacher changed while it taught.
    """
    if not isinstance(recording, Recording):
        with Recording.open(recording) as opened:
            return run_seed(opened, plan, seed, folder, told, host)
    plan = plan.filled(recording).checked(host)
    key = seed_key(recording, plan, seed)
    target = Path(folder) if folder is not None else None
    if target is not None and finished(target, key):
        return SeedResult.load(target)
    work = target.with_name(f".{target.name}.work") if target is not None else None
    result, models, arrangement = _distil(recording, plan, seed, key, work, told, host)
    if target is not None:
        with atomic_folder(target) as part:
            _write(part, result)
            for name, network in models.items():
                _write_model(part / "models" / name, network, recording, arrangement, seed, host)
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)
    return result


def _linear_throughout(recording: Recording, plan: DistillPlan, host: Host | None) -> bool:
    """Say whether all that is trained is convex; a teacher that is no network counts so."""
    from stillage.network.build import network_config
    from stillage.plugin.spec import LINEAR

    trained = [(plan.student, plan.size)]
    trained += [(plan.teacher, plan.teacher_size)] if is_network(plan, host) else []
    configs = [
        network_config(recording, names, plan.tasks, size or None, plan.fusion.name, host=host)
        for names, size in trained
    ]
    return all(m.size == LINEAR for c in configs for m in c.modalities.values())


def _check_features(recording: Recording, plan: DistillPlan, host: Host | None) -> None:
    """Refuse objectives on features alone for a student whose features are its inputs."""
    from stillage.network.build import network_config

    config = network_config(
        recording, plan.student, plan.tasks, plan.size or None, plan.fusion.name, host=host
    )
    for one in plan.objectives if config.width == 0 else ():
        ports = create_objective(one, host).ports
        if "student.features" in ports and "student.heads" not in ports:
            found = "a linear student, whose features are its inputs"
            raise BadInput(f"objective {one.name!r}", found, "--size small, or another fusion")


def _distil(
    recording: Recording,
    plan: DistillPlan,
    seed: int,
    key: str,
    work: Path | None,
    told: Told | None,
    host: Host | None,
) -> tuple[SeedResult, dict[str, Network], Arrangement]:
    say = told or (lambda line: None)
    budget = plan
    if _linear_throughout(recording, plan, host):  # solved, not stopped: no label is set aside
        budget = plan.model_copy(update={"validate_from": 2**31})
    _check_features(recording, plan, host)
    arrangement = arrange(recording, budget, seed)
    bench = Bench(recording, plan, seed, arrangement, host, work, say)
    teacher = fit_teacher(bench)
    taught = ask(teacher, recording, arrangement.held_out, host)
    first = arrangement.tasks[0]
    own = _score(arrangement, taught)[first.target]
    say(f"teacher's own held-out {first.metric} of {first.target}: {own:.3f}")
    before = teacher.fingerprint()
    arms, cheap = train_students(bench, teacher)
    after = teacher.fingerprint()
    if after != before:
        raise StillageError(f"seed {seed}: the teacher changed while it taught")
    predictions: dict[str, Predictions] = {"teacher": taught}
    predictions |= {name: arm.predictions for name, arm in arms.items()}
    if plan.plain:
        for name, said in _plain(bench, arms, cheap).items():
            predictions[name] = said
        say("plain model fitted")
    document = {
        "seed": seed,
        "key": key,
        "recording": recording.fingerprint,
        "plan": plan.model_dump(mode="json"),
        "tasks": [task.model_dump(mode="json") for task in arrangement.tasks],
        "scores": _scores(arrangement, predictions),
        "curves": {
            "teacher": bench.curves.get("teacher", TrainResult()).json(),
            **{name: arm.result.json() for name, arm in arms.items()},
        },
        "label_groups": arrangement.label_groups,
        "samples": _counts(arrangement),
        "teacher": {"before": before, "after": after},
        "per_group": {name: units.per_group for name, units in arrangement.units.items()},
    }
    models = {name: arms[name].network for name in KEPT if name in arms}
    if isinstance(teacher, NetworkTeacher):
        models["teacher"] = teacher.network
    arrays = _arrays(recording, arrangement, predictions)
    return SeedResult(seed, document, arrays), models, arrangement


def _score(arrangement: Arrangement, said: Predictions) -> dict[str, float]:
    return {
        task.target: arrangement.units[task.target].score(
            task, said[task.target][arrangement.scored[task.target]]
        )
        for task in arrangement.tasks
    }


def _scores(
    arrangement: Arrangement, predictions: Mapping[str, Predictions]
) -> dict[str, dict[str, float]]:
    by_arm = {name: _score(arrangement, said) for name, said in predictions.items()}
    return {
        task.target: {name: scores[task.target] for name, scores in by_arm.items()}
        for task in arrangement.tasks
    }


def _counts(arrangement: Arrangement) -> dict[str, int]:
    return {
        "train": len(arrangement.train),
        "labelled": int(arrangement.known.sum()),
        "pool": int(arrangement.pool.sum()),
        "validation": len(arrangement.validation),
        "held_out": len(arrangement.held_out),
    }


def _plain(
    bench: Bench, arms: Mapping[str, TrainedArm], cheap: PreparedSamples
) -> dict[str, Predictions]:
    """Score the plain model's arms, with the same labels as ours."""
    arrangement = bench.arrangement
    student = arms[DISTILLED].network
    held_out = arrangement.held_out
    rich = bench.rich()
    train_rich, held_rich = reduce_features(
        rich.features(), bench.prepared(rich.network, held_out).features()
    )
    train_cheap, held_cheap = reduce_features(
        cheap.features(), bench.prepared(student, held_out).features()
    )
    found: dict[str, Predictions] = {}
    for task in arrangement.tasks:
        labels, taught = arrangement.labels[task.target], arrangement.taught[task.target]
        kept = labels.known | taught
        said = plain_arms(
            task,
            (train_rich[kept], held_rich),
            (train_cheap[kept], held_cheap),
            labels.values[kept],
            labels.known[kept],
            bench.seed,
            arrangement.paired[kept],
        )
        for name, values in said.items():
            found.setdefault(name, {})[task.target] = values
    return found


def _arrays(
    recording: Recording, arrangement: Arrangement, predictions: Mapping[str, Predictions]
) -> dict[str, NDArray[Any]]:
    held_out = arrangement.held_out
    arrays: dict[str, NDArray[Any]] = {
        "samples": held_out,
        "groups": recording.groups[held_out],
    }
    for task in arrangement.tasks:
        scored = np.zeros(len(held_out), bool)
        scored[arrangement.scored[task.target]] = True
        truth = recording.targets[task.target].values[held_out]
        arrays[f"truth/{task.target}"] = np.where(scored, truth, 0)
        arrays[f"scored/{task.target}"] = scored
        for name, said in predictions.items():
            arrays[f"{name}/{task.target}"] = said[task.target]
    return arrays


def _write(folder: Path, result: SeedResult) -> None:
    write_json(folder / RESULT, result.document)
    _save_arrays(folder / _PREDICTIONS, result.arrays)


def _save_arrays(file: Path, arrays: dict[str, Any]) -> None:
    with file.open("wb") as handle:
        np.savez_compressed(handle, **arrays)


def _write_model(
    folder: Path,
    network: Network,
    recording: Recording,
    arrangement: Arrangement,
    seed: int,
    host: Host | None,
) -> None:
    """Write the network, and raw training samples to calibrate an export with."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    network.to("cpu").save(folder)
    candidates = arrangement.train[arrangement.paired]
    drawn = generator(seed, stream("calibration")).permutation(candidates)[:CALIBRATION]
    batch = load_batch(recording, np.sort(drawn), network.modalities, host=host)
    raw = {name: values.numpy() for name, values in batch.raw.items()}
    _save_arrays(folder / "calibration.npz", raw)
    known = np.concatenate([arrangement.train, arrangement.validation])
    training(recording.fingerprint, recording.groups[known]).save(folder)
