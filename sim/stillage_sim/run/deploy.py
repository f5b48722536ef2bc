"""Deploy trained models: export them, and perceive every held-out item once, into tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.storage.atomic import write_json
from stillage.storage.provenance import Training

if TYPE_CHECKING:
    from stillage.distillation import SeedResult
    from stillage.recording import Recording
    from stillage_sim.run.context import Context

_FP32_SUFFIX = ":fp32"


@dataclass(frozen=True)
class Perception:
    """A task of the executor: to keep what one model says of some samples.

    ``model`` is a folder: a saved network's, or with ``bundle`` an exported bundle's. The
    table goes to ``path``, and what the model is made of to the ``.json`` beside it.
    """

    key: str
    path: Path
    name: str
    seed: int
    model: Path
    bundle: bool
    precision: str
    recording: Path
    samples: NDArray[np.int64]
    profile: str


def exported(folder: Path) -> bool:
    """Tell whether a whole bundle lies there."""
    return (folder / "manifest.json").is_file()


def export(student: Path, folder: Path) -> None:
    """Export a student with an INT8 model beside; one trace serves all seeds of a process."""
    from stillage.exporting import export as export_student

    export_student(student, folder, int8=True)


def split_bundle(path: str) -> tuple[Path, str]:
    """Split a bundle's folder and precision: ``DIR`` runs INT8 where it is, ``DIR:fp32`` FP32.

    >>> split_bundle("out/bundle:fp32")[1]
    'fp32'
    """
    if path.endswith(_FP32_SUFFIX):
        return Path(path.removesuffix(_FP32_SUFFIX)), "fp32"
    folder = Path(path)
    return folder, "int8" if (folder / "model.int8.onnx").is_file() else "fp32"


def fingerprint(path: str) -> str:
    """Return the content and the precision of a bundle."""
    from stillage.bundle.runtime import Bundle

    folder, precision = split_bundle(path)
    manifest = Bundle.open(folder).manifest
    return f"{manifest['files'][precision]['sha256']} {precision}"


def trained_on(path: str, recording: Recording) -> tuple[frozenset[str], str]:
    """Find the groups of the recording that a bundle has learnt from, and a note on them.

    The note is for the report.
    """
    folder, _ = split_bundle(path)
    known = Training.load(folder)
    if known is None:
        return frozenset(), (
            f"bundle {folder.name!r} does not say what it was trained on: it may know these items"
        )
    if known.recording != recording.fingerprint:
        return frozenset(), f"bundle {folder.name!r} was trained on another recording"
    count = len(known.groups)
    return known.groups, f"bundle {folder.name!r}: its {count} training groups are left out"


def perceptions(
    context: Context,
    recording: Recording,
    results: tuple[SeedResult, ...],
    held_out: list[tuple[int, NDArray[np.int64]]],
) -> list[Perception]:
    """List every table that the run needs, seed by seed, then the bundles' own of ``held_out``."""

    def task(name: str, seed: int, model: Path, samples: NDArray[np.int64], **what: Any) -> None:
        path = context.table_path(name, seed)
        found.append(
            Perception(
                f"{name}, seed {seed}", path, name, seed, model,
                recording=Path(recording.path).resolve(), samples=samples,
                profile=context.config.profile, **what,
            )
        )  # fmt: skip

    found: list[Perception] = []
    for result in results:
        samples = np.asarray(result.arrays["samples"], np.int64)
        for arm in context.arms:
            if arm.export:
                model = context.export_folder(result.seed)
                task(arm.name, result.seed, model, samples, bundle=True, precision=arm.export)
            else:
                model = context.model_folder(result.seed, arm.name)
                task(arm.name, result.seed, model, samples, bundle=False, precision="fp32")
    for name, path in context.config.bundles.items():
        model, precision = split_bundle(path)
        for seed, samples in held_out:
            task(name, seed, model.resolve(), samples, bundle=True, precision=precision)
    return found


def perceive(task: Perception) -> None:
    """Make one table; a task of the executor."""
    from stillage.perception.table import perceive as look
    from stillage.recording import Recording

    with Recording.open(task.recording) as recording:
        if task.bundle:
            from stillage.bundle.runtime import Bundle

            bundle = Bundle.open(task.model)
            _check_targets(bundle.tasks, recording, task.model)
            table = look(
                bundle, recording, task.samples, task.name, seed=task.seed,
                precision=task.precision, device=task.profile,
            )  # fmt: skip
            made = {
                "modalities": list(bundle.modalities),
                "macs": bundle.manifest.get("macs"),
                "parameters": bundle.manifest.get("parameters"),
                "size_bytes": (task.model / f"model{_suffix(task.precision)}.onnx").stat().st_size,
            }
        else:
            from stillage.network import Network
            from stillage.network.exportable import ExportableModule
            from stillage.perception.macs import count
            from stillage.teaching.teacher import NetworkTeacher

            network = Network.load(task.model)
            module = ExportableModule(network)
            counted = count(module, module.example(1))
            table = look(
                NetworkTeacher(network), recording, task.samples, task.name, seed=task.seed,
                precision=task.precision, device=task.profile, counts=counted,
            )  # fmt: skip
            made = {
                "modalities": list(network.modalities),
                "macs": counted.macs,
                "parameters": counted.parameters,
                "size_bytes": None,
            }
    write_json(task.path.with_suffix(".json"), made)
    table.save(task.path)  # last: a table that exists marks its task as done


def _suffix(precision: str) -> str:
    return ".int8" if precision == "int8" else ""


def _check_targets(tasks: Any, recording: Recording, where: Path) -> None:
    """Check that a bundle's classes are the recording's where they share a target."""
    shared = [name for name in tasks if name in recording.targets]
    if not shared:
        have = ", ".join(recording.targets)
        raise BadInput(where, f"targets {', '.join(tasks)}", f"one of {have}")
    for name in shared:
        theirs, ours = tuple(tasks[name].classes), tuple(recording.targets[name].classes)
        if theirs != ours:
            raise BadInput(
                f"{where} target {name!r}", f"classes {', '.join(theirs)}", ", ".join(ours)
            )
