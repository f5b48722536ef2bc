"""The plugin of spectra: spectrometers (``nir``) and scanners of few bands (``led``).

What is named here is imported when it is first touched, so that loading the plugin is light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stillage_spectral.augmentation import Perturbation
    from stillage_spectral.modality import Led, Nir
    from stillage_spectral.preprocessing import (
        Msc,
        absorbance,
        reflectance,
        savgol,
        snv,
        snv_savgol,
    )
    from stillage_spectral.readers.resampling import Resampler

__all__ = [
    "Led",
    "Msc",
    "Nir",
    "Perturbation",
    "Resampler",
    "absorbance",
    "reflectance",
    "savgol",
    "snv",
    "snv_savgol",
]

_HOMES = {
    "Led": "modality",
    "Msc": "preprocessing",
    "Nir": "modality",
    "Perturbation": "augmentation",
    "Resampler": "readers.resampling",
    "absorbance": "preprocessing",
    "reflectance": "preprocessing",
    "savgol": "preprocessing",
    "snv": "preprocessing",
    "snv_savgol": "preprocessing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
