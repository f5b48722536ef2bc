"""Each promise of the kit is broken once on purpose, and the message names the cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from stillage.counter import normal
from stillage.plugin.spec import Cost, ModalitySpec, SampleSpec
from stillage.sensing.augment import View
from stillage.sensing.modality import Modality
from stillage.sensing.scene import Scene
from stillage.testing import (
    PROMISES,
    Failing,
    augment,
    check_modality,
    prepare,
    render,
    rows,
)
from stillage.testing.modality import MODALITY_CHECKS, modality_results
from tests.core.testing.common import Broken, why

SPEC = ModalitySpec(
    name="probe",
    summary="six numbers",
    factory=f"{__name__}:current",
    sample=SampleSpec(shape=(6,), dtype="float32", unit="V", axes=("pin",)),
    cost=Cost(price_eur=1, energy_j=1, time_s=1, source="assumed"),
    scene_fields=("mass", "material"),
    examples=({"mass": [1.0, 2.0, 3.0, 4.0, 5.0], "material": ["PP", "PET", "PP", "PS", "PP"]},),
)


class Good(Modality):
    spec = SPEC

    def prepare(self, raw: Tensor) -> Tensor:
        return raw - raw.mean(1, keepdim=True)

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        if view.identity:
            return prepared
        return prepared * torch.from_numpy(view.uniform("scale", 1)).float()

    def render(self, scene: Scene, seed: int, samples: Any = None) -> Any:
        numbers = np.arange(scene.items_count) if samples is None else samples
        base = scene["mass"] + 0.1 * np.char.str_len(scene["material"])
        return (base[:, None] + normal(seed, numbers[:, None], np.arange(6))).astype(np.float32)


made: Callable[[], Any] = Good


def current() -> Any:
    return made()


class Blind(Modality):
    spec = SPEC

    def prepare(self, raw: Tensor) -> Tensor:
        return raw * 2


class WrongSpec(Good):
    spec = SPEC.model_copy(update={"name": "other"})


class NoSource(Good):
    @property
    def cost(self) -> Cost:
        return Cost(price_eur=1, energy_j=1, time_s=1, source=" ")


class TakesAll(Good):
    def check(self, raw: Any, where: str = "") -> None:
        return


class Double(Good):
    def prepare(self, raw: Tensor) -> Tensor:
        return raw.double()


class Flattening(Good):
    def prepare(self, raw: Tensor) -> Tensor:
        return (raw - raw.mean(1, keepdim=True)).reshape(-1)


class Zscore(Good):
    def prepare(self, raw: Tensor) -> Tensor:
        return (raw - raw.mean(1, keepdim=True)) / raw.std(1, keepdim=True)


class Inferring(Good):
    def prepare(self, raw: Tensor) -> Tensor:
        return raw.reshape(len(raw), 2, -1)


class BatchMean(Good):
    def prepare(self, raw: Tensor) -> Tensor:
        return raw - raw.mean() if len(raw) else raw


class InPlace(Good):
    def prepare(self, raw: Tensor) -> Tensor:
        return raw.sub_(1.0)


class Noisy(Good):
    def prepare(self, raw: Tensor) -> Tensor:
        return raw + torch.rand(1)


class AlwaysAugments(Good):
    def augment(self, prepared: Tensor, view: View) -> Tensor:
        return prepared * 2


class Cropping(Good):
    def augment(self, prepared: Tensor, view: View) -> Tensor:
        return prepared if view.identity else prepared[:, 1:]


class OwnDraws(Good):
    def augment(self, prepared: Tensor, view: View) -> Tensor:
        return prepared if view.identity else prepared * torch.rand(len(prepared), 1)


class ByPosition(Good):
    def augment(self, prepared: Tensor, view: View) -> Tensor:
        if view.identity:
            return prepared
        return prepared * torch.arange(1.0, len(prepared) + 1)[:, None]


class Unpicklable(Good):
    def __init__(self) -> None:
        self.handle = lambda: None


class Undeclared(Good):
    def render(self, scene: Scene, seed: int, samples: Any = None) -> Any:
        return super().render(scene, seed, samples) + scene["colour"][:, None]


class Deaf(Good):
    def render(self, scene: Scene, seed: int, samples: Any = None) -> Any:
        blind = Scene({**scene.fields, "material": np.full(len(scene["mass"]), "PP")}, scene.units)
        return super().render(blind, seed, samples)


class Unseeded(Good):
    def render(self, scene: Scene, seed: int, samples: Any = None) -> Any:
        noise = np.random.default_rng().random((scene.items_count, 6), np.float32)
        return super().render(scene, seed, samples) + noise


class ByRow(Good):
    def render(self, scene: Scene, seed: int, samples: Any = None) -> Any:
        return super().render(scene, seed, None)


class WideNoise(Good):
    def render(self, scene: Scene, seed: int, samples: Any = None) -> Any:
        return super().render(scene, seed, samples).astype(np.float64)


class Normalised(Good):
    def render(self, scene: Scene, seed: int, samples: Any = None) -> Any:
        raw = super().render(scene, seed, samples)
        return raw - raw.mean() if len(raw) else raw


class NeedsItems(Good):
    def render(self, scene: Scene, seed: int, samples: Any = None) -> Any:
        if not scene.items_count:
            raise ValueError("no items")
        return super().render(scene, seed, samples)


class FreeOfCost(Good):
    @property
    def cost(self) -> Cost:
        return Cost(price_eur=1, energy_j=0, time_s=1)


class FreeByDefault(Good):
    @property
    def cost(self) -> Cost:
        return Cost(price_eur=0, energy_j=0, time_s=0)


class KnownAnyway(Good):
    @property
    def cost(self) -> Cost:
        return Cost(price_eur=0, energy_j=0, time_s=0, source="known without a sensor")


class BatchScale(Good):
    def prepare(self, raw: Tensor) -> Tensor:
        return raw / raw.std() if len(raw) > 1 else raw


class Peak(Good):
    def prepare(self, raw: Tensor) -> Tensor:
        return raw if raw.numel() == 0 else raw / (1.0 + raw.abs().max())


class ByNumpy(Good):
    def prepare(self, raw: Tensor) -> Tensor:
        return torch.from_numpy(np.sort(raw.numpy(), 1))


class Constant(Good):
    def prepare(self, raw: Tensor) -> Tensor:
        return raw - float(raw[0, 0]) if len(raw) == 1 else raw - raw[:, :1]


class Salted(Good):
    def prepare(self, raw: Tensor) -> Tensor:
        return raw + hash("probe") % 1000


class SaltedRender(Good):
    def render(self, scene: Scene, seed: int, samples: Any = None) -> Any:
        return super().render(scene, seed, samples) + np.float32(hash("probe") % 1000)


class Eavesdropper(Good):
    def render(self, scene: Scene, seed: int, samples: Any = None) -> Any:
        raw = super().render(scene, seed, samples)
        return raw * scene.fields["thickness"][:, None].astype(np.float32) if (
            "thickness" in scene.fields
        ) else raw  # fmt: skip


class Stacking(Good):
    def augment(self, prepared: Tensor, view: View) -> Tensor:
        return torch.stack([row * 1.0 for row in prepared])


class Joining(Good):
    def collate(self, rows: Any) -> Any:
        return np.concatenate(rows)


class Wider(Good):
    def collate(self, rows: Any) -> Any:
        return np.stack(rows).astype(np.float64)


class BatchStart(Good):
    def collate(self, rows: Any) -> Any:
        return np.stack(rows) - rows[0][0]


class ReadsUndeclared(Good):
    def read(self, path: Any) -> Any:
        return np.fromfile(path, np.float32)


READING = SPEC.model_copy(update={"suffixes": (".prb",)})
NO_FIELD = SPEC.model_copy(update={"scene_fields": ("mass", "material", "colour")})
BROKEN = (
    Broken(prepare.spec_agrees, WrongSpec, "Modality.spec is 'other', registered is another one"),
    Broken(prepare.cost_is_stated, NoSource, "no source; likely cause: Cost(source=...) left"),
    Broken(prepare.cost_is_stated, FreeOfCost, "free in every scenario"),
    Broken(prepare.cost_is_stated, FreeByDefault, "free in every scenario"),
    Broken(prepare.refuses_wrong_samples, TakesAll, "an overridden check() without super()"),
    Broken(prepare.prepares_float32, Double, "dtype torch.float64; likely cause: a missing"),
    Broken(prepare.prepares_float32, Flattening, "the batch axis was reduced or moved"),
    Broken(prepare.prepares_flat_samples, Zscore, "a division by a zero deviation; clamp first"),
    Broken(prepare.prepares_beside_missing, BatchScale, "a maximum or a scale over the batch"),
    Broken(prepare.prepares_empty_batch, Inferring, "raised RuntimeError"),
    Broken(prepare.prepares_samples_independently, BatchMean, "a mean or squeeze over the batch"),
    Broken(prepare.prepares_samples_independently, Peak, "a mean or squeeze over the batch"),
    Broken(prepare.prepares_purely, InPlace, "the input was changed; likely cause: an operation"),
    Broken(prepare.prepares_purely, Noisy, "a random number; augmentation belongs in augment()"),
    Broken(prepare.prepares_in_a_graph, ByNumpy, "NumPy or a branch on values inside prepare()"),
    Broken(prepare.prepares_in_a_graph, Constant, "NumPy or a branch on values"),
    Broken(prepare.works_in_a_worker, Unpicklable, "it cannot be pickled (AttributeError"),
    Broken(prepare.works_in_a_worker, Salted, "prepare() gives other values there"),
    Broken(augment.augments_view_zero_not, AlwaysAugments, "view 0 differs"),
    Broken(augment.augments_in_shape, Cropping, "a crop without padding"),
    Broken(augment.augments_empty_batch, Stacking, "raised RuntimeError"),
    Broken(augment.augments_consistently, OwnDraws, "draw from view.uniform(name, ...) only"),
    Broken(augment.augments_consistently, ByPosition, "draw from view.uniform(name, ...) only"),
    Broken(rows.collates_rows, Joining, "pad or cut each to one length and stack them"),
    Broken(rows.collates_rows, Wider, "np.zeros without a dtype"),
    Broken(rows.collates_independently, BatchStart, "taken from the whole batch"),
    Broken(rows.reads_declared_files, ReadsUndeclared, "suffixes that read() decodes"),
    Broken(rows.reads_declared_files, Good, "or suffixes without read()", READING),
    Broken(rows.reads_declared_files, ReadsUndeclared, "an empty file (.prb) is taken", READING),
    Broken(render.scene_has_fields, Good, "no colour; likely cause: a declared field", NO_FIELD),
    Broken(render.renders_declared_fields, Undeclared, "no field 'colour'"),
    Broken(render.renders_samples, WideNoise, "another dtype or shape than SampleSpec; use astype"),
    Broken(render.renders_reproducibly, Unseeded, "a generator without the seed; draw from"),
    Broken(render.renders_items_independently, ByRow, "noise numbered by row, not by `samples`"),
    Broken(render.renders_items_independently, Normalised, "or a statistic over the batch"),
    Broken(render.renders_empty_scene, NeedsItems, "raised ValueError: no items"),
    Broken(render.responds_to_every_field, Deaf, "exchanging material between items changes no"),
    Broken(render.responds_to_no_other_field, Eavesdropper, "adding thickness changes"),
    Broken(render.renders_alike_in_a_worker, SaltedRender, "which each process salts"),
)


def test_good_passes() -> None:
    passed = [str(result) for result in check_modality(SPEC)]
    assert len(passed) == len(PROMISES["modality"])
    assert "render() responds to each declared scene field" in passed


def test_what_is_known_without_a_sensor_may_be_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "made", KnownAnyway)
    assert check_modality(SPEC)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda b: b.id)
def test_broken_modality_is_told_why(monkeypatch: pytest.MonkeyPatch, broken: Broken) -> None:
    monkeypatch.setitem(globals(), "made", broken.make)
    assert broken.told in why(modality_results(broken.spec or SPEC), broken.check)


def test_factory_that_raises_or_is_missing() -> None:
    missing = SPEC.model_copy(update={"factory": "nowhere.at:all"})
    with pytest.raises(Failing, match="there is no module 'nowhere'"):
        check_modality(missing)


def test_sensor_model_without_a_scene_is_a_failure() -> None:
    lonely = SPEC.model_copy(update={"examples": (), "scene_fields": ("nobody_builds_this",)})
    with pytest.raises(Failing, match="no scene to render"):
        check_modality(lonely)


def test_without_sensor_model_samples_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "made", Blind)
    assert len(check_modality(SPEC)) == len(MODALITY_CHECKS)


def test_a_factory_that_gives_no_modality(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "made", dict)
    with pytest.raises(Failing, match="it gave a dict"):
        check_modality(SPEC)
