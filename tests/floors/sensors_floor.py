"""Sensor series on real machines and cells: by held-out unit, beside the plain model.

The plain model is scikit-learn's extra-trees on simple features of the same readings, on
identical splits: mean, deviation, extremes, slope, kurtosis and roughness of each channel; of
vibration RMS, kurtosis, peak and band energies; of cells the voltages themselves.
``python -m tests.floors sensors``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stillage.network import build_network
from stillage.recording import Recording
from stillage.task import Task
from stillage.teaching.objectives.config import ObjectiveConfig
from stillage.training.loop import train
from stillage.training.plan import TrainPlan
from stillage.training.samples import PreparedSamples, stream_batches
from stillage.training.supervision import Labels, Supervision
from tests.floors.floor import Floor, rounded, stillage

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COMMAND = "python -m tests.floors sensors"
SEEDS = 3
DRAWS = 400
MARGIN = 0.02
TREES = 100
SHRUNK = TrainPlan(steps=60, penalty=3000.0)
"""A linear model of many statistics of few bearings: its penalty is that of a ridge."""


@dataclass(frozen=True)
class Case:
    """A task by held-out unit: ``folds`` (N,) of each sample, -1 where it is left out."""

    recording: Recording
    modality: str
    target: str
    folds: Ints
    units: Ints
    size: str
    plan: TrainPlan
    simple: Callable[[NDArray[Any]], Floats]

    @property
    def task(self) -> Task:
        return self.recording.targets[self.target].task


def learnt(case: Case, known: Ints, asked: Ints, seed: int) -> Floats:
    """What a network says of ``asked`` after learning from ``known``."""
    recording, names = case.recording, (case.modality,)
    network = build_network(recording, names, case.size, [case.target], seed=seed)
    network.fit_standardise(stream_batches(recording, known, names))
    values = recording.targets[case.target].values[known]
    network.fit_targets({case.target: torch.from_numpy(values)})
    labels = {case.target: Labels(values, np.ones(len(known), bool))}
    plan = case.plan.model_copy(update={"seed": seed})
    supervision = Supervision(
        network, labels, (ObjectiveConfig(name="label_loss"),), None, plan.batch, seed
    )
    train(network, PreparedSamples(network, recording, known), supervision, plan)
    return PreparedSamples(network, recording, asked).predict(network)[case.target]


def plain(case: Case, features: Floats, known: Ints, asked: Ints, seed: int) -> Floats:
    """What extra-trees on simple features say."""
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    values = case.recording.targets[case.target].values[known]
    if case.task.kind == "regression":
        trees = ExtraTreesRegressor(TREES, random_state=seed).fit(features[known], values)
        return np.asarray(trees.predict(features[asked]))
    found = np.zeros((len(asked), len(case.task.classes)))
    trees = ExtraTreesClassifier(TREES, random_state=seed).fit(features[known], values)
    found[:, trees.classes_.astype(int)] = trees.predict_proba(features[asked])
    return found


def told(case: Case) -> tuple[list[Floats], list[Floats], Ints]:
    """Ours and the plain model's predictions by seed, and the samples they are for."""
    used = np.flatnonzero((case.folds >= 0) & case.recording.presence(case.modality))
    raw = case.recording.read(case.modality, used)
    features = np.zeros((case.recording.samples, 0))
    simple = case.simple(np.asarray(raw, np.float64))
    features = np.zeros((case.recording.samples, simple.shape[1]))
    features[used] = simple
    ours, theirs = [], []
    for seed in range(SEEDS):
        one: dict[str, list[Floats]] = {"ours": [], "plain": []}
        places = []
        for fold in np.unique(case.folds[used]):
            asked = used[case.folds[used] == fold]
            known = used[case.folds[used] != fold]
            places.append(asked)
            one["ours"].append(learnt(case, known, asked, seed))
            one["plain"].append(plain(case, features, known, asked, seed))
        order = np.argsort(np.concatenate(places))
        ours.append(np.concatenate(one["ours"])[order])
        theirs.append(np.concatenate(one["plain"])[order])
    return ours, theirs, used


def _interval(mean: float, draws: list[float]) -> dict[str, float]:
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return rounded({"mean": mean, "low": float(low), "high": float(high)})


def compared(case: Case) -> dict[str, dict[str, float]]:
    """Scores and their paired difference; intervals resample units and seeds together."""
    ours, theirs, used = told(case)
    truth, task = case.recording.targets[case.target].values[used], case.task
    units = case.units[used]
    rows = [np.flatnonzero(units == unit) for unit in np.unique(units)]

    def scores(said: list[Floats], places: Ints, seeds: Ints) -> float:
        return float(np.mean([task.score(truth[places], said[s][places]) for s in seeds]))

    everything, every = np.arange(len(used)), np.arange(SEEDS)
    generator = np.random.default_rng(0)
    draws: dict[str, list[float]] = {"ours": [], "plain": [], "difference": []}
    for _ in range(DRAWS):
        drawn = [rows[k] for k in generator.integers(0, len(rows), len(rows))]
        places, seeds = np.concatenate(drawn), generator.integers(0, SEEDS, SEEDS)
        a, b = scores(ours, places, seeds), scores(theirs, places, seeds)
        for name, value in (("ours", a), ("plain", b), ("difference", a - b)):
            draws[name].append(value)
    a, b = scores(ours, everything, every), scores(theirs, everything, every)
    means = {"ours": a, "plain": b, "difference": a - b}
    return {name: _interval(means[name], draws[name]) for name in draws}


