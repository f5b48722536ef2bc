"""Cameras that fall out of step with their pair, and ragged rows made dense wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from stillage.plugin.spec import Cost, ModalitySpec, SampleSpec
from stillage.sensing.augment import View, move_frames
from stillage.sensing.modality import Modality
from stillage.sensing.scene import Scene
from stillage.testing import Failed, augment, check_modality, rows
from stillage.testing.modality import modality_results
from tests.core.testing.common import Broken, why

FRAMES = ModalitySpec(
    name="frames",
    summary="a clip",
    factory=f"{__name__}:current",
    sample=SampleSpec(
        shape=(10, 12, 20), dtype="uint8", unit="1", axes=("frame", "height", "width")
    ),
    cost=Cost(price_eur=1, energy_j=1, time_s=1),
)
RAGGED = FRAMES.model_copy(
    update={
        "name": "ragged",
        "sample": SampleSpec(
            shape=(None, 2), dtype="float32", unit="V", axes=("time", "pin"), ragged=True
        ),
    }
)
made: Any = None


def current() -> Any:
    return made()


class Frames(Modality):
    """In step with every other camera."""

    spec = FRAMES

    def prepare(self, raw: Tensor) -> Tensor:
        return raw.float()[:, None] / 255.0

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        return move_frames(prepared, view)


class ChannelsLast(Frames):
    """Another layout, the same motion, a gain, and a masked corner."""

    def prepare(self, raw: Tensor) -> Tensor:
        return raw.float()[..., None] / 255.0

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        if view.identity:
            return prepared
        moved = move_frames(prepared.movedim(-1, 1), view).movedim(1, -1)
        moved[:, :, :3, :3] = 0
        return moved * torch.from_numpy(0.5 + view.uniform("gain", 1, 1, 1, 1)).float()


class WithStatistics(Frames):
    """Keeps two columns beside the pictures, which do not move."""

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        if view.identity or not len(prepared):
            return prepared
        steps = np.rint((2 * view.uniform("time") - 1) * 0.125 * 18).astype(int)
        pairs = zip(prepared[..., 2:], steps, strict=True)
        moved = torch.stack([row.roll(int(step), -1) for row, step in pairs])
        return torch.cat([prepared[..., :2], moved], -1)


class OwnName(Frames):
    def augment(self, prepared: Tensor, view: View) -> Tensor:
        if view.identity:
            return prepared
        mirrored = torch.from_numpy(view.uniform("my-flip") < 0.5)[:, None, None, None, None]
        return torch.where(mirrored, prepared.flip(-1), prepared)


class OwnRoll(Frames):
    def augment(self, prepared: Tensor, view: View) -> Tensor:
        if view.identity:
            return prepared
        steps = (view.uniform("crop") * 8).astype(int) - 4
        pairs = zip(prepared, steps, strict=True)
        return torch.stack([row.roll(int(step), -1) for row, step in pairs])


class _Flips(Frames):
    columns: tuple[int, ...] = (0, 1)
    axes: tuple[int, ...] = (-2, -1)

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        if view.identity:
            return prepared
        draw = torch.from_numpy(view.uniform("flip", 2) < 0.5)[:, :, None, None, None, None]
        for column, axis in zip(self.columns, self.axes, strict=True):
            prepared = torch.where(draw[:, column], prepared.flip(axis), prepared)
        return prepared


class Swapped(_Flips):
    columns = (1, 0)


class OneDraw(_Flips):
    columns = (0, 0)


class WidthByTheFirst(_Flips):
    columns = (0,)
    axes = (-1,)


class HeightOnly(_Flips):
    columns = (0,)
    axes = (-2,)


class FarReach(Frames):
    def augment(self, prepared: Tensor, view: View) -> Tensor:
        return move_frames(prepared, view, reach=0.3)


class Backwards(Frames):
    def augment(self, prepared: Tensor, view: View) -> Tensor:
        return move_frames(prepared.flip(2), view).flip(2)


class ShiftFirst(Frames):
    """Flips what was shifted; every other camera shifts what was flipped."""

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        if view.identity:
            return prepared
        shift = np.rint((2 * view.uniform("shift", 2) - 1) * 0.125 * 20).astype(int)[:, 1]
        pairs = zip(prepared, shift, strict=True)
        moved = torch.stack([row.roll(int(step), -1) for row, step in pairs])
        draw = torch.from_numpy(view.uniform("flip", 2)[:, 1] < 0.5)[:, None, None, None, None]
        return torch.where(draw, moved.flip(-1), moved)


class Series(Modality):
    """Padded with zeros or cut to eight steps."""

    spec = RAGGED

    def collate(self, rows: Sequence[Any]) -> Any:
        dense = np.zeros((len(rows), 8, 2), np.float32)
        for place, row in enumerate(rows):
            dense[place, : len(row[:8])] = row[:8]
        return dense

    def prepare(self, raw: Tensor) -> Tensor:
        return raw.float()


class ToTheLongest(Series):
    def collate(self, rows: Sequence[Any]) -> Any:
        dense = np.zeros((len(rows), max(len(row) for row in rows), 2), np.float32)
        for place, row in enumerate(rows):
            dense[place, : len(row)] = row
        return dense


class NoAxis(Series):
    def collate(self, rows: Sequence[Any]) -> Any:
        return super().collate(rows).reshape(len(rows), 16)


class Resampled(Series):
    """Divides by the number of elements that there are."""

    def collate(self, rows: Sequence[Any]) -> Any:
        with np.errstate(invalid="ignore", divide="ignore"):
            counts = np.array([len(row) for row in rows], np.float32)[:, None, None]
            return super().collate(rows) / counts


BROKEN = (
    Broken(augment.moves_by_shared_draws, OwnName, "axis 3 moves while flip, shift and time stand"),
    Broken(augment.moves_by_shared_draws, OwnRoll, "drawn under a name of its own"),
    Broken(augment.moves_like_paired_cameras, Swapped, "the draws taken the wrong way round"),
    Broken(augment.moves_like_paired_cameras, OneDraw, "one flip mirrors axes [2, 3]"),
    Broken(augment.moves_like_paired_cameras, WidthByTheFirst, "0 is for the height and 1 for"),
    Broken(augment.moves_like_paired_cameras, FarReach, "moves prepared axis 2 by 4 of 12, not"),
    Broken(augment.moves_like_paired_cameras, Backwards, "another reach or direction"),
    Broken(augment.moves_like_paired_cameras, ShiftFirst, "a shift before a flip"),
    Broken(rows.collates_independently, ToTheLongest, "padding to the longest row", RAGGED),
    Broken(rows.collates_rows, NoAxis, "an axis lost in padding", RAGGED),
    Broken(rows.collates_missing, Resampled, "a mean or a maximum of no elements", RAGGED),
)


@pytest.mark.parametrize("good", [Frames, ChannelsLast, HeightOnly, WithStatistics])
def test_cameras_in_step_pass(monkeypatch: pytest.MonkeyPatch, good: Any) -> None:
    monkeypatch.setitem(globals(), "made", good)
    results = list(modality_results(FRAMES))
    assert not [str(result) for result in results if isinstance(result, Failed)]


def test_good_series_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "made", Series)
    assert check_modality(RAGGED)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda b: b.id)
def test_broken_pair_is_told_why(monkeypatch: pytest.MonkeyPatch, broken: Broken) -> None:
    monkeypatch.setitem(globals(), "made", broken.make)
    assert broken.told in why(modality_results(broken.spec or FRAMES), broken.check)


def test_ragged_rows_that_nobody_makes_dense(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unmade(Frames):
        spec = RAGGED

        def render(self, scene: Scene, seed: int, samples: Any = None) -> list[np.ndarray]:
            return [np.ones((2 + k, 2), np.float32) for k in range(scene.items_count)]

    monkeypatch.setitem(globals(), "made", Unmade)
    spec = RAGGED.model_copy(update={"scene_fields": ("x",), "examples": ({"x": [1.0, 2.0]},)})
    (failed,) = [r for r in modality_results(spec) if "samples that prepare" in str(r)]
    assert "a ragged modality overrides collate()" in str(failed)
