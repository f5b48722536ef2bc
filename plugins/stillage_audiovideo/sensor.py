"""Sensor model of the camera: it renders an item on a belt as bytes of an sRGB picture.

The strengths below are assumed; what is physical is the order of things: belt, item seen
through its transparency, shading, texture, highlights, print, dirt, age, cracks, lamp, noise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillage.counter import normal, stream, uniform
from stillage.sensing.footprint import Footprint, footprint
from stillage.sensing.scene import Scene

_HEIGHT, _WIDTH = 32, 32
FIELD_MM = 160.0
"""Width of the field of view, mm."""

CHALK = np.array([0.60, 0.55, 0.42])
"""Linear colour of a chalked surface."""

CHUNK = 256
"""Items rendered at once, so that memory stays bounded."""

Array = NDArray[np.float64]


def item_masks(scene: Scene) -> NDArray[np.bool_]:
    """Mark the pixels of the item, (N, 32, 32)."""
    return footprint(scene, _HEIGHT, _WIDTH, FIELD_MM).cover > 0.5


def _grid(seed: int, rows: NDArray[np.int64], name: str, cells: int) -> Array:
    """Draw smooth noise (N, 32, 32) of unit deviation: a coarse random grid, bilinear."""
    nodes = np.arange(cells + 1)
    values = normal(seed, rows[:, None, None], stream(name), nodes[:, None], nodes)
    place = (np.arange(_HEIGHT) + 0.5) / _HEIGHT * cells
    left = np.minimum(place.astype(np.int64), cells - 1)
    weight = np.zeros((_HEIGHT, cells + 1))
    weight[np.arange(_HEIGHT), left] = 1.0 - (place - left)
    weight[np.arange(_HEIGHT), left + 1] = place - left
    # Averaging neighbours takes a third of the deviation, most of which 1.35 gives back.
    return np.asarray(1.35 * weight @ values @ weight.T)


def _fine(seed: int, rows: NDArray[np.int64], name: str) -> Array:
    """Draw noise (N, 32, 32) of unit deviation, each pixel for itself."""
    y, x = np.arange(_HEIGHT)[:, None], np.arange(_WIDTH)
    return normal(seed, rows[:, None, None], stream(name), y, x)


def _column(values: NDArray[np.generic]) -> Array:
    """Give one value an item (N,) the axes of pictures: (N, 1, 1)."""
    return np.asarray(values, np.float64)[:, None, None]


def _aged(colour: Array, degradation: Array) -> Array:
    """Age colours (N, 3): yellowing takes blue, chalking bleaches towards beige."""
    loss = np.stack([0.03 * degradation, 0.10 * degradation, 0.35 * degradation], 1)
    chalk = 0.45 * degradation[:, None]
    return np.asarray(colour * (1.0 - loss) * (1.0 - chalk) + chalk * CHALK)


def _surface(scene: Scene, outline: Footprint, seed: int, rows: NDArray[np.int64]) -> Array:
    """Render the brightness factor (N, 32, 32) of shading and texture."""
    lamp = 2.0 * np.pi * uniform(seed, rows, stream("lamp"))[:, None, None]
    slope = outline.along * np.cos(lamp) + outline.across * np.sin(lamp)
    shade = 1.0 + 0.16 * np.clip(slope, -1.5, 1.5) - 0.10 * np.clip(outline.across**2, 0.0, 1.5)
    fibre = 0.24 * _column(scene["fibre"]) * _fine(seed, rows, "fibre")
    crumple = 0.48 * _column(scene["crumple"]) * _grid(seed, rows, "crumple", 10)
    dents = 0.08 * _column(scene["damage"]) * _grid(seed, rows, "dent", 5)
    return np.asarray(np.clip(shade + fibre + crumple + dents, 0.05, 2.5))


def _highlight(scene: Scene, outline: Footprint, seed: int, rows: NDArray[np.int64]) -> Array:
    """Render specular light (N, 32, 32): a streak, broken up where the item is crumpled."""
    gloss = _column(scene["gloss"] * (1.0 - 0.6 * scene["degradation"]))
    place = 1.2 * uniform(seed, rows, stream("streak"))[:, None, None] - 0.6
    sharp = 0.10 + 0.25 * (1.0 - gloss)
    streak = np.exp(-0.5 * ((outline.across - place) / sharp) ** 2)
    facets = np.clip(_grid(seed, rows, "facet", 10) - 0.9, 0.0, 1.0)
    crumple = _column(scene["crumple"])
    strength = np.exp(0.3 * normal(seed, rows, stream("streak strength")))[:, None, None]
    mixed = (1.0 - crumple) * streak + 1.5 * crumple * facets
    return np.asarray(0.60 * gloss**2 * strength * mixed)


def _print(scene: Scene, outline: Footprint, seed: int, rows: NDArray[np.int64]) -> Array:
    """Render the opacity (N, 32, 32) of a printed label, whose area is the label's cover."""
    half = _column(np.sqrt(np.clip(scene["label_cover"], 0.0, 1.0)))
    shift = 0.4 * (uniform(seed, rows, stream("label place"))[:, None, None] - 0.5)
    inside = (np.abs(outline.along - shift) < half) & (np.abs(outline.across) < half)
    return inside.astype(np.float64)


