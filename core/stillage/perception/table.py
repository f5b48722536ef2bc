"""Perception tables: a model's outputs for recorded samples, computed once and looked up after.

Policies act on these tables, so a million simulated days cost no inference. A reading's row
never depends on its neighbours: bundles take one reading at a time, teachers fixed blocks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillage.bundle.readout import readout
from stillage.bundle.runtime import Bundle
from stillage.errors import BadInput, StillageError
from stillage.perception.device import DEFAULT_PROFILE, DeviceProfile, modelled, profile
from stillage.recording.readings import Readings, load_arrays, save_arrays
from stillage.sensing.modality import get_modality

if TYPE_CHECKING:
    from stillage.network import Network
    from stillage.perception.macs import Counts
    from stillage.plugin.host import Host
    from stillage.recording import Recording
    from stillage.teaching.teacher import Teacher

_TABLE_VERSION = 1
BLOCK = 16
"""Samples that a teacher reads at a time; the last block is filled up."""

_LIVE_TOLERANCE = 1e-5
"""Largest difference of a live inference from the table, in probabilities or in shares of
the largest value."""

Heads = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class PerceptionTable:
    """A perception table: a model's outputs for I samples.

    Attributes
    ----------
    model : str
        Name of the model or policy.
    seed : int
        Training seed.
    precision : str
        ``fp32`` or ``int8``.
    fingerprint : str
        sha256 of the model.
    samples : int64 array (I,)
        Sample numbers in the recording.
    groups : str array (I,)
        Their groups.
    heads : dict of float64 array
        By target: probabilities (I, K), or values (I,) in the target's unit.
    features : float32 array (I, D)
        Fused features.
    latency_s, energy_j : float
        Modelled, for one reading of all its modalities: the sensors' cost plus the device's.
    device : str
        Device profile of the model's part.
    """

    model: str
    seed: int
    precision: str
    fingerprint: str
    samples: NDArray[np.int64]
    groups: NDArray[np.str_]
    heads: Heads
    features: NDArray[np.float32]
    latency_s: float
    energy_j: float
    device: str

    def __post_init__(self) -> None:
        count = len(self.samples)
        for name, rows in (
            ("groups", self.groups),
            ("features", self.features),
            *self.heads.items(),
        ):
            if len(rows) != count:
                raise BadInput(f"perception table: {name}", f"{len(rows)} rows", f"{count}")

    def __len__(self) -> int:
        return len(self.samples)

    def save(self, file: Path | str) -> None:
        """Write an NPZ file without pickle, atomically."""
        meta = {
            "version": _TABLE_VERSION,
            **{name: getattr(self, name) for name in _FIELDS},
            "targets": list(self.heads),
        }
        text = json.dumps(meta, sort_keys=True).encode()
        arrays: dict[str, NDArray[Any]] = {
            "meta": np.frombuffer(text, np.uint8),
            "samples": self.samples,
            "groups": self.groups,
            "features": self.features,
        }
        save_arrays(file, arrays | {f"head.{name}": rows for name, rows in self.heads.items()})

    @classmethod
    def load(cls, file: Path | str) -> PerceptionTable:
        """Read what :meth:`save` wrote.

        Raises
        ------
        BadInput
            For a damaged or hostile file, or a table of another version.
        """
        arrays = load_arrays(file)
        try:
            meta = json.loads(bytes(arrays["meta"]).decode())
            if meta["version"] != _TABLE_VERSION:
                raise BadInput(file, f"version {meta['version']!r}", f"version {_TABLE_VERSION}")
            fields = {name: kind(meta[name]) for name, kind in _FIELDS.items()}
            return cls(  # "equiv": another dtype is refused, not converted
                samples=arrays["samples"].astype(np.int64, casting="equiv"),
                groups=arrays["groups"].astype(np.str_, casting="safe"),
                features=arrays["features"].astype(np.float32, casting="equiv"),
                heads={
                    target: arrays[f"head.{target}"].astype(np.float64, casting="equiv")
                    for target in meta["targets"]
                },
                **fields,
            )
        except BadInput:
            raise
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise BadInput(file, f"no perception table ({error})", "one that was saved") from None


_FIELDS: dict[str, Any] = {
    "model": str,
    "seed": int,
    "precision": str,
    "fingerprint": str,
    "latency_s": float,
    "energy_j": float,
    "device": str,
}


def infer(
    model: Bundle | Teacher,
    recording: Recording,
    samples: NDArray[np.int64],
    precision: str = "fp32",
    host: Host | None = None,
) -> tuple[Heads, NDArray[np.float32]]:
    """Run a model on samples now: probabilities or values by target, and features.

    Raises
    ------
    BadInput
        For a modality that the recording does not have, or readings of another shape.
    """
    samples = np.asarray(samples, np.int64)
    if isinstance(model, Bundle):
        return _infer_bundle(model, recording, samples, precision, host)
    return _infer_teacher(model, recording, samples, host)


def _infer_bundle(
    bundle: Bundle,
    recording: Recording,
    samples: NDArray[np.int64],
    precision: str,
    host: Host | None,
) -> tuple[Heads, NDArray[np.float32]]:
    parts: list[dict[str, NDArray[Any]]] = []
    several = len(bundle.modalities) > 1
    for block in _blocks(samples, 256):
        readings = Readings.of(recording, block, bundle.modalities, host)
        _refuse_absent(recording, block, readings, several)
        parts.append(
            bundle.predict(readings.raw, readings.presence if several else None, precision)
        )
    if not parts:
        raise BadInput("samples", "none", "at least one")
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    features = whole.pop("features")
    return whole, features


def _refuse_absent(
    recording: Recording, samples: NDArray[np.int64], readings: Readings, several: bool
) -> None:
    """Refuse samples without the one modality that a model reads."""
    for name, present in readings.presence.items():
        if not several and not present.all():
            sample = int(samples[np.argmin(present)])
            raise BadInput(f"{recording.path}: {name}", f"no reading of sample {sample}", "one")


def _infer_teacher(
    teacher: Teacher, recording: Recording, samples: NDArray[np.int64], host: Host | None
) -> tuple[Heads, NDArray[np.float32]]:
    from stillage.network.batch import load_batch
    from stillage.perception.latency import one_thread

    heads: dict[str, list[NDArray[Any]]] = {task.target: [] for task in teacher.tasks}
    features: list[NDArray[np.float32]] = []
    with one_thread():
        for block in _blocks(samples, BLOCK):
            # blocks of one size: torch may round differently in batches of another
            full = np.concatenate([block, np.repeat(block[-1:], BLOCK - len(block))])
            outputs = teacher.predict(load_batch(recording, full, teacher.modalities, host=host))
            for target, parts in heads.items():
                parts.append(outputs.heads[target][: len(block)].numpy())
            features.append(outputs.features[: len(block)].numpy())
    if not features:
        raise BadInput("samples", "none", "at least one")
    told = {t.target: readout(t.kind, np.concatenate(heads[t.target])) for t in teacher.tasks}
    return told, np.concatenate(features)


def _blocks(samples: NDArray[np.int64], size: int) -> Iterable[NDArray[np.int64]]:
    return (samples[start : start + size] for start in range(0, len(samples), size))


def perceive(
    model: Bundle | Teacher,
    recording: Recording,
    samples: NDArray[np.int64],
    name: str,
    seed: int = 0,
    precision: str = "fp32",
    device: DeviceProfile | str = DEFAULT_PROFILE,
    counts: Counts | None = None,
    host: Host | None = None,
) -> PerceptionTable:
    """Run a model once over samples that it was not trained on.

    Parameters
    ----------
    model : Bundle or Teacher
        An exported student, or a live teacher.
    recording : Recording
        Where the samples are.
    samples : int64 array (I,)
        Held-out samples; each needs at least one of the model's modalities.
    name : str
        Of the model.
    seed : int
        The model's training seed.
    precision : str
        Of a bundle: ``fp32`` or ``int8``.
    device : DeviceProfile or str
        Where the model would run.
    counts : Counts or None
        Work of one inference; default: a bundle's manifest, or counted on the teacher's
        networks. A teacher without a network costs what its preparation costs.
    host : Host, optional
        Default: the installed plugins.

    Raises
    ------
    BadInput
        For a modality that the recording does not have, or readings of another shape.
    """
    where = profile(device) if isinstance(device, str) else device
    samples = np.asarray(samples, np.int64)
    heads, features = infer(model, recording, samples, precision, host)
    seconds, joules = _cost(model, precision, where, counts, host)
    fingerprint = model.fingerprint if isinstance(model, Bundle) else model.fingerprint()
    return PerceptionTable(
        model=name,
        seed=seed,
        precision=precision,
        fingerprint=fingerprint,
        samples=samples,
        groups=np.asarray(recording.groups[samples], np.str_),
        heads=heads,
        features=features,
        latency_s=seconds,
        energy_j=joules,
        device=where.name,
    )


def _cost(
    model: Bundle | Teacher,
    precision: str,
    device: DeviceProfile,
    counts: Counts | None,
    host: Host | None,
) -> tuple[float, float]:
    """Model seconds and joules of one reading of every modality and one inference."""
    if isinstance(model, Bundle):
        sensors = [(entry.time_s, entry.energy_j) for entry in model.modalities.values()]
        if counts is None:
            macs, moved = model.work(precision)
        else:
            macs, moved = counts.macs, counts.moved_bytes(precision)
    else:
        costs = [get_modality(name, host).cost for name in model.modalities]
        sensors = [(cost.time_s, cost.energy_j) for cost in costs]
        each = [counts] if counts is not None else [_count(n) for n in _networks(model)]
        macs = sum(one.macs for one in each)
        moved = sum(one.moved_bytes(precision) for one in each)
    seconds, joules = modelled(macs, moved, precision, device)
    return seconds + sum(s for s, _ in sensors), joules + sum(j for _, j in sensors)


def _networks(teacher: Any) -> list[Network]:
    """List the networks inside a teacher, one for each member of an ensemble."""
    if hasattr(teacher, "teachers"):
        return [network for member in teacher.teachers for network in _networks(member)]
    return [teacher.network] if hasattr(teacher, "network") else []


def _count(network: Network) -> Counts:
    from stillage.network.exportable import ExportableModule
    from stillage.perception.macs import count

    module = ExportableModule(network)
    return count(module, module.example(1))


def check_live(
    table: PerceptionTable,
    model: Bundle | Teacher,
    recording: Recording,
    rows: NDArray[np.int64] | None = None,
    host: Host | None = None,
) -> float:
    """Infer again and compare with the table: same classes, outputs equal to 1e-5.

    Returns
    -------
    float
        Largest difference, in probabilities or in shares of the largest value.

    Raises
    ------
    StillageError
        If they differ by more.
    """
    rows = np.arange(len(table)) if rows is None else rows
    heads, features = infer(model, recording, table.samples[rows], table.precision, host)
    worst = 0.0
    pairs: list[tuple[str, NDArray[Any], NDArray[Any]]] = [
        (target, live, table.heads[target][rows]) for target, live in heads.items()
    ]
    for name, live, kept in [*pairs, ("features", features, table.features[rows])]:
        scale = max(1.0, float(np.abs(kept).max(initial=0.0)))
        worst = max(worst, float(np.abs(live - kept).max(initial=0.0)) / scale)
        same = name == "features" or live.ndim == 1 or (live.argmax(1) == kept.argmax(1)).all()
        if not same or not worst <= _LIVE_TOLERANCE:
            raise StillageError(
                f"perception of {table.model!r}: live {name} differs by {worst:.2g}, "
                f"more than {_LIVE_TOLERANCE:g}, or tells another class"
            )
    return worst
