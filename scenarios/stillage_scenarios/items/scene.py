"""Make the synthetic items of the sorting belt: what they are, and their targets.

Every draw is a hash of (seed, item, name), so item i is the same item among 10 or 10,000.
Which colours, shapes and walls a material comes in is assumed (docs/modalities.md): the
tables below overlap, as packaging does, so that no single sensor can part all materials.

>>> few, many = build_scene(3, seed=1), build_scene(50, seed=1)
>>> bool((few["colour"] == many["colour"][:3]).all())
True
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.counter import normal, stream, uniform
from stillage.recording.columns import TargetColumn
from stillage.sensing.scene import Scene
from stillage.task import LabelState
from stillage_scenarios.items.materials import MATERIALS, SORTED

QUALITIES = ("reuse", "repair", "recycle")
"""Classes of the ordinal target ``quality``, from the least worn to the most."""

UNITS = {
    "material": "",
    "colour": "1",
    "transparency": "1",
    "gloss": "1",
    "fibre": "1",
    "crumple": "1",
    "black": "1",
    "length": "mm",
    "width": "mm",
    "angle": "rad",
    "centre": "mm",
    "squareness": "1",
    "thickness": "mm",
    "mass": "kg",
    "label_cover": "1",
    "dirt": "1",
    "moisture": "1",
    "degradation": "1",
    "damage": "1",
    "temperature": "degC",
    "ambient": "degC",
    "emissivity": "1",
    "density": "kg/m3",
    "heat_capacity": "J/(kg K)",
}

PALETTE = {
    "clear": (0.85, 0.87, 0.88),
    "white": (0.80, 0.80, 0.78),
    "black": (0.03, 0.03, 0.03),
    "grey": (0.42, 0.42, 0.43),
    "blue": (0.12, 0.25, 0.62),
    "green": (0.12, 0.48, 0.22),
    "red": (0.65, 0.12, 0.10),
    "yellow": (0.78, 0.62, 0.12),
    "brown": (0.46, 0.32, 0.18),
    "silver": (0.58, 0.60, 0.64),
}
"""Linear reflectances of body colours (assumed)."""

# Chances of the palette, in its order, then mean gloss, fibre, crumple, aspect, squareness.
_LOOKS: dict[str, tuple[tuple[float, ...], float, float, float, float, float]] = {
    "PET": ((72, 1, 9, 0, 6, 12, 0, 0, 0, 0), 0.80, 0.03, 0.25, 1.90, 2.6),
    "HDPE": ((2, 38, 10, 0, 44, 2, 1, 3, 0, 0), 0.45, 0.06, 0.04, 2.00, 2.6),
    "PP": ((7, 5, 14, 2, 4, 20, 30, 18, 0, 0), 0.62, 0.04, 0.08, 1.15, 3.4),
    "PS": ((5, 68, 15, 9, 0, 0, 2, 1, 0, 0), 0.20, 0.55, 0.06, 1.20, 5.5),
    "carton": ((0, 9, 3, 3, 2, 1, 1, 2, 79, 0), 0.06, 0.60, 0.20, 1.45, 7.0),
    "aluminium": ((0, 1, 4, 2, 3, 3, 6, 2, 1, 78), 0.95, 0.03, 0.85, 1.8, 3.0),
}  # fmt: skip

Array = NDArray[np.float64]


def _around(seed: int, items: NDArray[np.int64], name: str, mean: Any, spread: float) -> Array:
    """Draw numbers in 0..1 around ``mean``."""
    return np.asarray(np.clip(mean + spread * normal(seed, items, stream(name)), 0.0, 1.0))


def _skewed(seed: int, items: NDArray[np.int64], name: str, power: float) -> Array:
    return uniform(seed, items, stream(name)) ** power


def _chosen(seed: int, items: NDArray[np.int64], name: str, chances: Array) -> NDArray[np.int64]:
    """Draw an index (N,) from chances (N, K)."""
    edges = np.cumsum(chances, 1) / chances.sum(1, keepdims=True)
    draw = uniform(seed, items, stream(name))[:, None]
    return np.asarray((draw >= edges[:, :-1]).sum(1), np.int64)


def build_scene(items: int, seed: int) -> Scene:
    """Make N items on a belt, ready for every sensor model.

    Parameters
    ----------
    items : int
        N; item i does not depend on it.
    seed : int
        Of the items.

    Returns
    -------
    Scene
        Fields and units of :data:`UNITS`.
    """
    rows = np.arange(items, dtype=np.int64)
    kind = _chosen(seed, rows, "material", np.ones((items, len(SORTED))))
    names = np.asarray(SORTED)[kind]
    looks = [_LOOKS[name] for name in SORTED]
    chance = np.array([look[0] for look in looks])[kind]
    tint = _chosen(seed, rows, "colour", chance)
    shades = np.asarray(list(PALETTE.values()))[tint]
    drift = 0.05 * normal(seed, rows[:, None], stream("shade"), np.arange(3))
    drift = drift + 0.09 * normal(seed, rows, stream("tone"))[:, None]
    colour = np.clip(shades * np.exp(drift), 0.01, 0.95)
    palette = list(PALETTE)
    black = tint == palette.index("black")
    clear = tint == palette.index("clear")
    gloss, fibre, crumple, aspect, square = (
        np.array([look[k] for look in looks], np.float64)[kind] for k in range(1, 6)
    )
    plastic = kind < SORTED.index("carton")
    through = np.where(kind == SORTED.index("PET"), 0.65, np.where(plastic, 0.10, 0.0))
    transparency = np.where(clear, 0.90, np.where(black, 0.0, through))
    transparency = transparency * (1.0 - 0.3 * uniform(seed, rows, stream("haze")))

    wall = np.array([MATERIALS[name].thickness.value for name in SORTED])[kind]
    thickness = wall * np.exp(0.30 * normal(seed, rows, stream("thickness")))
    length = 116.0 * np.exp(0.12 * normal(seed, rows, stream("length")))
    ratio = 1.0 + (aspect - 1.0) * np.exp(0.25 * normal(seed, rows, stream("aspect")))
    length, width = np.clip(length, 45.0, 140.0), np.clip(length / ratio, 30.0, 120.0)

    degradation = np.clip(_skewed(seed, rows, "degradation", 1.4), 0.0, 1.0)
    damage = np.clip(0.45 * degradation + 0.75 * _skewed(seed, rows, "damage", 2.2), 0.0, 1.0)
    dirt = np.clip(0.5 * _skewed(seed, rows, "dirt", 3.5), 0.0, 0.5)
    labelled = uniform(seed, rows, stream("labelled")) < 0.15
    cover = 0.08 + 0.20 * uniform(seed, rows, stream("label"))
    moisture = np.where(kind == SORTED.index("carton"), 0.6, 0.02) + 0.06 * _skewed(
        seed, rows, "moisture", 2.0
    )

    physics = {
        field: np.array([getattr(MATERIALS[name], field).value for name in SORTED])[kind]
        for field in ("emissivity", "density", "heat_capacity")
    }
    volume = length * width * 1e-6 * thickness * 1e-3 * 2.2
    fields: dict[str, NDArray[Any]] = {
        "material": names,
        "colour": colour,
        "transparency": transparency,
        "gloss": _around(seed, rows, "gloss", gloss, 0.13),
        "fibre": _around(seed, rows, "fibre", fibre, 0.10),
        "crumple": _around(seed, rows, "crumple", crumple, 0.14),
        "black": black.astype(np.float64),
        "length": length,
        "width": width,
        "angle": np.pi * uniform(seed, rows, stream("angle")),
        "centre": 12.0 * normal(seed, rows[:, None], stream("centre"), np.arange(2)),
        "squareness": np.clip(
            square * np.exp(0.25 * normal(seed, rows, stream("square"))), 2.0, 9.0
        ),
        "thickness": thickness,
        "mass": physics["density"] * volume,
        "label_cover": np.where(labelled, cover, 0.0),
        "dirt": dirt,
        "moisture": moisture,
        "degradation": degradation,
        "damage": damage,
        "temperature": 55.0 + 3.0 * normal(seed, rows, stream("temperature")),
        "ambient": 21.0 + 1.5 * normal(seed, rows, stream("ambient")),
        **physics,
    }
    return Scene(fields, UNITS)


def wear(scene: Scene) -> Array:
    """Compute the wear (N,) that decides the quality: degradation, damage, dirt and a thin wall.

    The weights are assumed.
    """
    thin = np.clip(1.0 - scene["thickness"] / 0.6, 0.0, 1.0)
    return np.asarray(
        0.55 * scene["degradation"] + 0.40 * scene["damage"] + 0.15 * scene["dirt"] + 0.10 * thin
    )


WEAR_OF_REPAIR, WEAR_OF_RECYCLE = 0.33, 0.58
"""Wear from which an item needs repair, and from which it can only be recycled (assumed)."""


def targets_of(scene: Scene) -> list[TargetColumn]:
    """Make the targets ``material``, ``quality`` and ``degradation`` of a scene, all labelled.

    >>> [(column.name, column.kind) for column in targets_of(build_scene(2, 0))]
    [('material', 'classification'), ('quality', 'ordinal'), ('degradation', 'regression')]
    """
    states = np.full(scene.items_count, LabelState.LABELLED, np.int8)
    index = {name: k for k, name in enumerate(SORTED)}
    kinds = np.array([index[str(name)] for name in scene["material"]], np.int64)
    worn = wear(scene)
    grade = ((worn >= WEAR_OF_REPAIR).astype(np.int64) + (worn >= WEAR_OF_RECYCLE)).astype(np.int64)
    return [
        TargetColumn("material", "classification", kinds, states, SORTED, ""),
        TargetColumn("quality", "ordinal", grade, states, QUALITIES, ""),
        TargetColumn(
            "degradation",
            "regression",
            np.asarray(scene["degradation"], np.float64),
            states,
            (),
            "1",
        ),
    ]