def _cracks(scene: Scene, outline: Footprint, seed: int, rows: NDArray[np.int64]) -> Array:
    """Render the darkness (N, 32, 32) of up to four straight cracks, more with damage."""
    number = np.arange(4)
    turn = np.pi * uniform(seed, rows[:, None], stream("crack turn"), number)
    place = 1.4 * uniform(seed, rows[:, None], stream("crack place"), number) - 0.7
    there = uniform(seed, rows[:, None], stream("crack"), number) < scene["damage"][:, None]
    along, across = outline.along[:, None], outline.across[:, None]
    turn, place = turn[:, :, None, None], place[:, :, None, None]
    distance = along * np.cos(turn) + across * np.sin(turn) - place
    dark = np.exp(-0.5 * (distance / 0.07) ** 2) * there[:, :, None, None]
    return np.asarray(0.70 * dark.max(1))


def _render(scene: Scene, seed: int, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Render photos (N, 32, 32, 3), sRGB bytes, layer upon layer in linear light."""
    outline = footprint(scene, _HEIGHT, _WIDTH, FIELD_MM)
    belt = 0.05 + 0.003 * _fine(seed, rows, "belt") + 0.005 * _grid(seed, rows, "belt stain", 4)
    belt = np.clip(belt, 0.0, 1.0)[..., None] * np.array([0.9, 1.0, 1.05])
    black = np.asarray(scene["black"], bool)[:, None]
    bare = np.where(black, 0.025, scene["colour"])
    clear = _column(scene["transparency"] * (1.0 - 0.3 * scene["degradation"]))[..., None]
    body = _aged(bare, scene["degradation"])[:, None, None, :]
    rim = np.exp(
        -0.5 * ((np.maximum(np.abs(outline.along), np.abs(outline.across)) - 0.9) / 0.1) ** 2
    )
    through = 0.75 * belt * body + 0.16 * body + 0.14 * rim[..., None]
    pixel = clear * through + (1.0 - clear) * body
    paint = uniform(seed, rows[:, None], stream("print"), np.arange(3))[:, None, None, :]
    label = _print(scene, outline, seed, rows)
    ink = np.clip(0.75 * paint + 0.05 * _fine(seed, rows, "ink")[..., None], 0.02, 1.0)
    pixel = pixel + label[..., None] * (ink - pixel)
    pixel = pixel * _surface(scene, outline, seed, rows)[..., None]
    stain = _grid(seed, rows, "dirt", 7) + 0.4 * _fine(seed, rows, "soil")
    level = np.clip(2.2 - 3.0 * scene["dirt"], -3.0, 3.0)
    soiled = np.clip(2.0 * (stain - _column(level)), 0.0, 0.9)[..., None]
    pixel = pixel + soiled * (np.array([0.11, 0.08, 0.05]) - pixel)
    pixel = pixel * (1.0 - _cracks(scene, outline, seed, rows))[..., None]
    pixel = pixel + _highlight(scene, outline, seed, rows)[..., None]
    cover = outline.cover[..., None]
    linear = belt + cover * (pixel - belt)
    lamp = np.exp(0.05 * normal(seed, rows, stream("exposure")))[:, None]
    tint = 1.0 + 0.02 * normal(seed, rows[:, None], stream("tint"), np.arange(3))
    linear = np.clip(linear * (lamp * tint)[:, None, None, :], 0.0, 1.0)
    y, x = np.arange(_HEIGHT)[:, None, None], np.arange(_WIDTH)[:, None]
    grain = normal(seed, rows[:, None, None, None], stream("grain"), y, x, np.arange(3))
    # Read noise, and shot noise whose variance grows with the light.
    linear = linear + np.sqrt(1e-5 + 4e-4 * linear) * grain
    encoded = np.clip(linear, 0.0, 1.0) ** (1.0 / 2.2)
    return np.asarray(np.rint(255.0 * encoded), np.uint8)


def photos(scene: Scene, seed: int, samples: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Render clips of one frame (N, 1, 32, 32, 3) uint8, sRGB (gamma 2.2)."""
    parts = [np.zeros((0, _HEIGHT, _WIDTH, 3), np.uint8)]
    for start in range(0, len(samples), CHUNK):
        part = slice(start, start + CHUNK)
        parts.append(_render(scene.part(part), seed, samples[part]))
    return np.concatenate(parts)[:, None]
