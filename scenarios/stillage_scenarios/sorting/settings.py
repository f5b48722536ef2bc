"""Settings of the sorting plant: every number that a user may change, with its source."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stillage.errors import BadInput


def _field(
    default: Any, unit: str, description: str, source: str = "assumed", **limits: Any
) -> Any:
    return Field(
        default, description=description, json_schema_extra={"unit": unit, "source": source},
        allow_inf_nan=False, **limits,
    )  # fmt: skip


def _text(default: str, description: str, source: str) -> Any:
    return Field(default, description=description, json_schema_extra={"unit": "", "source": source})


class SortingSettings(BaseModel):
    """Settings of the belt, the robot, the device's power and what bales are worth.

    >>> SortingSettings(picks_per_min=0).picks_per_min
    0.0
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    arrivals_per_min: float = _field(
        50.0, "1/min", "Mean items that arrive on the belt (Poisson).", ge=0, le=3600
    )
    slots: int = _field(12, "1", "Items within the robot's reach at once.", ge=1, le=64)
    reach_s: int = _field(
        12, "s", "Seconds an item stays in reach (3 m of belt at 0.25 m/s).", ge=1, le=86_400
    )
    picks_per_min: float = _field(
        60.0, "1/min", "Picks the robot can make.", "Resource Recycling: robots pick 60-80/min",
        ge=0, le=36_000,
    )  # fmt: skip
    pick_energy_j: float = _field(300.0, "J", "Mains energy of a pick.", ge=0)
    grid_kg_per_kwh: float = _field(0.25, "kg/kWh", "CO2e of mains electricity.", ge=0)
    shift_start_h: float = _field(6.0, "h", "Hour at which the belt starts.", ge=0, lt=24)
    shift_h: float = _field(16.0, "h", "Hours of a day that the belt runs.", ge=0, le=24)

    solar_peak_w: float = _field(10.0, "W", "Solar panel's clear-sky power at noon.", ge=0, le=1e6)
    sunrise_h: float = _field(6.0, "h", "Sunrise.", ge=0, le=24)
    sunset_h: float = _field(18.0, "h", "Sunset.", ge=0, le=24)
    clearness_low: float = _field(0.3, "1", "Share of the sun on the dullest day.", ge=0, le=1)
    clearness_high: float = _field(0.9, "1", "Share of the sun on the clearest day.", ge=0, le=1)
    battery_wh: float = _field(20.0, "Wh", "Battery capacity.", ge=0, le=1e6)
    battery_start: float = _field(0.5, "1", "Charge at the start.", ge=0, le=1)
    battery_wake: float = _field(
        0.1, "1", "Charge at which a device that ran empty wakes.", ge=0, le=1
    )
    idle_w: float = _field(
        0.2, "W", "Power while the belt runs, of sensors and radio, besides the device's own.",
        ge=0, le=1e6,
    )  # fmt: skip
    sleep_w: float = _field(0.05, "W", "Device power while it sleeps.", ge=0, le=1e6)

    contamination_cost: float = _field(
        1.0, "1", "Deducted for a wrong kilogram, in prices of the bale it spoils.", ge=0, le=100
    )
    reuse_factor: float = _field(
        3.0, "1", "Price of what can be reused over the recycling price.", ge=0, le=1e3
    )
    repair_factor: float = _field(
        1.8, "1", "Price of what can be repaired over the recycling price.", ge=0, le=1e3
    )
    wall_area_m2: float = _field(
        0.05, "m2", "Wall area of an item without a recorded mass (times thickness and density).",
        gt=0, le=100,
    )  # fmt: skip
    reject_below: float = _field(
        0.6, "1", "Policy rule: confidence below which an item goes to residue.", ge=0, le=1
    )
    material: str = _text(
        "", "Target that names an item's material; empty: material, polymer or the only task.",
        "role",
    )  # fmt: skip
    quality: str = _text("", "Target with classes reuse, repair, recycle; empty: quality.", "role")
    mass: str = _text("", "Target of an item's mass in kg or g; empty: mass.", "role")

    @model_validator(mode="after")
    def _ordered(self) -> SortingSettings:
        if self.sunset_h < self.sunrise_h:
            raise BadInput("sunset_h", self.sunset_h, f"at least sunrise_h ({self.sunrise_h})")
        if self.clearness_high < self.clearness_low:
            least = f"at least clearness_low ({self.clearness_low})"
            raise BadInput("clearness_high", self.clearness_high, least)
        return self
