"""Encoders of spectra, their attention, and augmented views."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from stillage.sensing.augment import View
from stillage_spectral.augmentation import Perturbation, perturbed, shifted
from stillage_spectral.filters import absorbance, snv
from stillage_spectral.modality import Led, Nir
from stillage_spectral.transformers import Attending, BandTransformer, SpectrumTransformer


@pytest.mark.parametrize(
    ("encoder", "bands", "count", "parameters"),
    [(SpectrumTransformer, 209, 19, 69_000), (BandTransformer, 8, 8, 38_500)],
)
def test_attention_maps_are_those_that_made_the_tokens(
    encoder: type[Attending], bands: int, count: int, parameters: int
) -> None:
    torch.manual_seed(0)
    module = encoder((bands,)).eval()  # type: ignore[call-arg]
    prepared = torch.randn(3, bands)
    tokens = module(prepared)
    assert tokens.values.shape == (3, count, module.width)
    assert [tuple(a.shape) for a in tokens.attention] == [(3, 4, count, count)] * 2
    for attention in tokens.attention:
        torch.testing.assert_close(attention.sum(-1), torch.ones(3, 4, count))
    block: Any = module.transformer.blocks[0]
    embedded = module.embed(
        torch.nn.functional.pad(prepared, (0, count * module.patch - bands)).reshape(
            3, count, module.patch
        )
    )
    start = embedded + module.position
    query, key, _ = block.attention.project(block.before(start)).chunk(3, -1)
    query, key = (x.reshape(3, count, 4, -1).transpose(1, 2) for x in (query, key))
    expected = torch.nn.functional.scaled_dot_product_attention(
        query, key, torch.eye(count).expand(3, 4, count, count)
    )
    torch.testing.assert_close(tokens.attention[0], expected, atol=1e-5, rtol=1e-4)
    assert sum(p.numel() for p in module.parameters()) == pytest.approx(parameters, rel=0.02)


def test_the_transformer_knows_where_a_band_is() -> None:
    torch.manual_seed(0)
    module = SpectrumTransformer((40,)).eval()
    peak = torch.zeros(2, 40)
    peak[0, 5], peak[1, 27] = 1.0, 1.0
    first, second = module(peak).values.mean(1)
    assert not torch.allclose(first, second, atol=1e-3)


def test_a_shift_moves_a_band_by_its_distance() -> None:
    grid = torch.arange(100.0)
    band = torch.exp(-0.5 * ((grid - 50.0) / 6.0) ** 2)[None].repeat(3, 1)
    moved = shifted(band, torch.tensor([2.0, -3.0, 0.5]))
    expected = torch.stack([torch.exp(-0.5 * ((grid - c) / 6.0) ** 2) for c in (52.0, 47.0, 50.5)])
    torch.testing.assert_close(moved, expected, atol=5e-3, rtol=0)


def view(count: int, index: int = 1) -> View:
    return View(4, index, np.arange(count))


@pytest.mark.parametrize(
    ("name", "value"), [("offset", 0.2), ("slope", 0.2), ("gain", 0.1), ("noise", 0.3)]
)
def test_each_change_has_the_stated_size(name: str, value: float) -> None:
    count, size = 3000, 64
    spectra = torch.sin(torch.linspace(0.0, 12.0, size))[None].repeat(count, 1)
    by = Perturbation(**{**vars(Perturbation.none()), name: value})
    change = perturbed(spectra, view(count), by) - spectra
    spread = float(spectra[0].std(unbiased=False))
    ramp = torch.linspace(-1.0, 1.0, size)
    found = {
        "offset": change.mean(1) / spread,
        "slope": change @ ramp / ramp.square().sum() / spread,
        "gain": change @ spectra[0] / spectra[0].square().sum(),
        "noise": change.flatten() / spread,
    }[name]
    assert float(found.std()) == pytest.approx(value, rel=0.06)
    assert abs(float(found.mean())) < 0.1 * value


def test_noise_of_a_derivative_is_coloured_like_a_derivative() -> None:
    spectra = torch.sin(torch.linspace(0.0, 12.0, 120))[None].repeat(2000, 1)
    by = Perturbation(0.0, 0.0, 0.0, 0.2, 0.0)
    change = perturbed(spectra, view(2000), by, differentiated=True) - spectra
    spread = float(spectra[0].std(unbiased=False))
    assert float(change.std()) / spread == pytest.approx(0.2, rel=0.03)
    lagged = [float((change[:, :-k] * change[:, k:]).mean() / change.square().mean())
              for k in (1, 7, 20)]  # fmt: skip
    weights = np.arange(-7.0, 8.0)
    weights /= np.linalg.norm(weights)
    expected = [float(weights[:-k] @ weights[k:]) for k in (1, 7)]
    np.testing.assert_allclose(lagged, [*expected, 0.0], atol=0.03)


def test_views_are_off_unless_set(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = Nir().prepare(torch.rand(4, 60))
    assert torch.equal(Nir().augment(prepared, view(4)), prepared)
    monkeypatch.setattr(Nir, "perturbation", Perturbation())
    changed = Nir().augment(prepared, view(4))
    assert not torch.allclose(changed, prepared)
    assert torch.equal(Nir().augment(prepared, view(4, 0)), prepared)


def test_diodes_do_not_shift(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Led, "perturbation", Perturbation(0.0, 0.0, 0.0, 0.0, 5.0))
    prepared = snv(absorbance(torch.rand(4, 8)))
    assert torch.equal(Led().augment(prepared, view(4)), prepared)
