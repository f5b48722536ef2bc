"""Build the devices' arrays, which the stages read, from their settings.

>>> sky = build_sky(SkySettings())
>>> devices = build_devices(sky, [DeviceSettings(panel_w=10.0), DeviceSettings(mains=True)])
>>> sky.sun.shape, devices.panel.round(5).tolist(), devices.mains.tolist()
((8760,), [0.0086, 0.0], [0, 1])
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_sim.devices.arrays import Devices, Grid, Sky
from stillage_sim.devices.settings import DeviceSettings, GridSettings, SkySettings
from stillage_sim.devices.stages import SIGMAS
from stillage_sim.devices.sun import DAYS, clear_sky_table, steps_a_day
from stillage_sim.engine.quantiles import quantile_table

_CLEAR_CELLS = 512
_JOULES_A_KWH = 3.6e6
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

Floats = NDArray[np.float64]


def build_sky(settings: SkySettings, step_h: float = 1.0, period: int = 24) -> Sky:
    """Build the sky: clear-sky joules of every step of a year, and the cloud of every period.

    A period is ``period`` steps.

    Raises
    ------
    BadInput
        If a period has no step, or a day no whole number of steps.
    """
    if period < 1:
        raise BadInput("period", period, "at least 1 step")
    sun = clear_sky_table(settings.latitude_deg, step_h, settings.first_day)
    months = np.repeat(np.arange(12), _MONTH_DAYS)
    days = np.arange(0, len(sun), period) // steps_a_day(step_h)
    clear = [clearness_table(mean, settings.clearness_sd) for mean in settings.clearness]
    return Sky(
        sun=sun,
        clear=np.stack(clear),
        season=months[(days + settings.first_day) % DAYS],
        normal=normal_table(),
        persistence=settings.persistence,
        innovation=float(np.sqrt(1.0 - settings.persistence**2)),
        period=period,
    )


def normal_table() -> Floats:
    """Tabulate N(0, 1), scaled to variance 1, which conditional means fall short of."""
    from scipy import stats

    table = quantile_table(stats.norm())
    return np.asarray(table / table.std())


def clearness_table(mean: float, sd: float, cells: int = _CLEAR_CELLS) -> Floats:
    """Tabulate the clear-sky index of cells of a standard normal, float64 (cells,), rising.

    The index has a beta law of this mean and standard deviation; a cell holds its quantile at
    the normal's distribution function of the cell's middle. A standard deviation that no law on
    [0, 1] reaches is lowered to nine tenths of the largest; 0 is a constant.

    >>> clearness_table(0.4, 0.0, 2).tolist()
    [0.4, 0.4]
    """
    from scipy import stats

    widest = float(np.sqrt(mean * (1.0 - mean)))
    spread = min(sd, 0.9 * widest)
    if spread <= 0.0:
        return np.full(cells, mean)
    weight = (widest / spread) ** 2 - 1.0
    middles = (np.arange(cells) + 0.5) * (2.0 * SIGMAS / cells) - SIGMAS
    law = stats.beta(mean * weight, (1.0 - mean) * weight)
    return np.asarray(law.ppf(stats.norm.cdf(middles)))


def build_devices(sky: Sky, devices: Sequence[DeviceSettings], step_h: float = 1.0) -> Devices:
    """Build the arrays of D devices under one sky; D may be 0."""
    seconds = 3600.0 * step_h

    def column(values: Sequence[float]) -> Floats:
        return np.array(values, np.float64)

    capacity = column([0.0 if d.mains else d.battery_wh * 3600.0 for d in devices])
    return Devices(
        sky=sky,
        panel=column([0.0 if d.mains else d.effective_m2 for d in devices]),
        capacity=capacity,
        start=capacity * column([d.battery_start for d in devices]),
        wake=capacity * column([d.battery_wake for d in devices]),
        charging=column([d.charge_efficiency for d in devices]),
        discharging=column([d.discharge_efficiency for d in devices]),
        idle=column([d.idle_w * seconds for d in devices]),
        sleep=column([d.sleep_w * seconds for d in devices]),
        reading_j=column([d.reading_j for d in devices]),
        reading_s=column([d.reading_s for d in devices]),
        mains=np.array([d.mains for d in devices], np.int64),
        step_s=seconds,
        step_h=float(step_h),
    )


def build_grid(settings: GridSettings, step_h: float = 1.0) -> Grid:
    """Build the price and the emissions of a joule in every step of a day.

    A step longer than an hour takes their mean.

    >>> grid = build_grid(GridSettings(), step_h=12.0)
    >>> (grid.carbon * 3.6e6).round(4).tolist()
    [0.2467, 0.2533]
    """
    steps = steps_a_day(step_h)
    # The hour of each of steps * 60 * 24 equal parts of a day: steps and hours both divide them.
    minutes = np.arange(steps * 60 * 24).reshape(steps, -1) // (steps * 60)

    def by_step(hours: Sequence[float]) -> Floats:
        return np.asarray(np.asarray(hours, np.float64)[minutes].mean(1) / _JOULES_A_KWH)

    return Grid(by_step(settings.price_eur_per_kwh), by_step(settings.carbon_kg_per_kwh))
