"""Each promise of the kit is broken once on purpose, and the message names the cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from stillage.augment import View
from stillage.counter import normal
from stillage.modality import Modality
from stillage.plugin.spec import Cost, EncoderSpec, ModalitySpec, SampleSpec
from stillage.scene import Scene
from stillage.testing import Failing, check_modality
from stillage.testing.encoder import encoder_results
from stillage.testing.results import Failed
from stillage.tokens import Tokens

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


BROKEN: dict[type[Any], str] = {
    WrongSpec: "Modality.spec is 'other', registered is another one",
    NoSource: "no source; likely cause: Cost(source=...) left empty",
    TakesAll: "was taken; likely cause: an overridden check() without super().check()",
    Double: "dtype torch.float64; likely cause: a missing .float()",
    Flattening: "the batch axis was reduced or moved",
    Zscore: "a division by a zero deviation; clamp first",
    Inferring: "prepare() takes an empty batch: raised RuntimeError",
    BatchMean: "a mean or squeeze over the batch axis",
    InPlace: "the input was changed; likely cause: an operation in place",
    Noisy: "a random number; augmentation belongs in augment()",
    AlwaysAugments: "view 0 differs",
    Cropping: "a crop without padding",
    OwnDraws: "draw from view.uniform(name, ...) only",
    ByPosition: "draw from view.uniform(name, ...) only",
    Unpicklable: "The modality can be pickled and copied, for workers: raised",
    Undeclared: "no field 'colour'",
    Deaf: "exchanging material between items changes no reading",
    Unseeded: "a generator without the seed; draw from stillage.counter",
    ByRow: "noise numbered by row, not by `samples`",
    WideNoise: "another dtype or shape than SampleSpec; use astype",
    Normalised: "or a statistic over the batch",
    NeedsItems: "raised ValueError: no items",
    dict: "it gave a dict",
}


def test_good_passes(monkeypatch) -> None:
    passed = [str(result) for result in check_modality(SPEC)]
    assert len(passed) == 19
    assert "render() responds to each declared scene field" in passed


@pytest.mark.parametrize("broken", BROKEN, ids=lambda kind: kind.__name__)
def test_broken_modality_is_told_why(monkeypatch, broken: type[Any]) -> None:
    monkeypatch.setitem(globals(), "made", broken)
    with pytest.raises(Failing) as caught:
        check_modality(SPEC)
    assert any(BROKEN[broken] in str(failure) for failure in caught.value.failures), caught.value


def test_factory_that_raises_or_is_missing() -> None:
    missing = SPEC.model_copy(update={"factory": "nowhere.at:all"})
    with pytest.raises(Failing, match="there is no module 'nowhere'"):
        check_modality(missing)


def test_sensor_model_without_a_scene_is_a_failure() -> None:
    lonely = SPEC.model_copy(update={"examples": (), "scene_fields": ("nobody_builds_this",)})
    with pytest.raises(Failing, match="no scene to render"):
        check_modality(lonely)


def test_without_sensor_model_samples_are_drawn(monkeypatch) -> None:
    monkeypatch.setitem(globals(), "made", Blind)
    assert len(check_modality(SPEC)) == 12


class Linear(nn.Module):
    def __init__(self, shape: tuple[int, ...], width: int = 3) -> None:
        super().__init__()
        self.width = width
        self.layer = nn.Linear(shape[0], width)

    def forward(self, prepared: Tensor) -> Any:
        return Tokens(self.layer(prepared).unsqueeze(1))


class BareTensor(Linear):
    def forward(self, prepared: Tensor) -> Any:
        return self.layer(prepared)


class NoWidth(Linear):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.width = None  # type: ignore[assignment]


class Flat(Linear):
    def forward(self, prepared: Tensor) -> Any:
        return Tokens(self.layer(prepared))


class Detached(Linear):
    def forward(self, prepared: Tensor) -> Any:
        return Tokens(self.layer(prepared).detach().unsqueeze(1))


class Unused(Linear):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.spare = nn.Linear(2, 2)


class Centred(Linear):
    def forward(self, prepared: Tensor) -> Any:
        return Tokens(self.layer(prepared - prepared.mean(0)).unsqueeze(1))


ENCODERS = {
    BareTensor: "a Tensor; likely cause: a bare tensor returned",
    NoWidth: "width None; likely cause: no `self.width` set",
    Flat: "a single token needs .unsqueeze(1)",
    Detached: "Gradients reach every parameter: raised RuntimeError",
    Unused: "none at spare.weight, spare.bias; likely cause: a layer that forward() does not use",
    Centred: "statistics over the batch",
    dict: "raised",
}


def _encoder(factory: type[Any]) -> list[str]:
    monkey = EncoderSpec(
        name="probe-small", modality="probe", size="small", summary="",
        factory=f"{__name__}:current_encoder",
    )  # fmt: skip
    globals()["current_encoder"] = factory
    results = encoder_results(monkey, torch.linspace(0.0, 1.0, 24).reshape(4, 6))
    return [str(result) for result in results if isinstance(result, Failed)]


def test_good_encoder_passes() -> None:
    assert _encoder(Linear) == []


@pytest.mark.parametrize("broken", ENCODERS, ids=lambda kind: kind.__name__)
def test_broken_encoder_is_told_why(broken: type[Any]) -> None:
    failures = _encoder(broken)
    assert any(ENCODERS[broken] in failure for failure in failures), failures
