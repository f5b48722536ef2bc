"""Pre-processing against chemotools, SciPy and the ``spectral`` library."""

from __future__ import annotations

import chemotools.derivative
import chemotools.scatter
import numpy as np
import pytest
from scipy.signal import savgol_filter
from spectral.algorithms.continuum import remove_continuum, spectral_continuum

from stillage.errors import BadInput
from stillage_spectral import preprocessing as pre
from stillage_spectral.readers.continuum import continuum, hulls, without_continuum
from stillage_spectral.readers.resampling import Resampler, spacings
from stillage_spectral.smoothing import savgol_matrix


@pytest.fixture(scope="module")
def spectra() -> np.ndarray:
    """Absorbance-like spectra (60, 256): smooth shapes with scatter and noise."""
    random = np.random.default_rng(7)
    x = np.linspace(-1.0, 1.0, 256)
    bands = np.exp(-(((x - random.uniform(-1, 1, (60, 3, 1))) / 0.1) ** 2)).sum(1)
    scatter = random.normal(1.0, 0.2, (60, 1)), random.normal(0.0, 0.3, (60, 1))
    noise = random.normal(0.0, 1e-3, (60, 256))
    return np.asarray((bands + 1.0) * scatter[0] + scatter[1] * x + noise)


def test_snv_is_chemotools_s(spectra: np.ndarray) -> None:
    theirs = chemotools.scatter.StandardNormalVariate().fit_transform(spectra)
    np.testing.assert_allclose(pre.snv(spectra), theirs, atol=2e-6)


def test_msc_is_chemotools_s_with_the_training_reference(spectra: np.ndarray) -> None:
    theirs = chemotools.scatter.MultiplicativeScatterCorrection().fit(spectra[:40])
    ours = pre.Msc.fit(spectra[:40])
    np.testing.assert_allclose(ours(spectra[40:]), theirs.transform(spectra[40:]), atol=2e-4)
    given = pre.Msc(spectra[0])
    theirs = chemotools.scatter.MultiplicativeScatterCorrection(reference=spectra[0])
    np.testing.assert_allclose(
        given(spectra), theirs.fit(spectra).transform(spectra), rtol=1e-3, atol=1e-3
    )


def test_msc_undoes_offset_and_gain() -> None:
    shape = np.sin(np.linspace(0.0, 6.0, 80)) + 2.0
    scattered = np.outer([0.5, 1.0, 3.0], shape) + np.array([[0.2], [-1.0], [4.0]])
    np.testing.assert_allclose(pre.Msc(shape)(scattered), np.tile(shape, (3, 1)), atol=1e-5)
    with pytest.raises(BadInput, match="expected 80, as fitted"):
        pre.Msc(shape)(scattered[:, 1:])
    with pytest.raises(BadInput, match="flat"):
        pre.Msc(np.ones(5))


@pytest.mark.parametrize("edges", ["interp", "nearest", "mirror", "wrap", "constant"])
@pytest.mark.parametrize(
    ("window", "order", "derivative"), [(15, 2, 1), (5, 3, 0), (11, 4, 2), (31, 2, 1), (3, 2, 2)]
)
def test_savgol_is_scipy_s_at_every_edge(
    spectra: np.ndarray, edges: str, window: int, order: int, derivative: int
) -> None:
    ours = pre.savgol(spectra, window, order, derivative, edges)  # type: ignore[arg-type]
    theirs = savgol_filter(spectra, window, order, deriv=derivative, mode=edges)
    np.testing.assert_allclose(ours, theirs, atol=5e-6)
    half = window // 2
    cropped = pre.savgol(spectra, window, order, derivative)
    np.testing.assert_allclose(cropped, theirs[:, half : 256 - half], atol=5e-6)


