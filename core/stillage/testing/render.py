"""The promises of sensor models, and how they are checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from stillage.errors import BadInput
from stillage.sensing.modality import Modality
from stillage.sensing.scene import Scene
from stillage.testing.results import demand
from stillage.testing.samples import decoys, equal, rows_of
from stillage.testing.worker import in_worker

SEED = 3


@dataclass(frozen=True)
class Rendering:
    """A modality and a scene that holds the fields it declares, and no other."""

    modality: Modality
    scene: Scene
    fields: tuple[str, ...]

    def render(self, scene: Scene | None = None, seed: int = SEED, samples: Any = None) -> Any:
        """Render the scene (or another one)."""
        return self.modality.render(scene or self.scene, seed, samples)


def scene_has_fields(case: Rendering) -> None:
    """The scene has every field that the spec declares."""
    lacking = sorted(set(case.fields) - set(case.scene))
    demand(
        not lacking,
        f"no {', '.join(lacking)}",
        "a declared field that no scenario builds, or an incomplete scene in the examples",
    )
    demand(case.scene.items_count > 1, "fewer than two items", "a scene too small to try")


def renders_declared_fields(case: Rendering) -> None:
    """render() reads no field that the spec does not declare."""
    try:
        case.render()
    except (BadInput, KeyError) as error:
        demand(False, str(error), "a field that is missing in the spec's scene_fields")


def renders_samples(case: Rendering) -> None:
    """render() gives one reading an item, of the sample's shape, dtype and finite."""
    rows = rows_of(case.render())
    count = case.scene.items_count
    demand(len(rows) == count, f"{len(rows)} readings of {count} items", "a lost batch axis")
    for row in rows:
        try:
            case.modality.check(row[None])
        except BadInput as error:
            demand(False, str(error), "another dtype or shape than SampleSpec; use astype")


def renders_reproducibly(case: Rendering) -> None:
    """render() with the same seed gives the same readings."""
    first = case.render()
    np.random.default_rng().random(5)
    demand(
        equal(first, case.render()),
        "a second call gives other readings",
        "a generator without the seed; draw from stillage.counter",
    )


def renders_items_independently(case: Rendering) -> None:
    """render() of item i is the same alone or among others, given its number."""
    whole = rows_of(case.render())
    for item in (0, case.scene.items_count - 1):
        one = np.array([item], np.int64)
        alone = case.render(case.scene.part(one), samples=one)
        demand(
            equal(alone, whole[item : item + 1]),
            f"item {item} differs when it is rendered alone",
            "noise numbered by row, not by `samples`, or a statistic over the batch",
        )
    order = np.arange(case.scene.items_count)[::-1].copy()
    turned = rows_of(case.render(case.scene.part(order), samples=order))
    demand(
        equal(turned[::-1], whole),
        "items differ when they are rendered in another order",
        "noise drawn from one stream for the whole batch; hash it with `samples`",
    )


def renders_empty_scene(case: Rendering) -> None:
    """render() of no items gives no readings."""
    none = np.zeros(0, np.int64)
    rows = case.render(case.scene.part(none), samples=none)
    demand(len(rows) == 0, f"{len(rows)} readings", "a size that is assumed to be positive")


def responds_to_every_field(case: Rendering) -> None:
    """render() responds to each declared scene field."""
    before = case.render()
    deaf = []
    for name in case.scene:
        others = dict(case.scene.fields)
        others[name] = np.roll(others[name], 1, axis=0)
        if equal(before, case.render(Scene(others, case.scene.units))):
            deaf.append(name)
    demand(
        not deaf,
        f"exchanging {', '.join(deaf)} between items changes no reading",
        "a field declared but not used, or one that is the same for all items of the scene",
    )


def responds_to_no_other_field(case: Rendering) -> None:
    """render() responds to no scene field that the spec does not declare."""
    before, heard = case.render(), []
    for name, (values, unit) in decoys(case.fields, case.scene.items_count).items():
        fields = {**case.scene.fields, name: values}
        with_it = Scene(fields, {**case.scene.units, name: unit})
        if not equal(before, case.render(with_it)):
            heard.append(name)
    demand(
        not heard,
        f"adding {', '.join(heard)} changes the readings",
        "an optional field read by scene.fields.get(); declare it in the spec's scene_fields",
    )


def renders_alike_in_a_worker(case: Rendering) -> None:
    """render() gives the same readings in a fresh process."""
    there = in_worker(case.modality, "render", case.scene, SEED, None)
    demand(
        equal(there, case.render()),
        "the readings differ",
        'hash("name") or the order of a set, which each process salts; use stillage.counter.stream',
    )


RENDER_CHECKS = (
    scene_has_fields,
    renders_declared_fields,
    renders_samples,
    renders_reproducibly,
    renders_items_independently,
    renders_empty_scene,
    responds_to_every_field,
    responds_to_no_other_field,
    renders_alike_in_a_worker,
)
