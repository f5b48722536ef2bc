"""The plugin of spectra: spectrometers (``nir``) and scanners of few bands (``led``).

What is named here is imported when it is first touched, so that loading the plugin is light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillage.lazy import lazily

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

__getattr__ = lazily(
    __name__,
    {
        "augmentation": ["Perturbation"],
        "modality": ["Led", "Nir"],
        "preprocessing": ["Msc", "absorbance", "reflectance", "savgol", "snv", "snv_savgol"],
        "readers.resampling": ["Resampler"],
    },
)
