"""Settings of the sky, the devices and the grid: every number that a user may change.

>>> DeviceSettings(panel_w=5.0).reading_j
2.5
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stillage.errors import BadInput

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]

_HAZE = (0.47, 0.52, 0.57, 0.63, 0.62, 0.62, 0.63, 0.64, 0.61, 0.55, 0.48, 0.45)
_CARBON = (
    *(0.24, 0.24, 0.24, 0.24, 0.24, 0.25, 0.27, 0.28, 0.27, 0.25, 0.23, 0.21),
    *(0.20, 0.20, 0.20, 0.22, 0.24, 0.28, 0.30, 0.31, 0.30, 0.28, 0.26, 0.25),
)
_PRICE = (
    *(0.16, 0.15, 0.15, 0.15, 0.15, 0.17, 0.21, 0.25, 0.25, 0.22, 0.19, 0.17),
    *(0.16, 0.15, 0.16, 0.18, 0.21, 0.25, 0.28, 0.28, 0.25, 0.22, 0.20, 0.18),
)


def _field(
    default: Any, unit: str, description: str, source: str = "assumed", **limits: Any
) -> Any:
    if isinstance(default, float):
        limits = {"ge": 0, "allow_inf_nan": False, **limits}
    extra: dict[str, Any] = {"unit": unit, "source": source}
    return Field(default, description=description, json_schema_extra=extra, **limits)


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SkySettings(_Settings):
    """Settings of one region's sun and cloud."""

    latitude_deg: float = _field(51.0, "deg", "Latitude, north positive.", ge=-90, le=90)
    first_day: int = _field(0, "d", "Day of the year that starts; 0 is 1 January.", ge=0, lt=365)
    clearness: tuple[Share, ...] = _field(
        _HAZE, "1", "Mean clear-sky index of every month, January first.",
        "assumed: Germany's sunshine by Angstrom's formula (FAO-56 eq. 35); 1,050 kWh/m2 a year",
        min_length=12, max_length=12,
    )  # fmt: skip
    clearness_sd: float = _field(
        0.25, "1", "Standard deviation of a day's clear-sky index (beta law).", le=0.5
    )
    persistence: float = _field(
        0.29, "1", "Correlation of the weather of successive days, of its normal score.",
        "Graham, Hollands and Huget 1988 (verify)", lt=1,
    )  # fmt: skip


class DeviceSettings(_Settings):
    """Settings of a small computer with sensors, a panel and a battery; or of one on the mains.

    The figures of inference are those of the exported bundle that the device runs:
    ``settings.model_copy(update={"inference_j": ..., "inference_s": ...})``.
    """

    panel_w: float = _field(0.0, "W", "Panel's power at 1000 W/m2.", le=1e6)
    panel_m2: float = _field(0.0, "m2", "Panel's area, instead of its power.", le=1e4)
    panel_efficiency: float = _field(0.2, "1", "Panel's efficiency, with its area.", le=1)
    performance_ratio: float = _field(
        0.86, "1", "Share of the panel's power that arrives.", "PVGIS: 14 % system loss", le=1
    )
    battery_wh: float = _field(20.0, "Wh", "Usable capacity of the battery.", le=1e6)
    battery_start: float = _field(0.5, "1", "Charge at the start.", le=1)
    battery_wake: float = _field(0.1, "1", "Charge at which it wakes after running empty.", le=1)
    charge_efficiency: float = _field(0.95, "1", "Share of a surplus that is stored.", gt=0, le=1)
    discharge_efficiency: float = _field(
        0.95, "1", "Share of the stored joules that arrive.", gt=0, le=1
    )
    idle_w: float = _field(0.2, "W", "Power while awake, besides readings.", le=1e6)
    sleep_w: float = _field(0.05, "W", "Power while asleep.", le=1e6)
    sensing_j: float = _field(0.5, "J", "Energy of taking a reading.", le=1e6)
    sensing_s: float = _field(0.2, "s", "Time of taking a reading.", le=86_400)
    inference_j: float = _field(1.0, "J", "Energy of perceiving a reading.", le=1e6)
    inference_s: float = _field(0.1, "s", "Time of perceiving a reading.", le=86_400)
    radio_j: float = _field(1.0, "J", "Energy of sending the result.", le=1e6)
    radio_s: float = _field(0.1, "s", "Time of sending the result.", le=86_400)
    mains: bool = _field(False, "", "Whether it draws from the grid, without panel and battery.")

    @model_validator(mode="after")
    def _one_panel(self) -> DeviceSettings:
        if self.panel_w > 0.0 and self.panel_m2 > 0.0:
            found = f"panel_w {self.panel_w} and panel_m2 {self.panel_m2}"
            raise BadInput("device", found, "one of them, the other 0")
        return self

    @property
    def reading_j(self) -> float:
        """Sum the joules of one reading: sensing, inference and radio."""
        return self.sensing_j + self.inference_j + self.radio_j

    @property
    def reading_s(self) -> float:
        """Sum the seconds of one reading: sensing, inference and radio, one after another."""
        return self.sensing_s + self.inference_s + self.radio_s

    @property
    def effective_m2(self) -> float:
        """Compute the joules of electricity per J/m2 of irradiation."""
        area = self.panel_w / 1000.0 + self.panel_m2 * self.panel_efficiency
        return area * self.performance_ratio


class GridSettings(_Settings):
    """Settings of mains electricity by hour of the day, midnight first."""

    price_eur_per_kwh: tuple[Amount, ...] = _field(
        _PRICE, "EUR/kWh", "Price of every hour.",
        "assumed: a grid with much sun, dearest in the evening",
        min_length=24, max_length=24,
    )  # fmt: skip
    carbon_kg_per_kwh: tuple[Amount, ...] = _field(
        _CARBON, "kg/kWh", "CO2e of every hour.",
        "assumed: a grid with much sun; mean 0.25",
        min_length=24, max_length=24,
    )  # fmt: skip
