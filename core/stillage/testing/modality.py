"""What every modality promises."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage.augment import View
from stillage.errors import BadInput
from stillage.modality import Modality
from stillage.plugin.host import get_host
from stillage.plugin.resolve import last_line, resolve
from stillage.plugin.spec import Cost, ModalitySpec
from stillage.scene import Scene
from stillage.testing.encoder import encoder_results
from stillage.testing.render import RENDER_CHECKS, Rendering
from stillage.testing.results import Failed, Result, demand, results_of
from stillage.testing.samples import (
    FREE_SIZES,
    drawn,
    example_scene,
    has_sensor_model,
    restricted,
    rows_of,
)

COUNT = 4


@dataclass(frozen=True)
class Case:
    """A modality, its spec and dense raw samples ``(4, *shape)`` of it."""

    spec: ModalitySpec
    modality: Modality
    raw: NDArray[Any]

    def prepared(self, raw: NDArray[Any] | None = None) -> Tensor:
        """``prepare`` of a copy of these samples."""
        given = self.raw if raw is None else raw
        return self.modality.prepare(torch.from_numpy(np.array(given)))


def spec_agrees(case: Case) -> None:
    """The modality and its spec agree."""
    demand(
        case.modality.spec == case.spec,
        f"Modality.spec is {case.modality.spec.name!r}, registered is another one",
        "two specs written down; set `spec = plugin.SPEC` in the class",
    )
    sample = case.spec.sample
    demand(
        len(sample.axes) == len(sample.shape),
        f"{len(sample.axes)} axes for {len(sample.shape)} sizes",
        "an axis without a name in SampleSpec.axes",
    )


def cost_is_stated(case: Case) -> None:
    """Price, joules and seconds of a reading are finite and have a source."""
    cost = case.modality.cost
    demand(isinstance(cost, Cost), f"cost is a {type(cost).__name__}", "an overridden `cost`")
    values = (cost.price_eur, cost.energy_j, cost.time_s)
    demand(all(map(math.isfinite, values)), f"cost {values}", "a division by zero")
    demand(cost.source.strip() != "", "no source", "Cost(source=...) left empty")


def refuses_wrong_samples(case: Case) -> None:
    """check() refuses another shape and NaN, and takes good samples."""
    case.modality.check(case.raw)
    wrong = [case.raw[..., None]]
    if np.issubdtype(case.raw.dtype, np.floating):
        wrong.append(np.full_like(case.raw, np.nan))
    for samples in wrong:
        try:
            case.modality.check(samples)
        except BadInput:
            continue
        what = "NaN" if samples.shape == case.raw.shape else f"shape {samples.shape[1:]}"
        demand(False, f"{what} was taken", "an overridden check() without super().check()")


def prepares_float32(case: Case) -> None:
    """prepare() gives finite float32, one row a sample."""
    prepared = case.prepared()
    demand(
        prepared.dtype == torch.float32,
        f"dtype {prepared.dtype}",
        "a missing .float(), or a float64 constant in prepare()",
    )
    demand(
        prepared.shape[:1] == (COUNT,),
        f"shape {tuple(prepared.shape)} for {COUNT} samples",
        "the batch axis was reduced or moved",
    )
    demand(bool(prepared.isfinite().all()), "NaN or infinity", "a logarithm or division of zero")


def prepares_flat_samples(case: Case) -> None:
    """prepare() of a flat reading (all zero) is finite."""
    prepared = case.prepared(np.zeros_like(case.raw))
    demand(
        bool(prepared.isfinite().all()),
        "NaN or infinity",
        "a logarithm of zero or a division by a zero deviation; clamp first",
    )


def prepares_empty_batch(case: Case) -> None:
    """prepare() takes an empty batch."""
    prepared, wanted = case.prepared(case.raw[:0]), case.prepared().shape[1:]
    demand(
        prepared.shape == (0, *wanted),
        f"shape {tuple(prepared.shape)}, not {(0, *wanted)}",
        "a reshape(len(raw), -1), which cannot infer a size; name every size",
    )


def prepares_samples_independently(case: Case) -> None:
    """prepare() of one sample equals its row in a batch."""
    batch = case.prepared()
    single = torch.cat([case.prepared(case.raw[i : i + 1]) for i in range(COUNT)])
    demand(
        single.shape == batch.shape and bool(torch.allclose(single, batch, atol=1e-5, rtol=1e-5)),
        "the values differ",
        "a mean or squeeze over the batch axis; use statistics of each sample only",
    )


def prepares_purely(case: Case) -> None:
    """prepare() is a pure function that leaves its input alone."""
    given = torch.from_numpy(np.array(case.raw))
    first = case.modality.prepare(given).clone()
    demand(
        bool((given == torch.from_numpy(case.raw)).all()),
        "the input was changed",
        "an operation in place, such as raw.sub_()",
    )
    torch.rand(3), np.random.default_rng().random(3)
    demand(
        bool(torch.equal(first, case.modality.prepare(given))),
        "a second call gives other values",
        "a random number; augmentation belongs in augment()",
    )


def _view(index: int, samples: NDArray[np.int64]) -> View:
    return View(seed=5, index=index, samples=samples)


SAMPLES = np.array([40, 7, 9, 2], np.int64)


def augments_view_zero_not(case: Case) -> None:
    """augment() leaves view 0 as it is."""
    prepared = case.prepared()
    demand(
        bool(torch.equal(case.modality.augment(prepared.clone(), _view(0, SAMPLES)), prepared)),
        "view 0 differs",
        "no `if view.identity: return prepared`",
    )


def augments_in_shape(case: Case) -> None:
    """augment() keeps shape and dtype, and leaves its input alone."""
    prepared = case.prepared()
    kept = prepared.clone()
    augmented = case.modality.augment(prepared, _view(1, SAMPLES))
    demand(
        augmented.shape == prepared.shape and augmented.dtype == prepared.dtype,
        f"{augmented.dtype} {tuple(augmented.shape)} from {prepared.dtype} {tuple(kept.shape)}",
        "a crop without padding, or a float64 draw; View.uniform gives float64",
    )
    demand(bool(augmented.isfinite().all()), "NaN or infinity", "a scale that can be zero")
    demand(bool(torch.equal(prepared, kept)), "the input was changed", "an operation in place")


def augments_consistently(case: Case) -> None:
    """augment() draws from the view alone: the same sample, in any batch, looks the same."""
    prepared, order = case.prepared(), np.array([2, 0, 3, 1])
    whole = case.modality.augment(prepared.clone(), _view(1, SAMPLES))
    torch.rand(3)
    again = case.modality.augment(prepared[order].clone(), _view(1, SAMPLES[order]))
    single = case.modality.augment(prepared[1:2].clone(), _view(1, SAMPLES[1:2]))
    demand(
        bool(torch.allclose(whole[order], again, atol=1e-6))
        and bool(torch.allclose(whole[1:2], single, atol=1e-6)),
        "the augmented sample depends on its batch or on when it was made",
        "a draw from torch or numpy; draw from view.uniform(name, ...) only, else paired"
        " modalities fall apart and a bank of views is worth nothing",
    )


def pickles(case: Case) -> None:
    """The modality can be pickled and copied, for workers."""
    copies = (pickle.loads(pickle.dumps(case.modality)), copy.deepcopy(case.modality))  # noqa: S301
    given = torch.from_numpy(np.array(case.raw))
    for copied in copies:
        demand(
            bool(torch.equal(copied.prepare(given), case.prepared())),
            "the copy prepares otherwise",
            "state that __getstate__ leaves out",
        )


PREPARE_CHECKS = (
    spec_agrees,
    cost_is_stated,
    refuses_wrong_samples,
    prepares_float32,
    prepares_flat_samples,
    prepares_empty_batch,
    prepares_samples_independently,
    prepares_purely,
    augments_view_zero_not,
    augments_in_shape,
    augments_consistently,
    pickles,
)


def modality_results(spec: ModalitySpec, scene: Scene | None = None) -> Iterator[Result]:
    """The result of every promise of a modality, its sensor model and its encoders."""
    made = "the factory gives a Modality"
    try:
        modality = resolve(spec.factory)()
    except Exception as error:
        yield Failed(made, f"raised {last_line(error)}")
        return
    if not isinstance(modality, Modality):
        yield Failed(made, f"it gave a {type(modality).__name__}")
        return
    rendered: list[NDArray[Any]] = []
    if has_sensor_model(modality):
        scene = scene or example_scene(spec)
        if scene is None:
            yield Failed(
                "the sensor model can be tried",
                "no scene to render: give one to check_modality, or in the spec's examples",
            )
        else:
            rendering = Rendering(modality, restricted(scene, spec.scene_fields), spec.scene_fields)
            yield from results_of(RENDER_CHECKS, rendering)
            rendered = _try_render(rendering)
    try:
        raw = modality.collate(rendered) if rendered else _any_samples(modality)
    except Exception as error:
        yield Failed("there are samples that prepare() takes", f"raised {last_line(error)}")
        return
    case = Case(spec, modality, raw)
    yield from results_of(PREPARE_CHECKS, case)
    try:
        prepared = case.prepared()
    except Exception:
        return
    for encoder in get_host().specs("encoder"):
        if encoder.modality == spec.name:
            yield from encoder_results(encoder, prepared)


def _try_render(rendering: Rendering) -> list[NDArray[Any]]:
    try:
        return rows_of(rendering.render())[:COUNT]
    except Exception:
        return []


def _any_samples(modality: Modality) -> NDArray[Any]:
    """Drawn samples of the first free size that ``prepare`` takes."""
    for free in FREE_SIZES:
        raw = drawn(modality, COUNT, free)
        try:
            modality.prepare(torch.from_numpy(raw))
        except Exception:
            if free == FREE_SIZES[-1]:
                raise
        else:
            break
    return raw
