"""Build the machines' arrays from their settings: the tables that the stages look up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from stillage.errors import BadInput
from stillage_sim.engine.quantiles import CELLS, LIFE_CELLS, quantile_table
from stillage_sim.machines.arrays import (
    MAINTENANCE,
    MODELS,
    MODES,
    REPAIR,
    WAITING,
    Machines,
)
from stillage_sim.machines.durations import aged_table, constant_table, duration_table
from stillage_sim.machines.settings import (
    HoursLaw,
    MachineSettings,
    MaintenanceSettings,
    duration_law,
)

EVENTS = 10_000
"""Most events of a replica's step: enough for lives of seconds in a step of an hour."""

Floats = NDArray[np.float64]


def _hours_table(law: HoursLaw, mean: float, variation: float) -> Floats:
    """Tabulate the durations (h) of a law, float64 (3, CELLS + 1)."""
    frozen = duration_law(law, mean, variation)
    return constant_table(mean, CELLS) if frozen is None else duration_table(frozen, CELLS)


def life_table(machine: MachineSettings) -> Floats:
    """Tabulate a machine's lives; zeros for one that does not draw them."""
    if machine.model != "weibull":
        return constant_table(0.0, LIFE_CELLS)
    return duration_table(machine.life_law, LIFE_CELLS)


def _path_table(machine: MachineSettings, stride: float) -> Floats:
    """Tabulate a machine's increments of level (thresholds) in ``stride`` wear hours, (CELLS,)."""
    drift = machine.drift_per_h / machine.threshold
    variance = (machine.diffusion / machine.threshold) ** 2
    if machine.model == "wiener":
        return quantile_table(stats.norm(drift * stride, np.sqrt(variance * stride)), CELLS)
    if machine.model != "gamma":
        return np.zeros(CELLS)
    size = variance / drift
    try:
        return quantile_table(stats.gamma(drift * stride / size, scale=size), CELLS)
    except ValueError as error:
        raise BadInput(f"machines.{machine.name}.diffusion", machine.diffusion,
                       "less scatter, or a longer stride_h") from error  # fmt: skip


def prices(machine: MachineSettings) -> list[float]:
    """List the EUR/h of a machine by mode."""
    price = [0.0] * len(MODES)
    price[WAITING] = machine.down_eur_per_h
    price[REPAIR] = price[MAINTENANCE] = machine.down_eur_per_h + machine.crew_eur_per_h
    return price


def build_machines(settings: MaintenanceSettings, step_h: float = 1.0) -> Machines:
    """Build the arrays of some machines, stepped in ``step_h`` hours.

    Raises :class:`stillage.errors.BadInput` for a step that is not positive and finite, or a
    path of wear that no table of its steps can hold.

    >>> machines = build_machines(MaintenanceSettings(machines=[{"name": "press"}]))
    >>> machines.number, machines.price.shape
    (1, (1, 5))
    """
    if not 0.0 < step_h < np.inf:
        raise BadInput("step_h", step_h, "hours above 0")
    parts = [spare.name for spare in settings.spares]
    stride = settings.stride_h or float(step_h)

    def stack(rows: Sequence[Any], *shape: int) -> Floats:
        return np.asarray(np.stack(rows) if rows else np.zeros((0, *shape)), np.float64)

    def floats(name: str) -> Floats:
        return np.array([getattr(m, name) for m in settings.machines], np.float64)

    def whole(values: list[int]) -> NDArray[np.int64]:
        return np.array(values, np.int64)

    lives = [life_table(m) for m in settings.machines]
    ms, ss, cells = settings.machines, settings.spares, (3, CELLS + 1)
    return Machines(
        number=len(ms),
        crews=settings.crews,
        spares=len(ss),
        step_h=float(step_h),
        per_step=1.0 / step_h,
        stride=stride,
        callout_eur=settings.callout_eur,
        events=EVENTS,
        model=whole([MODELS.index(m.model) for m in ms]),
        idle_ageing=whole([m.idle_ageing for m in ms]),
        staggered=whole([m.staggered for m in ms]),
        spare=whole([parts.index(m.spare) if m.spare else -1 for m in ms]),
        spare_preventive=whole([m.spare_preventive for m in ms]),
        inspect=whole([m.inspection_steps for m in ms]),
        up_chance=floats("up_chance"),
        slope=1.0 / floats("mean_life"),
        scatter=(floats("diffusion") / floats("threshold")) ** 2 * stride,
        noise=floats("noise"),
        slowdown=floats("slowdown"),
        loss_new=floats("loss_new"),
        loss_rise=floats("loss_worn") - floats("loss_new"),
        inspect_eur=floats("inspection_eur"),
        price=stack([prices(m) for m in ms], len(MODES)),
        job_eur=np.stack([floats("corrective_eur"), floats("preventive_eur")]),
        life=stack(lives, 3, LIFE_CELLS + 1),
        job=np.stack(
            [
                stack(
                    [_hours_table(m.repair_law, m.repair_h, m.repair_variation) for m in ms], *cells
                ),
                stack(
                    [
                        _hours_table(m.preventive_law, m.preventive_h, m.preventive_variation)
                        for m in ms
                    ],
                    *cells,
                ),
            ]
        ),
        aged=stack([aged_table(life, CELLS) for life in lives], CELLS),
        path=stack([_path_table(m, stride) for m in ms], CELLS),
        normal=quantile_table(stats.norm(), CELLS),
        exponential=duration_table(stats.expon(), CELLS),
        base=whole([s.base_stock for s in ss]),
        lead=stack([_hours_table(s.lead_law, s.lead_h, s.lead_variation) for s in ss], *cells),
        part_eur=np.array([s.part_eur + s.order_eur for s in ss], np.float64),
        hold_eur=np.array([s.holding_eur_per_h for s in ss], np.float64),
    )