def test_savgol_keeps_the_unit_of_its_spacing() -> None:
    grid = np.arange(1000.0, 1200.0, 4.0)
    slope = pre.savgol(0.01 * grid[None], edges="interp", spacing=4.0)
    np.testing.assert_allclose(slope, 0.01, atol=1e-5)
    theirs = savgol_filter(np.sin(grid / 30.0)[None], 9, 3, deriv=2, delta=4.0, mode="interp")
    ours = pre.savgol(np.sin(grid / 30.0)[None], 9, 3, 2, "interp", 4.0)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_snv_then_savgol_is_chemotools_s_pipeline(spectra: np.ndarray) -> None:
    many = np.tile(spectra, (10, 1))
    theirs = chemotools.derivative.SavitzkyGolay(window_length=15, polyorder=2, deriv=1)
    scaled = chemotools.scatter.StandardNormalVariate().fit_transform(many)
    expected = theirs.fit(scaled).transform(scaled)
    np.testing.assert_allclose(pre.snv_savgol(many, edges="nearest"), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((20, 14, 2, 1), "odd window > order"),
        ((20, 3, 3, 1), "odd window > order"),
        ((20, 5, 2, 3), "odd window > order"),
        ((4, 5, 2, 1), "found 4 bands, expected at least 5"),
        ((20, 5, 2, 1, "round"), "found 'round', expected crop"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        savgol_matrix(*arguments)


def test_dark_and_white_give_reflectance_and_absorbance() -> None:
    counts = np.array([[[60.0, 200.0], [10.0, 110.0]]])
    found = pre.reflectance(counts, dark=np.array([10.0, 10.0]), white=np.array([110.0, 210.0]))
    np.testing.assert_allclose(found, [[[0.5, 0.95], [0.0, 0.5]]])
    np.testing.assert_allclose(pre.absorbance([[0.5, 0.0]]), [[np.log10(2.0), 3.0]], rtol=1e-6)
    with pytest.raises(BadInput, match=r"white reference at \(1,\): found white <= dark"):
        pre.reflectance(counts, dark=np.array([10.0, 10.0]), white=np.array([110.0, 10.0]))


def test_continuum_is_the_spectral_library_s(spectra: np.ndarray) -> None:
    reflected = (10.0 ** -np.abs(spectra)).astype(np.float64)
    grid = np.sort(np.random.default_rng(0).uniform(900.0, 2500.0, 256))
    ours, theirs = continuum(reflected, grid), spectral_continuum(reflected, grid)
    np.testing.assert_allclose(ours, theirs, rtol=2e-6)
    removed = without_continuum(reflected, grid)
    np.testing.assert_allclose(removed, remove_continuum(reflected, grid), rtol=2e-6)
    assert removed.max() <= 1.0 + 1e-6
    np.testing.assert_array_equal(removed[:, [0, -1]], 1.0)


def test_continuum_is_the_same_interpreted(spectra: np.ndarray) -> None:
    reflected = np.ascontiguousarray(10.0 ** -np.abs(spectra[:4]))
    grid, out = np.arange(256.0), np.empty((4, 256), np.float32)
    hulls(reflected, grid, True, out)
    np.testing.assert_array_equal(out, without_continuum(reflected, grid))


@pytest.mark.parametrize(
    ("values", "grid", "message"),
    [
        ([[1.0, 2.0]], [1.0, 1.0], "wavelengths out of order"),
        ([[1.0, 0.0]], [1.0, 2.0], r"continuum at \(0, 1\): found a value <= 0"),
        ([[1.0, np.nan]], [1.0, 2.0], "NaN or infinity"),
        ([[1.0]], [1.0], "2 or more"),
    ],
)
def test_a_continuum_that_cannot_be_is_refused(
    values: list[list[float]], grid: list[float], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        without_continuum(values, grid)


def test_resampling_to_the_same_grid_loses_nothing(spectra: np.ndarray) -> None:
    grid = np.arange(1000.0, 2020.1, 4.0)
    values, loss = Resampler(grid, grid)(spectra)
    np.testing.assert_allclose(values, spectra, atol=1e-5)
    assert loss.residual < 1e-6
    assert loss.cut_nm == 0.0


def test_a_band_broadens_as_two_gaussians_convolved() -> None:
    grid = np.arange(1000.0, 1800.1, 0.5)
    narrow, response = 30.0, 40.0
    shape = np.exp(-4.0 * np.log(2.0) * ((grid - 1400.0) / narrow) ** 2)
    target = np.arange(1100.0, 1700.1, 2.0)
    found = Resampler(grid, target, np.full(len(target), response))(shape[None]).values[0]
    wide = np.hypot(narrow, response)
    expected = narrow / wide * np.exp(-4.0 * np.log(2.0) * ((target - 1400.0) / wide) ** 2)
    np.testing.assert_allclose(found, expected, atol=6e-3)


def test_coarse_resampling_says_what_it_lost() -> None:
    fine = np.arange(1000.0, 1900.1, 2.0)
    coarse = np.arange(1050.0, 1850.1, 50.0)
    smooth = np.exp(-(((fine - 1450.0) / 300.0) ** 2))[None]
    rough = np.sin(fine / 4.0)[None]
    little, much = (Resampler(fine, coarse)(x).loss for x in (smooth, rough))
    assert little.residual < 0.03
    assert much.residual > 0.9
    assert little.cut_nm == 100.0
    assert little.bands == (401, 17)
    assert "100 nm of the range is cut" in little.describe()
    flat = np.ones((1, len(coarse)))
    assert "no detail is gained" in Resampler(coarse, fine[25:-25])(flat).loss.describe()


def test_nothing_is_extrapolated() -> None:
    grid = np.arange(1000.0, 1100.0, 10.0)
    with pytest.raises(BadInput, match="2 bands outside, the first at 990 nm"):
        Resampler(grid, np.array([990.0, 1050.0, 1095.0]))
    with pytest.raises(BadInput, match="not ascending"):
        Resampler(grid[::-1], grid)
    assert spacings(np.array([5.0])).tolist() == [1.0]
