"""Sensor models: they render what a spectrometer and a diode board read of a scene.

Absorbance is the sum of a material's bands times an effective path, plus smooth scatter;
reflectance is ``10**-A``. Carbon black leaves a flat 3-5 % in which no band can be seen.
The noise figures are those of a real spectrometer; see docs/modalities.md for what is assumed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillage.counter import normal, stream, uniform
from stillage.sensing.scene import Scene
from stillage_spectral.physics.bands import OXIDATION, WATER, bands_of, mixture

WAVELENGTH_NM = np.arange(1000.0, 1960.1, 4.0)
"""Bands of the modelled spectrometer, nm."""

DIODES_NM = np.array([940.0, 1050.0, 1200.0, 1300.0, 1450.0, 1550.0, 1650.0, 1720.0])
"""Peak wavelengths of the 8 diodes of the modelled board, nm."""

DIODE_WIDTH_NM = 60.0
"""Full width at half maximum of a diode's emission (assumed)."""

NOISE_AU, NOISE_AU_LONG, LONG_NM = 2e-4, 8e-4, 1600.0
"""Noise in absorbance units at half reflectance, below and above ``LONG_NM`` (measured)."""

OFFSET_AU, GAIN = 0.011, 0.024
"""Deviation of offset and gain from placement to placement (measured)."""

Array = NDArray[np.float64]


def reflectance(scene: Scene, seed: int, samples: NDArray[np.int64], wavelength: Array) -> Array:
    """Render noise-free reflectance (N, bands) of the spot that the sensors look at.

    ``samples`` number the items' draws of filler, scatter and spot, so that both sensors see
    the same item.
    """
    absorption = np.zeros((scene.items_count, len(wavelength)))
    for name in np.unique(scene["material"]):
        absorption[scene["material"] == name] = mixture(wavelength, bands_of(str(name)))
    # Light crosses a wall of 0.6 mm as the table's samples did; scattering makes it a root, and
    # what passes through a transparent item does not come back (all assumed).
    path = np.sqrt(scene["thickness"] / 0.6) * (1.0 - 0.4 * scene["transparency"])
    path = path * np.exp(0.15 * normal(seed, samples, stream("path")))
    absorption *= np.clip(path, 0.15, 2.0)[:, None]
    organic = (scene["material"] != "aluminium").astype(np.float64)
    aged = organic * scene["degradation"]
    absorption += aged[:, None] * mixture(wavelength, OXIDATION)
    absorption += scene["moisture"][:, None] * mixture(wavelength, WATER)
    absorption += _smooth(seed, samples, wavelength)
    absorption += np.where(organic, 0.20, 0.12)[:, None]  # between the bands (assumed)
    spectrum = 10.0**-absorption
    paper = 10.0 ** -(mixture(wavelength, bands_of("carton")) + 0.15)
    soil = 0.12 + 0.10 * (wavelength - 1000.0) / 900.0
    for cover, spread, layer, spectrum_of in (
        (scene["label_cover"], 0.5, "label", paper),
        (scene["dirt"], 0.4, "dirt", soil),
    ):
        seen = np.clip(cover + spread * cover * normal(seed, samples, stream(layer)), 0.0, 0.95)
        spectrum += seen[:, None] * (spectrum_of[None] - spectrum)
    soot = 0.03 + 0.02 * uniform(seed, samples, stream("soot"))
    black = np.asarray(scene["black"], bool)[:, None]
    return np.where(black, soot[:, None] + 0.0003 * spectrum, spectrum)


def _smooth(seed: int, samples: NDArray[np.int64], wavelength: Array) -> Array:
    """Draw scatter and fillers: a random quadratic and six broad random bands (assumed)."""
    x = (wavelength - 1450.0) / 450.0
    coefficient = normal(seed, samples[:, None], stream("scatter"), np.arange(2))
    height = 0.004 * normal(seed, samples[:, None], stream("filler"), np.arange(6))
    centre = 950.0 + 1000.0 * uniform(seed, samples[:, None], stream("place"), np.arange(6))
    offset = (wavelength - centre[:, :, None]) / 60.0
    filler = (height[:, :, None] * np.exp(-0.5 * offset**2)).sum(1)
    return np.asarray(0.03 * coefficient @ np.stack([x, x * x]) + filler)


def _placed(spectrum: Array, seed: int, samples: NDArray[np.int64], name: str) -> Array:
    """Change gain and offset as from one placement of the probe to the next."""
    gain = 1.0 + GAIN * normal(seed, samples, stream(f"{name} gain"))
    offset = OFFSET_AU * normal(seed, samples, stream(f"{name} offset"))
    return spectrum * (gain * 10.0**-offset)[:, None]


def spectrometer(scene: Scene, seed: int, samples: NDArray[np.int64]) -> NDArray[np.float32]:
    """Render reflectance readings (N, 241) float32 at :data:`WAVELENGTH_NM`."""
    clean = reflectance(scene, seed, samples, WAVELENGTH_NM)
    # Absorbance units at half reflectance become reflectance: dR = R ln(10) dA.
    sigma = np.where(WAVELENGTH_NM > LONG_NM, NOISE_AU_LONG, NOISE_AU) * np.log(10.0) * 0.5
    counters = np.arange(len(WAVELENGTH_NM))
    noise = sigma * normal(seed, samples[:, None], stream("nir noise"), counters)
    return np.asarray(_placed(clean, seed, samples, "nir") + noise, np.float32)


def scanner(scene: Scene, seed: int, samples: NDArray[np.int64]) -> NDArray[np.float32]:
    """Render reflectance readings (N, 8) float32 of the diode board.

    Each diode averages its Gaussian emission; the deviation of a diode from reading to
    reading is 1 % and of the board's placement 10 % (assumed).
    """
    grid = np.arange(800.0, 1960.1, 10.0)
    clean = reflectance(scene, seed, samples, grid)
    sigma = DIODE_WIDTH_NM / np.sqrt(8.0 * np.log(2.0))  # of a Gaussian of that full width
    emission = np.exp(-0.5 * ((grid[:, None] - DIODES_NM) / sigma) ** 2)
    level = clean @ (emission / emission.sum(0))
    diodes = 1.0 + 0.01 * normal(seed, samples[:, None], stream("led diode"), np.arange(8))
    placed = np.exp(0.1 * normal(seed, samples, stream("led placement")))
    return np.asarray(level * diodes * placed[:, None], np.float32)
