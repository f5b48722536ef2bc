"""The plugin of sensor series: vibration, temperature, pressure, flow, power and cells.

What is named here is imported when it is first touched, so that loading the plugin is light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillage.lazy import lazily

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

__getattr__ = lazily(__name__, {"modality": __all__})
