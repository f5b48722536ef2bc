"""The plugin of sensor series: vibration, temperature, pressure, flow, power and cells.

What is named here is imported when it is first touched, so that loading the plugin is light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stillage_sensors.modality import (
        Flow,
        Power,
        Pressure,
        Pulse,
        PulseSweep,
        RestVoltage,
        Series,
        Setting,
        Temperature,
        Vibration,
        VibrationLevel,
    )

__all__ = [
    "Flow",
    "Power",
    "Pressure",
    "Pulse",
    "PulseSweep",
    "RestVoltage",
    "Series",
    "Setting",
    "Temperature",
    "Vibration",
    "VibrationLevel",
]

_HOMES = {
    "Flow": "modality",
    "Power": "modality",
    "Pressure": "modality",
    "Pulse": "modality",
    "PulseSweep": "modality",
    "RestVoltage": "modality",
    "Series": "modality",
    "Setting": "modality",
    "Temperature": "modality",
    "Vibration": "modality",
    "VibrationLevel": "modality",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
