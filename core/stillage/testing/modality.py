"""Check a modality, its sensor model and its encoders against all their promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stillage.plugin.host import get_host
from stillage.plugin.resolve import last_line, resolve
from stillage.plugin.spec import EncoderSpec, ModalitySpec
from stillage.sensing.modality import Modality
from stillage.sensing.scene import Scene
from stillage.testing.augment import AUGMENT_CHECKS
from stillage.testing.encoder import encoder_results
from stillage.testing.prepare import COUNT, PREPARE_CHECKS, Case
from stillage.testing.render import RENDER_CHECKS, Rendering
from stillage.testing.results import Failed, Result, results_of
from stillage.testing.rows import ROW_CHECKS
from stillage.testing.samples import (
    FREE_SIZES,
    drawn,
    example_scene,
    has_sensor_model,
    restricted,
    rows_of,
)

MODALITY_CHECKS = (*ROW_CHECKS, *PREPARE_CHECKS, *AUGMENT_CHECKS)


def modality_results(spec: ModalitySpec, scene: Scene | None = None) -> Iterator[Result]:
    """Give the result of every promise of a modality, its sensor model and its encoders."""
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
        rows = rendered or list(_any_samples(modality))
        raw = modality.collate(rows) if rendered or spec.sample.ragged else np.stack(rows)
    except Exception as error:
        why = f"raised {last_line(error)}"
        if spec.sample.ragged and type(modality).collate is Modality.collate:
            why += "; likely cause: a ragged modality overrides collate(), to pad or cut its rows"
        yield Failed("there are samples that prepare() takes", why)
        return
    case = Case(spec, modality, raw, rows)
    yield from results_of(MODALITY_CHECKS, case)
    try:
        prepared = case.prepared()
    except Exception:
        return
    for encoder in get_host().specs(EncoderSpec):
        if encoder.modality == spec.name:
            yield from encoder_results(encoder, prepared)


def _try_render(rendering: Rendering) -> list[NDArray[Any]]:
    try:
        rows = rows_of(rendering.render())
        return [rows[k % len(rows)] for k in range(COUNT)]
    except Exception:
        return []


def _any_samples(modality: Modality) -> NDArray[Any]:
    """Draw samples of the first free size that ``prepare`` takes."""
    for free in FREE_SIZES:
        raw = drawn(modality, COUNT, free)
        try:
            dense = modality.collate(list(raw)) if modality.sample.ragged else raw
            modality.prepare(torch.from_numpy(dense))
        except Exception:
            if free == FREE_SIZES[-1]:
                raise
        else:
            break
    return raw
