"""Settings of sky, devices and grid: units, sources, refusals, and the arrays made of them."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from stillage.errors import BadInput
from stillage_sim.devices.build import (
    build_devices,
    build_grid,
    build_sky,
    clearness_table,
    normal_table,
)
from stillage_sim.devices.settings import DeviceSettings, GridSettings, SkySettings


@pytest.mark.parametrize("model", [SkySettings, DeviceSettings, GridSettings])
def test_every_number_has_unit_source_and_meaning(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        assert isinstance(extra, dict), name
        assert {"unit", "source"} <= set(extra), name
        assert field.description, name
    with pytest.raises(ValidationError, match="extra"):
        model(nothing_like_this=1)


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (SkySettings, {"latitude_deg": 90.5}),
        (SkySettings, {"clearness": (0.5,) * 11}),
        (SkySettings, {"clearness": (1.5,) * 12}),
        (SkySettings, {"persistence": 1.0}),
        (DeviceSettings, {"charge_efficiency": 0.0}),
        (DeviceSettings, {"battery_wh": float("nan")}),
        (DeviceSettings, {"idle_w": -1.0}),
        (GridSettings, {"price_eur_per_kwh": (0.1,) * 23}),
        (GridSettings, {"carbon_kg_per_kwh": (-0.1,) * 24}),
    ],
)
def test_impossible_numbers_are_refused(model: type[BaseModel], values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        model(**values)


def test_two_panels_are_refused() -> None:
    with pytest.raises(ValueError, match="one of them"):
        DeviceSettings(panel_w=1.0, panel_m2=1.0)


def test_a_period_has_a_step() -> None:
    with pytest.raises(BadInput, match="period"):
        build_sky(SkySettings(), period=0)


def test_power_and_area_of_a_panel_agree() -> None:
    area = DeviceSettings(panel_m2=0.05, panel_efficiency=0.2)
    peak = DeviceSettings(panel_w=10.0)
    assert area.effective_m2 == pytest.approx(peak.effective_m2)


def test_steps_change_joules_and_not_watts() -> None:
    sky = build_sky(SkySettings(), step_h=0.5)
    devices = build_devices(sky, [DeviceSettings(idle_w=2.0, sleep_w=1.0)], step_h=0.5)
    assert (devices.idle[0], devices.sleep[0], devices.step_s) == (3600.0, 1800.0, 1800.0)
    assert sky.sun.sum() == pytest.approx(build_sky(SkySettings()).sun.sum())
    assert len(sky.sun) == 17_520


@pytest.mark.parametrize("first_day", [0, 100, 364])
def test_months_follow_the_first_day(first_day: int) -> None:
    sky = build_sky(SkySettings(first_day=first_day), period=24)
    assert len(sky.season) == 365
    assert sky.season[0] == (0, 3, 11)[(0, 100, 364).index(first_day)]
    assert sky.season[364 - first_day] == 11
    assert np.bincount(sky.season).tolist() == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


@pytest.mark.parametrize(("mean", "sd"), [(0.5, 0.2), (0.05, 0.5), (0.9, 0.25), (0.0, 0.2)])
def test_the_clear_sky_index_has_its_mean(mean: float, sd: float) -> None:
    from scipy import stats

    table = clearness_table(mean, sd)
    weights = np.diff(stats.norm.cdf(np.linspace(-4.0, 4.0, len(table) + 1)))
    assert table @ weights / weights.sum() == pytest.approx(mean, abs=2e-3)
    assert (np.diff(table) >= 0.0).all()


def test_the_normal_table_is_standard() -> None:
    table = normal_table()
    assert table.mean() == pytest.approx(0.0, abs=1e-12)
    assert table.std() == pytest.approx(1.0, abs=1e-12)
    assert table == pytest.approx(-table[::-1], abs=1e-9)


def test_the_grid_by_hour() -> None:
    grid = build_grid(GridSettings())
    settings = GridSettings()
    for hour in (0, 18, 23):
        assert grid.price[hour] * 3.6e6 == pytest.approx(settings.price_eur_per_kwh[hour])
        assert grid.carbon[hour] * 3.6e6 == pytest.approx(settings.carbon_kg_per_kwh[hour])
    assert build_grid(settings, 0.25).price.shape == (96,)
    assert build_grid(settings, 0.25).price.mean() == pytest.approx(grid.price.mean())
