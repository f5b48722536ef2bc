"""Hotspots, attention over patches, the grey modality, and the camera's lag, walk and noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stillage.errors import BadInput
from stillage.sensing.augment import View, move_frames
from stillage_thermal.augmentation import Hotspots, patches, with_hotspots
from stillage_thermal.encoders import GridMeans
from stillage_thermal.modality import Thermal, ThermalImage
from stillage_thermal.sensor import Bolometer, clips, images, kelvin_clips, lagged, seen
from stillage_thermal.transformers import LargePatches, PatchTransformer
from tests.plugins.thermal.test_sensor import scene


def view(count: int, index: int = 1) -> View:
    return View(6, index, np.arange(count))


def test_a_hotspot_is_where_and_as_large_in_every_camera() -> None:
    by = Hotspots(1.0, 3.0, 0.15)
    small, large = patches(view(200), 16, 16, by), patches(view(200), 64, 96, by)
    pooled = torch.nn.functional.adaptive_avg_pool2d(large, 16)
    torch.testing.assert_close(small, pooled, atol=0.25, rtol=0)
    assert float(small.abs().max()) <= 3.0
    assert 0.3 < float((small.sum((1, 2)) > 0).float().mean()) < 0.7


def test_hotspots_come_as_often_as_stated_and_never_in_view_zero() -> None:
    pictures = torch.zeros(2000, 1, 8, 8)
    hot = with_hotspots(pictures, view(2000), Hotspots(0.3))
    assert float((hot.abs().amax((1, 2, 3)) > 0).float().mean()) == pytest.approx(0.3, abs=0.04)
    assert not with_hotspots(pictures, view(2000, 0), Hotspots(1.0)).any()
    assert not with_hotspots(pictures, view(2000), Hotspots.none()).any()


def test_a_clip_and_its_grey_picture_get_the_same_patch(monkeypatch: pytest.MonkeyPatch) -> None:
    clip, grey = torch.zeros(50, 4, 32, 32), torch.zeros(50, 1, 32, 32)
    assert not Thermal().augment(clip, view(50)).any()
    monkeypatch.setattr(Thermal, "hotspots", Hotspots(1.0, 3.0))
    monkeypatch.setattr(ThermalImage, "hotspots", Hotspots(1.0, 1.5))
    warm, bright = Thermal().augment(clip, view(50)), ThermalImage().augment(grey, view(50))
    torch.testing.assert_close(warm[:, :1], 2.0 * bright)
    assert not warm[:, 1:].any()


def test_the_grey_picture_moves_with_the_other_cameras() -> None:
    frames = torch.rand(8, 3, 1, 24, 24)
    grey = frames.mean(1)
    moved = move_frames(frames, view(8)).mean(1)
    plain = with_hotspots(moved, view(8), ThermalImage.hotspots)
    torch.testing.assert_close(ThermalImage().augment(grey, view(8)), plain)


def test_a_grey_picture_is_blind_to_the_camera_s_gain() -> None:
    raw = torch.randint(20, 120, (3, 12, 14), dtype=torch.uint8)
    stretched = (raw * 2 + 3).to(torch.uint8)
    torch.testing.assert_close(
        ThermalImage().prepare(raw), ThermalImage().prepare(stretched), atol=1e-4, rtol=0
    )
    prepared = ThermalImage().prepare(raw)
    assert prepared.shape == (3, 1, 12, 14)
    np.testing.assert_allclose(prepared.std((1, 2, 3), unbiased=False), 1.0, atol=1e-5)


def test_patches_attend_and_say_where() -> None:
    torch.manual_seed(0)
    for module, shape, count in (
        (PatchTransformer((4, 16, 16)), (4, 16, 16), 16),
        (LargePatches((1, 50, 37)), (1, 50, 37), 64),
    ):
        tokens = module.eval()(torch.randn(2, *shape))
        assert tokens.values.shape == (2, count, 64)
        for attention in tokens.attention:
            torch.testing.assert_close(attention.sum(-1), torch.ones(2, 4, count))


def test_grid_means_are_adaptive_pooling_s() -> None:
    pictures = torch.rand(2, 1, 37, 50)
    found = GridMeans((1, 37, 50))(pictures).values[:, 0]
    expected = torch.nn.functional.adaptive_avg_pool2d(pictures, 8).flatten(1)
    torch.testing.assert_close(found, expected)


QUIET = Bolometer(netd_k=0.0, column=0.0, drift_k=0.0, jump_k=0.0)


def test_lag_follows_the_differential_equation() -> None:
    from scipy.integrate import solve_ivp

    step = np.ones((1, 6, 1, 1)) * 40.0
    found = lagged(step, np.full((1, 1, 1, 1), 20.0), 0.01, 0.012)[0, :, 0, 0]
    times = 0.01 * np.arange(1, 7)
    solved = solve_ivp(lambda _, y: (40.0 - y) / 0.012, (0.0, 0.07), [20.0], t_eval=times,
                       rtol=1e-10, atol=1e-10)  # fmt: skip
    np.testing.assert_allclose(found, solved.y[0], atol=1e-6)


def test_lag_shows_at_video_rate_and_not_at_the_station_s() -> None:
    items, numbers = scene(3), np.arange(3)
    fast = Bolometer(frames=6, interval_s=1.0 / 60.0, lag_s=0.012)
    sharp = Bolometer(frames=6, interval_s=1.0 / 60.0, lag_s=0.0)
    slow = seen(items, 1, numbers, fast), seen(items, 1, numbers, sharp)
    short = (slow[1] - slow[0])[:, :, 8, 8] / (slow[1][:, :, 8, 8] - 294.15)
    np.testing.assert_allclose(short[:, 0], np.exp(-1.0 / 60.0 / 0.012), rtol=0.02)
    assert (np.abs(short[:, -1]) < 1e-3).all()
    still = Bolometer(lag_s=0.0)
    np.testing.assert_array_equal(clips(items, 1, numbers), clips(items, 1, numbers, still))


def test_noise_drift_walk_and_jumps_have_the_stated_size() -> None:
    items, numbers = scene(800, temperature=21.0), np.arange(800)
    clean = seen(items, 2, numbers)
    for name, value in (("drift_k", 0.4), ("walk_k", 0.3), ("netd_k", 0.08)):
        camera = Bolometer(**{**vars(QUIET), name: value})
        error = kelvin_clips(items, 2, numbers, camera) - clean
        if name == "drift_k":
            assert error.mean((2, 3))[:, 0].std() == pytest.approx(value, rel=0.08)
            assert np.ptp(error, axis=1).max() < 1e-9
        elif name == "walk_k":
            growth = error.mean((2, 3)).std(0)
            expected = value * np.sqrt(2.0 * np.arange(1, 5))
            np.testing.assert_allclose(growth, expected, rtol=0.1)
        else:
            assert error.std() == pytest.approx(value, rel=0.02)
    camera = Bolometer(**{**vars(QUIET), "jump_k": 1.0, "jump_chance": 0.2})
    error = kelvin_clips(items, 2, numbers, camera) - clean
    jumped = np.abs(np.diff(error[:, :, 0, 0], axis=1)) > 1e-9
    assert jumped.mean() == pytest.approx(0.2, abs=0.03)


def test_any_resolution_shows_the_same_item() -> None:
    items = scene(1, length=80.0, width=50.0, angle=0.5)
    fine = seen(items, 1, np.zeros(1, np.int64), Bolometer(height=64, width=64))[0, 0]
    coarse = seen(items, 1, np.zeros(1, np.int64))[0, 0]
    blocks = fine.reshape(16, 4, 16, 4).mean((1, 3))
    assert np.corrcoef(blocks.ravel(), coarse.ravel())[0, 1] > 0.99


def test_automatic_gain_hides_the_temperature_and_keeps_the_outline() -> None:
    warm, hot = (images(scene(4, length=80.0, width=50.0, temperature=t), 1, np.arange(4))
                 for t in (45.0, 90.0))  # fmt: skip
    assert warm.dtype == np.uint8
    assert np.abs(warm.mean((1, 2)) - hot.mean((1, 2))).max() < 8.0
    assert np.corrcoef(warm[0].ravel(), hot[0].ravel())[0, 1] > 0.97
    assert len(images(scene(0), 1, np.zeros(0, np.int64))) == 0


@pytest.mark.parametrize("wrong", [{"frames": 0}, {"interval_s": 0.0}, {"netd_k": -1.0},
                                   {"jump_chance": 2.0}])  # fmt: skip
def test_a_camera_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="bolometer"):
        Bolometer(**wrong)  # type: ignore[arg-type]
