"""Cutting items out of photos: the quick forms equal the plain ones, and it tells how far it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from stillage_spectral.readers import photos
from tests.plugins.spectral.scanner_set import paper


@pytest.mark.parametrize("seed", range(6))
def test_growing_shrinking_and_filling_are_scipy_s(seed: int) -> None:
    random = np.random.default_rng(seed)
    mask = ndimage.gaussian_filter(random.normal(size=(60, 90)), 2.0) > 0.05 * seed
    np.testing.assert_array_equal(
        photos._grown(mask, 4), ndimage.binary_dilation(mask, iterations=4)
    )
    np.testing.assert_array_equal(
        photos._shrunk(mask, 3), ndimage.binary_erosion(mask, iterations=3)
    )
    np.testing.assert_array_equal(photos._filled(mask), ndimage.binary_fill_holes(mask))
    empty = np.zeros((5, 7), bool)
    assert not photos._grown(empty, 2).any()
    assert photos._shrunk(~empty, 1).sum() == 15


def test_the_paper_s_light_is_divided_out_and_the_item_found() -> None:
    photo, disc = paper()
    flat = photos.flatten(photo)
    assert flat.shape == (3, 200, 300)
    np.testing.assert_allclose(flat[:, ~disc].mean(1), 1.0, atol=0.01)
    np.testing.assert_allclose(flat[:, disc].mean(1), [0.8, 0.2, 0.2], atol=0.01)
    found = photos.item_mask(flat)
    assert found[disc].all()
    assert (found & disc).sum() / (found | disc).sum() > 0.85  # smoothing adds a rim


def test_an_item_near_the_edge_is_padded_with_black() -> None:
    photo, _ = paper()
    picture = photos.cut_out(photo[:, 60:])
    assert picture is not None
    assert picture.shape == (32, 32, 3)
    whole = photos.cut_out(photo)
    assert whole is not None
    assert np.abs(whole.astype(int) - picture).mean() < 3.0
    assert photos.cut_out(np.full((100, 100, 3), 200, np.uint8)) is None


def test_long_work_tells_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(photos, "PROGRESS_S", 0.0)
    monkeypatch.setattr(photos, "load", lambda path: paper()[0])
    found = photos.cut_photos({"a": Path("a.jpg"), "b": Path("b.jpg")})
    assert set(found) == {"a", "b"}
    assert capsys.readouterr().err.splitlines() == ["photos: 1 of 2", "photos: 2 of 2"]
