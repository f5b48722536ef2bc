"""Compute the sun over day and season: position, clear sky, and joules of every step of a year.

Times are local solar time (noon is when the sun is highest); days count from 0 on 1 January in
a year of 365. Panels lie flat. Elevation is of the sun's centre, without refraction.

>>> table = clear_sky_table(51.0)
>>> table.shape, round(float(table.sum()) / 3.6e6)
((8760,), 1750)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput

Floats = NDArray[np.float64]

SOLAR_CONSTANT = 1367.0
"""W/m2 (World Radiation Center), as in FAO-56's 0.0820 MJ/m2 a minute."""

DAYS = 365
_EPOCH = 9132.0
"""Noon of 1 January 2025 in days since noon of 1 January 2000."""
_OBLIQUITY_DEG = 23.436
_SAMPLES_PER_H = 60


def declination(day: Any) -> Floats:
    """Compute the sun's declination (rad) at noon of days from 0.

    By the Astronomical Almanac's short form.

    To 0.01 degrees of the year 2025. The customary formula of Cooper (1969), behind many printed
    tables, is off by up to a degree, which is 5 % of a day's sun at 45 degrees.

    >>> [round(float(angle), 2) for angle in np.degrees(declination([0, 171, 354]))]
    [-22.95, 23.44, -23.44]
    """
    mean_longitude, anomaly = _mean_sun(day)
    longitude = mean_longitude + np.radians(1.915 * np.sin(anomaly) + 0.020 * np.sin(2.0 * anomaly))
    return np.asarray(np.arcsin(np.sin(np.radians(_OBLIQUITY_DEG)) * np.sin(longitude)))


def distance_factor(day: Any) -> Floats:
    """Compute extraterrestrial irradiance over the solar constant, (r0 / r)^2; same source.

    >>> [round(float(factor), 4) for factor in distance_factor([2, 184])]
    [1.0343, 0.9674]
    """
    _, anomaly = _mean_sun(day)
    distance = 1.00014 - 0.01671 * np.cos(anomaly) - 0.00014 * np.cos(2.0 * anomaly)
    return np.asarray(distance**-2.0)


def _mean_sun(day: Any) -> tuple[Floats, Floats]:
    """Compute the mean longitude and mean anomaly (rad) at noon."""
    since = _EPOCH + np.asarray(day, np.float64)
    return np.radians(280.460 + 0.9856474 * since), np.radians(357.528 + 0.9856003 * since)


def sine_elevation(latitude_deg: float, day: Any, hour: Any) -> Floats:
    """Compute the sine of the sun's elevation, negative at night; all arguments broadcast."""
    latitude, sun = np.radians(latitude_deg), declination(day)
    angle = np.radians(15.0 * (np.asarray(hour, np.float64) - 12.0))
    turning = np.cos(latitude) * np.cos(sun) * np.cos(angle)
    return np.asarray(np.sin(latitude) * np.sin(sun) + turning)


def haurwitz(sine: Any) -> Floats:
    """Compute clear-sky global horizontal irradiance (W/m2) by sine of elevation.

    Source: Haurwitz (1945).

    ``1098 s exp(-0.059 / s)``, as in pvlib; Reno, Hansen and Stein (SAND2012-2389) found it the
    best in monthly means of the models that know nothing but the elevation. 0 at night.

    >>> round(float(haurwitz(1.0)), 3), float(haurwitz(-0.1))
    (1035.092, 0.0)
    """
    height = np.asarray(sine, np.float64)
    up = np.where(height > 0.0, height, 1.0)
    return np.where(height > 0.0, 1098.0 * up * np.exp(-0.059 / up), 0.0)


def daily_extraterrestrial(latitude_deg: float, day: Any) -> Floats:
    """Compute a day's irradiation above the atmosphere (J/m2): FAO-56's equation 21, a closed form.

    >>> round(float(daily_extraterrestrial(45.0, 161)) / 1e6, 1)  # Duffie and Beckman: 41.7
    41.8
    """
    latitude, sun = np.radians(latitude_deg), declination(day)
    sunset = np.arccos(np.clip(-np.tan(latitude) * np.tan(sun), -1.0, 1.0))
    height = sunset * np.sin(latitude) * np.sin(sun) + np.cos(latitude) * np.cos(sun) * np.sin(
        sunset
    )
    return np.asarray(86_400.0 / np.pi * SOLAR_CONSTANT * distance_factor(day) * height)


def clear_sky_table(latitude_deg: float, step_h: float = 1.0, first_day: int = 0) -> Floats:
    """Tabulate the clear-sky irradiation of a horizontal m2 in every step of a year (J/m2).

    Parameters
    ----------
    latitude_deg : float
        -90 (south) to 90.
    step_h : float
        Hours a step; a whole number of steps makes a day.
    first_day : int
        Day of the first step, 0 is 1 January.

    Returns
    -------
    float64 (365 * 24 / step_h,)
        Steps from midnight on; each is a sum over its minutes.

    Raises
    ------
    BadInput
        If the latitude is none, or days are not whole numbers of steps.
    """
    if not -90.0 <= latitude_deg <= 90.0:
        raise BadInput("latitude_deg", latitude_deg, "-90 to 90")
    steps = steps_a_day(step_h)
    samples = max(round(step_h * _SAMPLES_PER_H), 1)
    hours = (np.arange(steps * samples) + 0.5) * (24.0 / (steps * samples))
    days = (np.arange(DAYS) + first_day) % DAYS
    power = haurwitz(sine_elevation(latitude_deg, days[:, None], hours))
    seconds = 86_400.0 / (steps * samples)
    return np.asarray(power.reshape(DAYS * steps, samples).sum(1) * seconds)


def steps_a_day(step_h: float) -> int:
    """Count the steps of ``step_h`` hours in a day, a whole number.

    >>> steps_a_day(0.25)
    96

    Raises ``BadInput`` if it is none.
    """
    steps = round(24.0 / step_h) if 0.0 < step_h <= 24.0 else 0
    if steps < 1 or abs(steps * step_h - 24.0) > 1e-9:
        raise BadInput("step_h", step_h, "hours of which a whole number makes a day")
    return steps
