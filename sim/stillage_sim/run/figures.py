"""Compute the figures of a run: KPIs with intervals, paired differences, scores.

They hold no times and no paths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillage.distillation.arm_table import KEPT, find_arm
from stillage.errors import PluginBroken
from stillage.plugin.host import get_host
from stillage.plugin.resolve import last_line
from stillage.plugin.spec import KpiSpec, ScenarioSpec
from stillage.rundir import RunConfig
from stillage.storage.atomic import atomic_file
from stillage_sim.run import casting
from stillage_sim.run.context import Context
from stillage_sim.run.replicas import over_worlds
from stillage_sim.scenario import Totals, World

if TYPE_CHECKING:
    from stillage.distillation import SeedResult
    from stillage.perception.table import PerceptionTable
    from stillage.recording import Recording
    from stillage.task import Task

Floats = NDArray[np.float64]
Kpis = dict[str, dict[str, Floats]]
ROUNDING = 1e-12
"""Share of a KPI by which two policies may differ and be called equal."""


def assemble(
    context: Context,
    recording: Recording,
    results: tuple[SeedResult, ...],
    world: World,
    totals: Mapping[str, Totals],
) -> dict[str, Any]:
    """Assemble everything that ``kpis.json`` holds."""
    config = context.config
    kpis = {policy: kpis_of(config.scenario, world, each) for policy, each in totals.items()}
    described = _described(config.scenario, kpis)
    found: dict[str, Any] = {
        "scenario": config.scenario,
        "kind": config.kind,
        "seed": config.seed,
        "replicas": config.replicas,
        "days": config.days,
        "worlds": min(config.worlds, config.replicas),
        "kpis": described,
        "headline": _headline(described),
        "policies": summarise(kpis, config.worlds),
        "paired": paired(kpis, config.worlds),
        "audit": _audit(world, totals),
        "left_out": _left_out(config, world, described),
        "notes": list(dict.fromkeys([*world.notes, *casting.notes(context, recording)])),
        "deployment": _deployment(context, recording, results),
        "distillation": None,
        "confusion": {},
    }
    if results:
        from stillage.distillation import summarise as summarise_seeds

        found["distillation"] = summarise_seeds(results)
        found["confusion"] = _confusion(results)
    return found


def kpis_of(scenario: str, world: World, totals: Totals) -> dict[str, Floats]:
    """Compute each KPI of a policy, float64 (replicas,): the world's own, then other plugins'.

    A KPI that another plugin registers for this scenario is ``factory(totals, world)``; where that
    gives None, the KPI has no meaning in this world and is left out.

    Raises
    ------
    PluginBroken
        If it raises, or gives no finite number for each replica.
    """
    found = world.kpis(totals)
    replicas = len(next(iter(totals.values())))
    for spec in _outside(scenario):
        try:
            values = get_host().resolve(spec)(totals, world)
        except Exception as error:
            raise PluginBroken(f"{_who(spec)}: {last_line(error)}") from error
        if values is None:
            continue
        values = np.asarray(values, np.float64)
        if values.shape != (replicas,) or not np.isfinite(values).all():
            told = f"gave {values.shape}, or a number that is not finite"
            raise PluginBroken(f"{_who(spec)}: {told}; expected {replicas} finite numbers")
        found[spec.name] = values
    return found


def _outside(scenario: str) -> list[KpiSpec]:
    """List the KPIs of a scenario that another plugin than the scenario's registers."""
    host = get_host()
    own = host.owner(host.spec(ScenarioSpec, scenario))
    return [s for s in host.scenario_specs(KpiSpec, scenario) if host.owner(s) is not own]


def _who(spec: KpiSpec) -> str:
    owner = get_host().owner(spec)
    return f"KPI {spec.name!r}" + (f" of plugin {owner.name}" if owner else "")


