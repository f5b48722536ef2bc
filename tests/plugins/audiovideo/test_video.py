"""Frames of the sensor model, masks, views, and the encoders that read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from stillage.sensing.augment import View, move_frames
from stillage.sensing.scene import Scene
from stillage_audiovideo.encoders import ColourStatistics, LargeVideo, SmallVideo
from stillage_audiovideo.modality import Video
from stillage_audiovideo.plugin import VIDEO

UNITS = {
    "length": "mm", "width": "mm", "angle": "rad", "centre": "mm", "squareness": "1",
    "colour": "1", "transparency": "1", "gloss": "1", "fibre": "1", "crumple": "1",
    "label_cover": "1", "dirt": "1", "degradation": "1", "damage": "1", "black": "1",
}  # fmt: skip
ITEM = {"length": 120.0, "width": 90.0, "angle": 0.3, "squareness": 4.0}


def scene(count: int = 64, colour: tuple[float, ...] = (0.7, 0.7, 0.7), **fields: float) -> Scene:
    plain = dict.fromkeys(UNITS.keys() - {"colour", "centre", *ITEM}, 0.0)
    values = {name: np.full(count, value) for name, value in {**plain, **ITEM, **fields}.items()}
    extra = {"colour": np.tile(colour, (count, 1)), "centre": np.zeros((count, 2))}
    return Scene({**values, **extra}, UNITS)


def colours(of: Scene) -> np.ndarray:
    """Mean colour (3,) of the items' inside, in 0..1."""
    inside = Video().masks(of)[0, 0]
    return np.asarray(Video().render(of, 5)[:, 0][:, inside].mean((0, 1)) / 255.0)


def test_the_picture_has_the_item_s_colour_within_the_lamp_s_spread() -> None:
    red = colours(scene(colour=(0.6, 0.1, 0.1))) ** 2.2
    assert red[0] == pytest.approx(0.6, rel=0.15)
    assert red[1] == pytest.approx(0.1, rel=0.25)


def test_age_yellows_light_items() -> None:
    fresh, aged = colours(scene()), colours(scene(degradation=1.0))
    assert aged[2] / aged[0] < 0.9 * fresh[2] / fresh[0]


def test_black_transparency_dirt_and_cracks_darken() -> None:
    white = colours(scene()).mean()
    assert colours(scene(black=1.0)).mean() < 0.4 * white
    assert colours(scene(transparency=0.9)).mean() < 0.8 * white
    assert colours(scene(dirt=0.6)).mean() < 0.95 * white
    assert colours(scene(damage=1.0)).mean() < 0.97 * white


def test_gloss_makes_highlights_and_texture_makes_contrast() -> None:
    def pictures(**fields: Any) -> np.ndarray:
        of = scene(colour=(0.3, 0.3, 0.3), **fields)
        return np.asarray(Video().render(of, 5)[:, 0][:, Video().masks(of)[0, 0]], np.float64)

    assert np.quantile(pictures(gloss=1.0), 0.98) > np.quantile(pictures(), 0.98) + 40
    for name in ("fibre", "crumple"):
        assert pictures(**{name: 1.0}).std(1).mean() > 1.5 * pictures().std(1).mean()


def test_the_mask_covers_the_item_and_nothing_else() -> None:
    mask = Video().masks(scene(1), frames=3)
    assert mask.shape == (1, 3, 32, 32)
    area = mask[0, 0].sum() * 5.0**2
    rectangle, ellipse = 120.0 * 90.0, 120.0 * 90.0 * np.pi / 4.0
    assert ellipse < area < rectangle
    frame = Video().render(scene(1), 5)[0, 0].mean(-1)
    assert frame[mask[0, 0]].mean() > 2.0 * frame[~mask[0, 0]].mean()


def test_prepared_pixels_are_the_bytes() -> None:
    raw = torch.randint(0, 256, (2, 3, 5, 7, 3), dtype=torch.uint8)
    prepared = Video().prepare(raw)
    assert prepared.shape == (2, 3, 3, 5, 7)
    assert float(prepared[1, 2, 0, 4, 6]) == pytest.approx(float(raw[1, 0, 4, 6, 2]) / 255.0)


def test_views_mirror_and_shift_alike_at_any_resolution() -> None:
    coarse = torch.rand(40, 1, 1, 16, 16)
    fine = coarse.repeat_interleave(2, 3).repeat_interleave(2, 4)
    view = View(1, 1, np.arange(40))
    moved, wanted = move_frames(fine, view), move_frames(coarse, view)
    inner = (slice(None), slice(None), slice(None), slice(6, 26), slice(6, 26))
    blown = wanted.repeat_interleave(2, 3).repeat_interleave(2, 4)
    shifts = view.uniform("shift", 2)
    even = np.flatnonzero((np.rint((2 * shifts - 1) * 4.0) % 2 == 0).all(1))
    assert len(even) > 5
    same = np.rint((2 * shifts - 1) * 4.0) == 2 * np.rint((2 * shifts - 1) * 2.0)
    chosen = even[same[even].all(1)]
    assert len(chosen) > 3
    assert torch.equal(moved[inner][chosen], blown[inner][chosen])


def test_flips_really_flip_half_of_the_samples() -> None:
    ramp = torch.arange(32.0).expand(200, 1, 1, 32, 32).contiguous()
    moved = move_frames(ramp, View(7, 1, np.arange(200)), reach=0.0)
    flipped = (moved[:, 0, 0, 0, 0] > moved[:, 0, 0, 0, -1]).float().mean()
    assert 0.35 < float(flipped) < 0.65


def test_statistics_are_numpy_s() -> None:
    clip = torch.rand(4, 3, 2, 8, 8)
    found = ColourStatistics((3, 2, 8, 8))(clip).values[:, 0].numpy()
    numbers, axes = clip.numpy(), (2, 3, 4)
    np.testing.assert_allclose(
        found, np.concatenate([numbers.mean(axes), numbers.std(axes)], 1), atol=1e-5
    )


@pytest.mark.parametrize(("encoder", "low", "high"), [
    (SmallVideo, 90_000, 130_000), (LargeVideo, 590_000, 700_000),
])  # fmt: skip
def test_encoders_have_the_stated_size(encoder: type[torch.nn.Module], low: int, high: int) -> None:
    assert low < sum(p.numel() for p in encoder((3, 1, 32, 32)).parameters()) < high


def test_a_clip_s_tokens_are_those_of_its_frames() -> None:
    single, double = SmallVideo((3, 1, 32, 32)).eval(), SmallVideo((3, 2, 32, 32)).eval()
    double.load_state_dict(single.state_dict())
    clip = torch.rand(2, 3, 2, 32, 32)
    with torch.inference_mode():
        together = double(clip).values
        first, second = (single(clip[:, :, [t]]).values for t in (0, 1))
    torch.testing.assert_close(together, torch.cat([first, second], 1))


def test_the_spec_is_the_modality_s_own() -> None:
    assert Video().spec is VIDEO
    assert Video().sample.describe() == "uint8 (frame=?, height=?, width=?, channel=3) [1/255]"