def summary(raw: Floats) -> Floats:
    """Mean, deviation, extremes, slope, kurtosis and roughness (N, 7 C) of each channel."""
    mean, deviation = raw.mean(2), raw.std(2)
    centred = raw - mean[:, :, None]
    slope = (raw * np.linspace(-0.5, 0.5, raw.shape[2])).mean(2)
    kurtosis = (centred**4).mean(2) / (deviation**4 + 1e-12)
    rough = np.sqrt((np.diff(raw, axis=2) ** 2).mean(2))
    parts = [mean, deviation, raw.min(2), raw.max(2), slope, kurtosis, rough]
    return np.concatenate(parts, 1)


def bands(raw: Floats) -> Floats:
    """RMS, kurtosis, peak and 12 geometric band energies (N, 15 C) of each channel."""
    centred = raw - raw.mean(2, keepdims=True)
    rms = centred.std(2)
    power = np.abs(np.fft.rfft(centred * np.hanning(raw.shape[2]), axis=2)) ** 2
    edges = np.unique(np.geomspace(2, power.shape[2], 13).astype(int))
    pooled = [power[:, :, a:b].sum(2) for a, b in pairwise(edges)]
    parts = [rms, (centred**4).mean(2) / rms**4, np.abs(centred).max(2), *pooled]
    return np.concatenate(parts, 1)


def as_is(raw: Floats) -> Floats:
    """The values themselves."""
    return raw.reshape(len(raw), -1)


def folds_of(recording: Recording, count: int) -> Ints:
    """Whole groups into ``count`` folds, in the order of a fixed draw."""
    groups = recording.group_index
    order = np.random.default_rng(0).permutation(int(groups.max()) + 1)
    return np.asarray(order[groups] % count, np.int64)


def _floor(name: str, demand: str, case: Case, reference: float) -> Floor:
    figures = compared(case)
    difference = figures["difference"]
    holds = difference["high"] >= 0 and figures["ours"]["mean"] >= reference - MARGIN
    return Floor(f"sensors/{name}", demand, holds, {**figures, "reference": reference}, COMMAND)


def _opened(data: Path, work: Path, reader: str, folder: str, *words: str) -> Recording:
    out = work / f"{reader}.h5"
    if not out.exists():
        stillage("record", "import", reader, data / folder, out, *words)
    return Recording.open(out)


DEMAND = "level with extra-trees on simple features (paired interval) and with the reference"


def floors(data: Path, work: Path) -> list[Floor]:
    """Valve from pressures, bearing life from temperature and vibration, health of cells."""
    torch.set_num_threads(1)
    return [*_rig(data, work), *_bearings(data, work), *_cells(data, work)]


def _rig(data: Path, work: Path) -> list[Floor]:
    with _opened(data, work, "hydraulic", "hydraulic_1hz") as recording:
        units = recording.group_index
        plan = TrainPlan(steps=200)
        return [
            _floor(
                f"valve from pressures, {size}",
                f"valve by 5 contiguous blocks: {DEMAND}",
                Case(recording, "pressure", "valve", units // 4, units, size, plan, summary),
                0.84,
            )
            for size in ("linear", "small")
        ]


def _bearings(data: Path, work: Path) -> list[Floor]:
    with _opened(data, work, "femto", "femto_temp_vib") as recording:
        units = recording.group_index
        return [
            _floor(
                f"bearing life from {modality}, {size}",
                f"life fraction, one bearing left out, R2: {DEMAND}",
                Case(recording, modality, "life_fraction", units, units, size, plan, simple),
                reference,
            )
            for modality, size, plan, simple, reference in (
                ("temperature", "linear", SHRUNK, summary, 0.06),
                ("temperature", "small", TrainPlan(steps=80, weight_decay=0.3), summary, 0.06),
                ("vibration", "small", TrainPlan(steps=150, weight_decay=0.1), bands, 0.47),
            )
        ]


def _cells(data: Path, work: Path) -> list[Floor]:
    found = []
    for by in ("cell",):
        out = work / f"pulsebat_{by}.h5"
        stillage("record", "import", "pulsebat", data / "pulsebat", out, "-o", f"by={by}")
        with Recording.open(out) as recording:
            plan = TrainPlan(steps=600, lr=5e-3)
            found.append(
                _floor(
                    f"state of health from all pulses by {by}, small",
                    f"R2 by 5 folds of {by}s: {DEMAND}",
                    Case(
                        recording,
                        "pulse_sweep",
                        "state_of_health",
                        folds_of(recording, 5),
                        recording.group_index,
                        "small",
                        plan,
                        as_is,
                    ),
                    0.78,
                )
            )
    return found
