"""The sun against the almanac, textbooks' tables, pvlib's figures and its own closed form."""

from __future__ import annotations

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_sim.devices.build import build_sky
from stillage_sim.devices.settings import SkySettings
from stillage_sim.devices.sun import (
    SOLAR_CONSTANT,
    clear_sky_table,
    daily_extraterrestrial,
    declination,
    distance_factor,
    haurwitz,
    sine_elevation,
)

MEAN_DAYS = np.array([17, 47, 75, 105, 135, 162, 198, 228, 258, 288, 318, 344]) - 1
TEXTBOOK = {
    45: (12.2, 17.4, 25.1, 33.2, 39.2, 41.7, 40.4, 35.3, 27.8, 19.6, 13.3, 10.7),
    30: (21.3, 25.7, 31.5, 36.8, 40.0, 41.1, 40.4, 37.8, 33.2, 27.4, 22.2, 19.9),
    0: (36.2, 37.4, 37.8, 36.7, 34.8, 33.5, 34.0, 35.7, 37.2, 37.3, 36.3, 35.7),
    -10: (39.5, 39.3, 37.7, 34.5, 31.1, 29.2, 29.9, 32.9, 36.3, 38.5, 39.3, 39.4),
    -45: (42.8, 37.1, 28.6, 19.6, 12.9, 10.0, 11.3, 16.6, 24.9, 34.0, 41.2, 44.5),
}
"""Duffie and Beckman (2013), table 1.10.1: MJ/m2 a day above the atmosphere, by latitude."""


def test_the_sun_crosses_the_equator_when_the_almanac_says() -> None:
    """Equinoxes of 2025: 20 March 09:01 and 22 September 18:19 UT."""
    noon = np.array([78 + 9.02 / 24, 264 + 18.32 / 24]) - 0.5
    assert np.abs(np.degrees(declination(noon))).max() < 0.01


def test_solstice_and_distance() -> None:
    """Obliquity 23.44 degrees; perihelion .98333 AU on 4 January, aphelion 1.01664 on 3 July."""
    heights = np.degrees(declination(np.arange(365)))
    assert heights.max() == pytest.approx(23.44, abs=0.01)
    assert heights.min() == pytest.approx(-23.44, abs=0.01)
    distances = distance_factor(np.array([3.0, 183.0])) ** -0.5
    assert distances == pytest.approx([0.98333, 1.01664], abs=1e-4)


@pytest.mark.parametrize("latitude", TEXTBOOK)
def test_extraterrestrial_sums_are_the_textbook_s(latitude: int) -> None:
    """Within 2 % where its rough declination is right (December, January, May to July)."""
    sums = daily_extraterrestrial(latitude, MEAN_DAYS) / 1e6
    printed = np.array(TEXTBOOK[latitude])
    good = [0, 4, 5, 6, 11]
    assert sums[good] == pytest.approx(printed[good], rel=0.015, abs=0.1)
    assert sums.sum() == pytest.approx(printed.sum(), rel=0.015)


def test_extraterrestrial_of_a_worked_day() -> None:
    """FAO-56 equations at 45 degrees (0.785 rad), day 187: 41.37 MJ/m2."""
    assert float(daily_extraterrestrial(45.0, 186)) / 1e6 == pytest.approx(41.37, rel=0.005)


@pytest.mark.parametrize("latitude", [-90.0, -67.0, -33.0, 0.0, 51.0, 70.0, 90.0])
def test_minutes_add_up_to_the_closed_form(latitude: float) -> None:
    """Also where the sun does not rise or not set for a day."""
    days, hours = np.arange(365), (np.arange(1440) + 0.5) / 60.0
    sines = np.maximum(sine_elevation(latitude, days[:, None], hours), 0.0)
    sums = sines.sum(1) * 60.0 * SOLAR_CONSTANT * distance_factor(days)
    assert sums == pytest.approx(daily_extraterrestrial(latitude, days), rel=1e-4, abs=2e3)


def test_haurwitz_is_pvlib_s() -> None:
    """The expected values of pvlib's own test, W/m2 at 5, 10, 30, 50 and 90 degrees."""
    sines = np.sin(np.radians([-20.0, -0.05, 5.0, 10.0, 30.0, 50.0, 90.0]))
    expected = [0, 0, 48.6298687941956, 135.741748091813, 487.894132885425]
    assert haurwitz(sines) == pytest.approx([*expected, 778.766689344363, 1035.09203253450])


@pytest.mark.parametrize("latitude", [0.0, 30.0, -35.0])
def test_clear_sky_is_three_quarters_of_what_is_above(latitude: float) -> None:
    """FAO-56 equation 37 at sea level, over a year: 0.75, within 5 %."""
    sums = clear_sky_table(latitude).sum()
    above = daily_extraterrestrial(latitude, np.arange(365)).sum()
    assert sums / above == pytest.approx(0.75, rel=0.05)


def test_a_default_year_is_central_europe_s() -> None:
    """Under cloud, Germany has about 1,086 kWh/m2 (DWD, mean of 1991 to 2020)."""
    sky, settings = build_sky(SkySettings()), SkySettings()
    daily = sky.sun.reshape(365, 24).sum(1)
    assert (daily * np.array(settings.clearness)[sky.season]).sum() / 3.6e6 == pytest.approx(
        1086.0, rel=0.05
    )


def test_noon_is_in_the_middle_and_seasons_are_opposite() -> None:
    north, south = clear_sky_table(50.0), clear_sky_table(-50.0, first_day=0)
    day = north[171 * 24 : 172 * 24]
    assert day == pytest.approx(day[::-1])
    assert day.argmax() in (11, 12)
    assert south[171 * 24 : 172 * 24].sum() < day.sum() / 4.0
    assert np.array_equal(clear_sky_table(50.0, first_day=171)[:24], day)


def test_any_step_has_the_same_year() -> None:
    year = clear_sky_table(40.0).sum()
    for step_h in (0.25, 2.0, 24.0):
        table = clear_sky_table(40.0, step_h)
        assert table.shape == (round(8760 / step_h),)
        assert table.sum() == pytest.approx(year, rel=1e-12)


@pytest.mark.parametrize("step_h", [0.0, -1.0, 0.7, 25.0, float("nan")])
def test_steps_that_make_no_day_are_refused(step_h: float) -> None:
    with pytest.raises(BadInput, match="step_h"):
        clear_sky_table(0.0, step_h)


def test_a_latitude_beyond_the_pole_is_refused() -> None:
    with pytest.raises(BadInput, match="latitude"):
        clear_sky_table(91.0)