def summarise(kpis: Kpis, worlds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Summarise each policy's KPIs as ``{"mean", "low", "high"}``."""
    return {
        policy: {name: over_worlds(values, worlds).json() for name, values in each.items()}
        for policy, each in kpis.items()
    }


def paired(kpis: Kpis, worlds: int) -> list[dict[str, Any]]:
    """Compute differences ``a`` minus ``b`` of all pairs; ``a`` is named after ``b``.

    Both faced the same items and the same luck, so the difference is taken replica by
    replica before it is averaged.
    """
    names = list(kpis)
    return [
        {"a": a, "b": b, "kpi": kpi, **over_worlds(less(kpis[a][kpi], kpis[b][kpi]), worlds).json()}
        for place, a in enumerate(names)
        for b in names[:place]
        for kpi in kpis[a]
        if kpi in kpis[b]
    ]


def less(a: Floats, b: Floats) -> Floats:
    """Compute ``a - b``, and 0 where they differ by no more than sums are rounded by.

    >>> less(np.array([0.1 + 0.2, 2.0]), np.array([0.3, 1.0])).tolist()
    [0.0, 1.0]
    """
    rounded = np.abs(a - b) <= ROUNDING * np.maximum(np.abs(a), np.abs(b))
    return np.where(rounded, 0.0, a - b)


def _described(scenario: str, kpis: Kpis) -> list[dict[str, str]]:
    """Describe the KPIs there are, the scenario's own first: unit, direction and summary."""
    there = {name for each in kpis.values() for name in each}
    outside = {spec.name for spec in _outside(scenario)}
    every = sorted(get_host().scenario_specs(KpiSpec, scenario), key=lambda s: s.name in outside)
    specs = [spec for spec in every if spec.name in there]
    return [
        {"name": s.name, "unit": s.unit, "better": s.better, "summary": s.summary} for s in specs
    ]


def _headline(described: Sequence[Mapping[str, str]]) -> str | None:
    """Choose the KPI that the answer names: money if any, else the first that should grow."""
    good = [row for row in described if row["better"] == "higher"]
    money = [row for row in good if row["unit"].upper().startswith("EUR")]
    return next((row["name"] for row in [*money, *good]), None)


def _audit(world: World, totals: Mapping[str, Totals]) -> dict[str, float]:
    """Compute the largest relative residual of each ledger over all policies."""
    each = [world.audit(one) for one in totals.values()]
    return {name: float(max(audit[name] for audit in each)) for name in each[0]}


def _left_out(config: RunConfig, world: World, described: Sequence[Mapping[str, str]]) -> list[str]:
    there = {row["name"] for row in described}
    lines = [
        f"KPI {spec.name}: the recording or the settings lack what it needs"
        for spec in get_host().scenario_specs(KpiSpec, config.scenario)
        if spec.name not in there
    ]
    lines += [
        f"policy {name}: it lacks what it perceives with"
        for name in config.policies
        if name not in world.policies
    ]
    return lines


def _deployment(
    context: Context, recording: Recording, results: tuple[SeedResult, ...]
) -> dict[str, Any]:
    """Collect what each perceiving model costs and how well it recognises, over its seeds."""
    seeds = [r.seed for r in results] or [context.config.seed]
    names = context.tables
    if not names:
        return {}
    by_seed = [casting.load_tables(context, seed) for seed in seeds]
    found = {}
    for name in names:
        tables = [tables[name] for tables in by_seed]
        made = context.made_of(name, seeds[0])
        sizes = [context.made_of(name, seed)["size_bytes"] for seed in seeds]
        found[name] = {
            "modalities": made["modalities"],
            "macs": made["macs"],
            "parameters": made["parameters"],
            "size_bytes": max(sizes) if None not in sizes else None,
            "precision": tables[0].precision,
            "device": tables[0].device,
            "energy_j": float(np.mean([table.energy_j for table in tables])),
            "latency_s": float(np.mean([table.latency_s for table in tables])),
            "agreement": _agreement(by_seed, name),
            "score": {
                target: score(tables, recording, recording.targets[target].task)
                for target in tables[0].heads
                if target in recording.targets
            },
        }
    return found


def _agreement(by_seed: Sequence[Mapping[str, PerceptionTable]], name: str) -> float | None:
    """Compute the share of held-out samples on which an INT8 model agrees with its FP32 twin."""
    arm = find_arm(name)
    whole = arm.of if arm else ""
    if whole not in by_seed[0]:
        return None
    same = [
        (tables[name].heads[target].argmax(1) == tables[whole].heads[target].argmax(1)).mean()
        for tables in by_seed
        for target in list(tables[name].heads)[:1]
        if tables[name].heads[target].ndim == 2
    ]
    return float(np.mean(same)) if same else None


def score(tables: Sequence[PerceptionTable], recording: Recording, task: Task) -> dict[str, float]:
    """Score a model on held-out samples over its seeds, resampling groups and seeds."""
    from stillage.distillation.scoring import Units
    from stillage.statistics import joint_bootstrap
    from stillage.task import LabelState

    column = recording.targets[task.target]
    names = np.unique(np.concatenate([table.samples for table in tables]))
    groups = np.unique(recording.group_index[names])
    kept = [table.samples[column.states[table.samples] == LabelState.LABELLED] for table in tables]
    together = all(
        Units.of(column.values[rows], recording.group_index[rows]).per_group for rows in kept
    )
    sums = []
    for table, rows in zip(tables, kept, strict=True):
        told = table.heads[task.target][np.isin(table.samples, rows)]
        place = np.searchsorted(groups, recording.group_index[rows]).astype(np.int64)
        sums.append(Units.of(column.values[rows], place, together).sums(task, told, len(groups)))
    return joint_bootstrap(task, np.stack(sums)).interval().json()


def _confusion(results: tuple[SeedResult, ...]) -> dict[str, Any]:
    """Count truth (rows) against predicted classes (columns), all seeds together."""
    from stillage.distillation.scoring import Units
    from stillage.task import Task

    found: dict[str, Any] = {}
    for described in results[0].document["tasks"]:
        task = Task.model_validate(described)
        if task.kind == "regression":
            continue
        tables = {arm: np.zeros((len(task.classes), len(task.classes)), np.int64) for arm in KEPT}
        for result in results:
            scored = result.arrays[f"scored/{task.target}"].astype(bool)
            truth = result.arrays[f"truth/{task.target}"][scored].astype(np.int64)
            _, groups = np.unique(result.arrays["groups"][scored], return_inverse=True)
            units = Units.of(truth, groups.astype(np.int64))
            for arm, table in tables.items():
                told = units.average(result.arrays[f"{arm}/{task.target}"][scored]).argmax(1)
                np.add.at(table, (units.truth, told), 1)
        found[task.target] = {
            "classes": list(task.classes),
            "arms": {arm: table.tolist() for arm, table in tables.items()},
        }
    return found


def write_replicas(
    path: Path, world: World, totals: Mapping[str, Totals], config: RunConfig
) -> None:
    """Write ``replicas.h5``: KPIs and totals of every replica.

    They are ``/POLICY NUMBER/{kpis,totals}/NAME``. Each policy's group has its name as attribute
    ``policy``; ``/world`` numbers the world of each replica.
    """
    import h5py

    with atomic_file(path) as part, h5py.File(part, "w") as file:
        file.attrs["scenario"] = config.scenario
        file.attrs["seed"] = config.seed
        file.attrs["days"] = config.days
        file["world"] = np.arange(config.replicas) % config.worlds
        for number, (policy, each) in enumerate(totals.items()):
            group = file.create_group(f"{number:03d}")
            group.attrs["policy"] = policy
            kpis = kpis_of(config.scenario, world, each)
            for kind, arrays in (("kpis", kpis), ("totals", each)):
                for name, values in arrays.items():
                    # HDF5 would note when it was written, and the same run would give other bytes.
                    group.create_dataset(f"{kind}/{name}", data=values, track_times=False)
