"""The plugin of thermal cameras: radiometric clips and grey pictures.

What is named here is imported when it is first touched, so that loading the plugin is light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillage.lazy import lazily

if TYPE_CHECKING:
    from stillage_thermal.augmentation import Hotspots
    from stillage_thermal.conversion import Scenery, converted, transmission
    from stillage_thermal.modality import Thermal, ThermalImage
    from stillage_thermal.radiometry import Planck

__all__ = [
    "Hotspots",
    "Planck",
    "Scenery",
    "Thermal",
    "ThermalImage",
    "converted",
    "transmission",
]

__getattr__ = lazily(
    __name__,
    {
        "augmentation": ["Hotspots"],
        "conversion": ["Scenery", "converted", "transmission"],
        "modality": ["Thermal", "ThermalImage"],
        "radiometry": ["Planck"],
    },
)
