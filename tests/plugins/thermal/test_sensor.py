"""Clips of the sensor model: cooling, emissivity, noise, and the shared geometry."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stillage.sensing.augment import View
from stillage.sensing.footprint import footprint
from stillage.sensing.scene import Scene
from stillage_thermal.encoders import FrameStatistics, LargeThermal, SmallThermal
from stillage_thermal.modality import Thermal
from stillage_thermal.radiometry import ZERO_CELSIUS, apparent, cooled, time_constant
from stillage_thermal.sensor import CAMERA, TRANSFER, clips, surface_emissivity

UNITS = {
    "length": "mm", "width": "mm", "angle": "rad", "centre": "mm", "squareness": "1",
    "temperature": "degC", "ambient": "degC", "emissivity": "1", "density": "kg/m3",
    "heat_capacity": "J/(kg K)", "thickness": "mm", "dirt": "1", "label_cover": "1",
    "degradation": "1",
}  # fmt: skip
PLATE = {
    "length": 150.0, "width": 150.0, "angle": 0.0, "squareness": 8.0, "temperature": 55.0,
    "ambient": 21.0, "emissivity": 0.94, "density": 955.0, "heat_capacity": 1900.0,
    "thickness": 0.8, "dirt": 0.0, "label_cover": 0.0, "degradation": 0.0,
}  # fmt: skip


def scene(count: int, **fields: float) -> Scene:
    values = {name: np.full(count, value) for name, value in {**PLATE, **fields}.items()}
    return Scene({**values, "centre": np.zeros((count, 2))}, UNITS)


def middle(raw: np.ndarray) -> np.ndarray:
    """Mean temperature (frames,) in kelvin of the middle of all clips."""
    return np.asarray(raw[:, :, 5:11, 5:11].astype(np.float64).mean((0, 2, 3)) / 100.0)


def test_the_clip_cools_as_newton_says_through_the_camera_s_eyes() -> None:
    raw = clips(scene(400), 1, np.arange(400))
    constant = time_constant(955.0, 1900.0, 0.8e-3, TRANSFER)
    ambient = 21.0 + ZERO_CELSIUS
    truth = cooled(55.0 + ZERO_CELSIUS, ambient, np.arange(4) * CAMERA.interval_s, constant)
    np.testing.assert_allclose(middle(raw), apparent(truth, 0.94, ambient), atol=0.15)


def test_a_thin_wall_cools_faster() -> None:
    thick, thin = (middle(clips(scene(50, thickness=t), 1, np.arange(50))) for t in (1.2, 0.3))
    assert (thin[0] - thin[-1]) > 3.0 * (thick[0] - thick[-1])


def test_polished_metal_looks_cold_and_corrosion_warms_it() -> None:
    shiny = middle(clips(scene(50, emissivity=0.09), 1, np.arange(50)))[0] - ZERO_CELSIUS
    dull = middle(clips(scene(50, emissivity=0.09, degradation=1.0), 1, np.arange(50)))[0]
    assert shiny < 28.0
    assert dull - ZERO_CELSIUS > shiny + 5.0
    assert surface_emissivity(scene(1, emissivity=0.09, label_cover=0.5))[0] == pytest.approx(0.53)


def test_pixel_and_column_noise_are_as_stated() -> None:
    still = scene(600, temperature=21.0)
    raw = clips(still, 2, np.arange(600)).astype(np.float64) / 100.0
    frame = raw[:, 0] - raw[:, 0].mean((1, 2), keepdims=True)
    pixel = (frame - frame.mean(1, keepdims=True)).std()
    column = frame.mean(1).std()
    assert pixel == pytest.approx(0.05, rel=0.05)
    assert column == pytest.approx(np.hypot(0.025, 0.05 / 4.0), rel=0.1)


def test_the_outline_is_the_one_that_every_camera_sees() -> None:
    small = scene(1, length=80.0, width=40.0, angle=0.6)
    raw = clips(small, 1, np.zeros(1, np.int64))[0, 0].astype(np.float64)
    cover = footprint(small, 16, 16, 160.0).cover[0]
    assert np.corrcoef(raw.ravel(), cover.ravel())[0, 1] > 0.95


def test_prepared_frames_are_a_level_and_its_changes() -> None:
    raw = clips(scene(3), 1, np.arange(3))
    prepared = Thermal().prepare(torch.from_numpy(raw))
    assert prepared.dtype == torch.float32
    celsius = raw.astype(np.float64) / 100.0 - ZERO_CELSIUS
    np.testing.assert_allclose(prepared[:, 0], celsius[:, 0], atol=1e-4)
    np.testing.assert_allclose(prepared[:, 3], celsius[:, 3] - celsius[:, 0], atol=1e-4)


def test_views_move_all_frames_together() -> None:
    prepared = torch.rand(1, 1, 16, 16).expand(5, 4, 16, 16).contiguous()
    seen = Thermal().augment(prepared, View(3, 2, np.arange(5)))
    assert not torch.equal(seen, prepared)
    assert torch.equal(seen[:, 0], seen[:, 3])


def test_statistics_are_numpy_s() -> None:
    clip = torch.rand(3, 4, 16, 16)
    found = FrameStatistics((4, 16, 16))(clip).values[:, 0].numpy()
    numbers = clip.numpy()
    pixels = (2, 3)
    expected = [numbers.mean(pixels), numbers.std(pixels), numbers.min(pixels), numbers.max(pixels)]
    np.testing.assert_allclose(found, np.concatenate(expected, 1), atol=1e-5)


@pytest.mark.parametrize(("encoder", "count"), [(SmallThermal, 30_000), (LargeThermal, 290_000)])
def test_encoders_have_the_stated_size(encoder: type[torch.nn.Module], count: int) -> None:
    parameters = sum(p.numel() for p in encoder((4, 16, 16)).parameters())
    assert parameters == pytest.approx(count, rel=0.07)
