"""Pre-processing against SciPy, and on hand-made spectra."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import savgol_filter

from stillage.errors import BadInput
from stillage_spectral.filters import absorbance, savgol, snv
from stillage_spectral.modality import Led, Nir


@pytest.mark.parametrize(("bands", "window", "order", "derivative"), [
    (15, 15, 2, 1), (241, 15, 2, 1), (40, 7, 3, 2), (60, 9, 2, 0),
])  # fmt: skip
def test_savgol_equals_scipy_where_the_window_is_full(
    bands: int, window: int, order: int, derivative: int
) -> None:
    spectra = np.random.default_rng(0).normal(size=(5, bands))
    ours = spectra @ savgol(bands, window, order, derivative)
    theirs = savgol_filter(spectra, window, order, deriv=derivative, axis=1)
    half = window // 2
    np.testing.assert_allclose(ours, theirs[:, half : bands - half], atol=2e-6)


def test_too_few_bands_are_refused_in_one_line() -> None:
    with pytest.raises(BadInput, match="found 8 bands, expected at least 15"):
        Nir().prepare(torch.ones(1, 8))


def test_snv_has_mean_zero_and_deviation_one() -> None:
    out = snv(torch.rand(6, 30)).numpy()
    np.testing.assert_allclose(out.mean(1), 0.0, atol=1e-6)
    np.testing.assert_allclose(out.std(1), 1.0, atol=1e-5)


def test_preparation_is_blind_to_gain_and_offset_in_absorbance() -> None:
    reflectance = 0.2 + 0.6 * torch.rand(4, 50)
    brighter = reflectance * 0.7
    torch.testing.assert_close(
        Nir().prepare(brighter), Nir().prepare(reflectance), atol=1e-4, rtol=0
    )
    torch.testing.assert_close(
        Led().prepare(brighter), Led().prepare(reflectance), atol=1e-4, rtol=0
    )


def test_whole_preparation_equals_numpy_and_scipy() -> None:
    raw = np.random.default_rng(1).uniform(0.05, 1.2, (3, 80)).astype(np.float32)
    spectra = np.log10(1.0 / raw.astype(np.float64))
    spectra = (spectra - spectra.mean(1, keepdims=True)) / spectra.std(1, keepdims=True)
    expected = savgol_filter(spectra, 15, 2, deriv=1, axis=1)[:, 7:-7]
    np.testing.assert_allclose(Nir().prepare(torch.from_numpy(raw)), expected, atol=1e-5)


def test_reflectance_below_zero_is_clipped() -> None:
    assert absorbance(torch.tensor([[-0.1, 0.0, 50.0]])).tolist() == [[3.0, 3.0, -1.0]]
