"""The plugin of thermal cameras: radiometric clips and grey pictures.

What is named here is imported when it is first touched, so that loading the plugin is light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

_HOMES = {
    "Hotspots": "augmentation",
    "Planck": "radiometry",
    "Scenery": "conversion",
    "Thermal": "modality",
    "ThermalImage": "modality",
    "converted": "conversion",
    "transmission": "conversion",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
