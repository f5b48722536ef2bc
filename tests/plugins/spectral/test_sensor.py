"""Spectra of the sensor model show the bands that were measured, and black shows none."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stillage.errors import BadInput
from stillage.sensing.scene import Scene
from stillage_spectral.modality import Nir
from stillage_spectral.physics.bands import BANDS, Band, bands_of, mixture, profile
from stillage_spectral.sensor import DIODES_NM, WAVELENGTH_NM, scanner, spectrometer

UNITS = dict.fromkeys(
    ("transparency", "black", "dirt", "degradation", "moisture", "label_cover"), "1"
)


def scene(material: str, count: int = 1, **fields: float) -> Scene:
    values = {"thickness": 0.6, **dict.fromkeys(UNITS, 0.0), **fields}
    arrays = {name: np.full(count, value) for name, value in values.items()}
    return Scene(
        {"material": np.full(count, material), **arrays},
        {"material": "", "thickness": "mm", **UNITS},
    )


@pytest.mark.parametrize(
    "band", [Band(1705, 0.20, 45), Band(1408, 0.05, 116), Band(1168, 0.045, 24)]
)
def test_a_band_has_its_height_and_full_width_at_half_maximum(band: Band) -> None:
    grid = np.arange(band.centre - 300.0, band.centre + 300.0, 0.01)
    shape = profile(grid, band)
    assert shape.max() == pytest.approx(band.absorbance, rel=1e-6)
    above = grid[shape >= band.absorbance / 2.0]
    assert above[-1] - above[0] == pytest.approx(band.width, rel=1e-3)


@pytest.mark.parametrize("name", ["PP", "HDPE", "PET", "PS"])
def test_the_strongest_measured_band_is_where_the_reading_absorbs_most(name: str) -> None:
    reading = spectrometer(scene(name, 64), 3, np.arange(64)).astype(np.float64)
    long = WAVELENGTH_NM > 1600.0
    absorbed = -np.log10(reading).mean(0)[long]
    peak = WAVELENGTH_NM[long][absorbed.argmax()]
    strongest = max(BANDS[name], key=lambda band: band.absorbance)
    assert abs(peak - strongest.centre) <= 8.0


def test_black_plastic_is_flat_at_three_to_five_percent() -> None:
    reading = spectrometer(scene("PP", 200, black=1.0), 1, np.arange(200))
    assert 0.024 < reading.min() < reading.max() < 0.060
    assert np.ptp(reading, axis=1).max() < 0.01


def test_black_plastics_of_two_polymers_cannot_be_told_apart() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    def accuracy(black: float) -> float:
        readings = [
            spectrometer(scene(name, 60, black=black), 1, np.arange(60) + 60 * k)
            for k, name in enumerate(("PP", "PET"))
        ]
        prepared = Nir().prepare(torch.from_numpy(np.concatenate(readings))).numpy()
        truth = np.repeat([0, 1], 60)
        model = LogisticRegression(max_iter=500)
        return float(cross_val_score(model, prepared, truth, cv=4).mean())

    assert accuracy(0.0) > 0.95
    assert accuracy(1.0) < 0.75


def test_noise_is_what_the_instrument_has() -> None:
    readings = spectrometer(scene("aluminium", 400), 5, np.arange(400))
    spectra = -np.log10(readings.astype(np.float64))
    rough = np.diff(spectra, 2, axis=1) / np.sqrt(6.0)
    short, long = (
        rough[:, WAVELENGTH_NM[1:-1] < 1580].std(),
        rough[:, WAVELENGTH_NM[1:-1] > 1620].std(),
    )
    level = 0.5 / np.median(10.0**-spectra)
    assert short / level == pytest.approx(2e-4, rel=0.25)
    assert long / level == pytest.approx(8e-4, rel=0.25)


def test_ageing_grows_the_carbonyl_band() -> None:
    near = np.abs(WAVELENGTH_NM - 1912.0).argmin()
    fresh, aged = (
        -np.log10(spectrometer(scene("PP", 40, degradation=d), 2, np.arange(40))).mean(0)
        for d in (0.0, 1.0)
    )
    grown = aged - fresh
    assert grown[near] > 0.2
    assert grown[near] > 5.0 * grown[np.abs(WAVELENGTH_NM - 1600.0).argmin()]


def test_the_diode_board_sees_what_the_spectrometer_sees() -> None:
    items = scene("PET", 300)
    led, nir = scanner(items, 4, np.arange(300)), spectrometer(items, 4, np.arange(300))
    sigma = 60.0 / np.sqrt(8.0 * np.log(2.0))
    inside = (DIODES_NM > 1040.0) & (DIODES_NM < 1900.0)
    weight = np.exp(-0.5 * ((WAVELENGTH_NM[:, None] - DIODES_NM[inside]) / sigma) ** 2)
    expected = (nir @ (weight / weight.sum(0))).mean(0)
    measured = led[:, inside].mean(0)
    np.testing.assert_allclose(measured / measured.mean(), expected / expected.mean(), rtol=0.03)


def test_an_unknown_material_is_named() -> None:
    with pytest.raises(BadInput, match="found 'bakelite', expected one of PP"):
        bands_of("bakelite")


def test_a_metal_has_no_bands() -> None:
    assert (mixture(WAVELENGTH_NM, bands_of("aluminium")) == 0.0).all()
