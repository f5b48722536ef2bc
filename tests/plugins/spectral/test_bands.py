"""The table of bands is the one that was measured, and mixtures of it can be told apart."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression

from stillage_spectral.physics.bands import BANDS, bands_of, mixture
from stillage_spectral.preprocessing import absorbance, savgol
from stillage_spectral.sensor import GAIN, NOISE_AU_LONG, OFFSET_AU

GRID = np.arange(1000.0, 1900.1, 3.0)
MEASURED: dict[str, list[tuple[int, float | None, int | None]]] = {
    "PP": [(1192, 0.12, 71), (1393, 0.10, 83), (1705, 0.20, 45)],
    "HDPE": [(1210, 0.13, 44), (1417, 0.09, 79), (1726, 0.18, 30)],
    "PET": [(1129, 0.05, None), (1168, 0.045, 24), (1408, 0.05, 116), (1657, 0.23, 41)],
    "PS": [(1144, 0.06, 38), (1204, 0.04, 29), (1408, 0.04, 80), (1675, 0.21, 43)],
    "cotton": [(1220, 0.024, 56), (1478, 0.19, 233)],
    "polyester": [(1128, None, None), (1415, None, None), (1657, 0.21, 47)],
    "wool": [(1188, 0.03, 55), (1500, 0.17, 221)],
}
CENTRES = {
    "PVC": [1188, 1715, 2295], "ABS": [1145, 1682, 1718, 2172], "PA": [1500, 1720, 2050, 2295],
    "cellulose": [1490, 1780, 2090, 2280, 2340], "PLA": [1180, 1380, 1690, 1730, 1915, 2245],
    "PC": [1140, 1665, 1690, 2140],
}  # fmt: skip
WOOD = [(1190, 1221), (1440, 1491), (1922, 1928), (2085, 2113), (2277, 2277), (2331, 2331)]


@pytest.mark.parametrize("name", MEASURED)
def test_measured_bands_are_in_the_table(name: str) -> None:
    found = BANDS[name]
    assert len(found) == len(MEASURED[name])
    for band, (centre, height, width) in zip(found, MEASURED[name], strict=True):
        assert band.centre == centre
        assert height is None or band.absorbance == height
        assert width is None or band.width == width
        assert band.source.startswith("measured")
        assert (height is None or width is None) == (band.source != "measured")


def test_centres_that_were_only_read_say_so() -> None:
    for name, centres in CENTRES.items():
        assert [band.centre for band in BANDS[name]] == centres
        assert {band.source for band in BANDS[name]} <= {"literature", "recalled"}
    for band, (low, high) in zip(BANDS["wood"], WOOD, strict=True):
        assert low <= band.centre <= high
        assert band.source.startswith("literature")


def test_shares_can_be_found_again_by_partial_least_squares() -> None:
    """Mixtures of known shares, placed and measured as the modelled spectrometer does it."""
    draw = np.random.default_rng(0)
    share = draw.uniform(0.0, 1.0, (200, 1))
    pure = [mixture(GRID, bands_of(name)) for name in ("PP", "HDPE")]
    mixed = share * pure[0] + (1.0 - share) * pure[1]
    placed = 10.0 ** -(mixed + OFFSET_AU * draw.standard_normal((200, 1)))
    placed *= 1.0 + GAIN * draw.standard_normal((200, 1))
    spectra = placed + NOISE_AU_LONG * draw.standard_normal(placed.shape)
    features = savgol(absorbance(spectra))
    model = PLSRegression(3).fit(features[:100], share[:100, 0])
    error = model.predict(features[100:]).ravel() - share[100:, 0]
    assert np.sqrt(np.mean(error**2)) < 0.02
