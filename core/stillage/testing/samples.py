"""Make readings to check a modality with: rendered from a scene, else drawn from its spec."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.counter import uniform
from stillage.errors import BadInput
from stillage.plugin.host import get_host
from stillage.plugin.spec import ModalitySpec, ScenarioSpec
from stillage.sensing.augment import View
from stillage.sensing.modality import Modality
from stillage.sensing.scene import Scene

ITEMS = 24
FREE_SIZES = (16, 32, 64, 256)
"""Sizes tried, in turn, for the axes of a sample that a recording fixes."""

SAMPLES = np.array([40, 7, 9, 2], np.int64)
"""Sample numbers of the views that are tried."""


def view_of(index: int, samples: NDArray[np.int64] = SAMPLES) -> View:
    """Make view ``index`` of some samples."""
    return View(seed=5, index=index, samples=samples)


def has_sensor_model(modality: Modality) -> bool:
    """Whether the modality overrides ``render``."""
    return type(modality).render is not Modality.render


def example_scene(spec: ModalitySpec) -> Scene | None:
    """Find a scene for the modality: its spec's example, or one of an installed scenario.

    An example of a modality's spec is a scene: ``{field: values, ...}``, one value an item. Without
    one, the scene is that of the first installed scenario that has all the fields, or None.
    """
    for example in spec.examples:
        return _given(example)
    for scenario in get_host().specs(ScenarioSpec):
        scene = _scene_of(scenario.name)
        if scene is not None and set(spec.scene_fields) <= set(scene):
            return restricted(scene, spec.scene_fields)
    return None


def decoys(fields: tuple[str, ...], count: int) -> dict[str, tuple[NDArray[Any], str]]:
    """Find fields of other installed modalities and scenarios that ``fields`` lacks.

    Each ``(count, ...)`` with its unit.
    """
    found: dict[str, tuple[NDArray[Any], str]] = {}
    for scene in _known_scenes():
        for name, values in scene.fields.items():
            if name not in fields and len(values):
                found.setdefault(name, (values[np.arange(count) % len(values)], scene.units[name]))
    return found


@functools.cache
def _known_scenes() -> tuple[Scene, ...]:
    host = get_host()
    scenes = [_given(example) for spec in host.specs(ModalitySpec) for example in spec.examples[:1]]
    for scenario in host.specs(ScenarioSpec):
        scene = _scene_of(scenario.name)
        if scene is not None:
            scenes.append(scene)
    return tuple(scenes)


def _scene_of(scenario: str) -> Scene | None:
    build = getattr(get_host().create(ScenarioSpec, scenario), "scene", None)
    try:
        return build(ITEMS, 1) if build else None
    except BadInput:
        return None


def _given(example: Mapping[str, Any]) -> Scene:
    fields = {name: np.asarray(values) for name, values in example.items()}
    return Scene(fields, {name: _unit(values) for name, values in fields.items()})


def _unit(values: NDArray[Any]) -> str:
    return "1" if np.issubdtype(values.dtype, np.number) else ""


def restricted(scene: Scene, fields: tuple[str, ...]) -> Scene:
    """Give the scene with only these of its fields."""
    kept = {name: scene.fields[name] for name in fields if name in scene.fields}
    return Scene(kept, {name: scene.units[name] for name in kept})


def drawn(modality: Modality, count: int, free: int, seed: int = 0) -> NDArray[Any]:
    """Draw samples ``(count, *shape)`` of the right dtype, free axes of size ``free``.

    Floats lie in 0.05 .. 0.95; integers spread over the whole range of their dtype.
    """
    shape = tuple(size or free for size in modality.sample.shape)
    dtype = np.dtype(modality.sample.dtype)
    cells = int(np.prod(shape, dtype=np.int64))
    unit = uniform(seed, np.arange(count)[:, None], np.arange(cells)).reshape(count, *shape)
    if np.issubdtype(dtype, np.integer):
        bounds = np.iinfo(dtype)
        return np.asarray(bounds.min + unit * (float(bounds.max) - bounds.min)).astype(dtype)
    return np.asarray(unit > 0.5 if dtype == np.bool_ else 0.05 + 0.9 * unit).astype(dtype)


def rows_of(raw: Any) -> list[NDArray[Any]]:
    """List rendered readings, ragged or not, with one array for each item."""
    return [np.asarray(row) for row in raw]


def equal(one: Any, other: Any) -> bool:
    """Whether two sets of readings are the same, bit for bit."""
    pairs = zip(rows_of(one), rows_of(other), strict=True)
    return all(a.shape == b.shape and a.dtype == b.dtype and bool((a == b).all()) for a, b in pairs)
