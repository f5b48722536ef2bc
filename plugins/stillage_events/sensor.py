"""Sensor model of the event camera: it renders an item that passes under it on the belt.

The item moves along x at :data:`SPEED` for 20 ms and is where the scene has its centre in the
middle of them. Frames of its light, 1 ms apart, drive :mod:`stillage_events.pixel`.
Strengths of textures are assumed; the outline is the one that every camera of the station sees.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillage.counter import stream, uniform
from stillage.sensing.footprint import Footprint, footprint
from stillage.sensing.scene import Scene
from stillage_events.pixel import Pixel, simulate
from stillage_events.reading import pack

_HEIGHT, _WIDTH = 32, 32
FIELD_MM = 160.0
"""Width of the field of view, mm."""

SPEED = 2000.0
"""Of the belt, mm/s (assumed; sorting belts run at 2 to 3 m/s)."""

FRAMES, INTERVAL_S = 21, 0.001
"""Frames and their distance: 20 ms in which an item moves by 40 mm, at most .4 pixels a frame."""

CHUNK = 64
"""Items whose frames are in memory at once."""

BELT = 0.08
"""Reflectance of the belt (assumed)."""

LIGHT = 255.0
"""Intensity of a white item, on the scale 0 .. 255 of the pixel model."""

WAVES = 5
"""Plane waves that make up each texture."""

_PIXEL = Pixel()
Array = NDArray[np.float64]


def _brightness(scene: Scene) -> Array:
    """Compute reflectance (N,): black hides the colour, ageing bleaches it (assumed)."""
    grey = scene["colour"] @ np.array([0.2126, 0.7152, 0.0722])  # luminance, ITU-R BT.709
    body = np.where(np.asarray(scene["black"], bool), 0.03, grey)
    aged = body + 0.45 * scene["degradation"] * (0.55 - body)
    clear = scene["transparency"] * (1.0 - 0.3 * scene["degradation"])
    return np.asarray(aged * (1.0 - clear) + clear * (0.75 * BELT + 0.25 * aged))


def _waves(seed: int, samples: NDArray[np.int64], name: str, fine: float) -> list[Array]:
    """Draw the plane waves of each item's texture, each (3, N): along, across, phase."""
    found = []
    for k in range(WAVES):
        draw = [uniform(seed, samples, stream(name), k, part) for part in range(3)]
        turn, phase = 2.0 * np.pi * draw[0], 2.0 * np.pi * draw[1]
        pitch = fine * (0.6 + 0.8 * draw[2])
        found.append(np.stack([pitch * np.cos(turn), pitch * np.sin(turn), phase]))
    return found


def _texture(outline: Footprint, seen: NDArray[np.bool_], waves: list[Array]) -> Array:
    """Render a pattern of unit variance, fixed to the item, at the pixels ``seen`` (N, H, W)."""
    along, across, item = outline.along[seen], outline.across[seen], np.nonzero(seen)[0]
    out = np.zeros(len(item))
    for wave in waves:
        a, b, phase = wave[:, item]
        out += np.cos(along * a + across * b + phase)
    return np.asarray(out * np.sqrt(2.0 / WAVES))


def _light(scene: Scene, seed: int, samples: NDArray[np.int64]) -> NDArray[np.float32]:
    """Render intensities (N, 21, 32, 32) on 0 .. 255 while the items pass."""
    out = np.empty((len(samples), FRAMES, _HEIGHT, _WIDTH), np.float32)
    body, fibre, crumple = _brightness(scene), 0.15 * scene["fibre"], 0.30 * scene["crumple"]
    crumpled = _waves(seed, samples, "event crumple", 5.0)
    fibrous = _waves(seed, samples, "event fibre", 14.0)
    for k in range(FRAMES):
        moved = np.array([SPEED * INTERVAL_S * (k - (FRAMES - 1) / 2.0), 0.0])
        fields = {**scene.fields, "centre": scene["centre"] + moved}
        outline = footprint(Scene(fields, scene.units), _HEIGHT, _WIDTH, FIELD_MM)
        seen = outline.cover > 0.0
        item = np.nonzero(seen)[0]
        shade = 1.0 + crumple[item] * _texture(outline, seen, crumpled)
        shade += fibre[item] * _texture(outline, seen, fibrous)
        surface = np.clip(body[item] * np.clip(shade, 0.1, 2.5), 0.0, 1.0)
        out[:, k] = LIGHT * BELT
        out[:, k][seen] = LIGHT * (BELT + outline.cover[seen] * (surface - BELT))
    return out


def passes(scene: Scene, seed: int, samples: NDArray[np.int64]) -> list[NDArray[np.int32]]:
    """Render raw samples of N items, each (n + 1, 4) int32: frame, then x, y, t (us), polarity."""
    seconds = INTERVAL_S * np.arange(FRAMES, dtype=np.float64)
    rows: list[NDArray[np.int32]] = []
    for start in range(0, len(samples), CHUNK):
        part = slice(start, start + CHUNK)
        frames = _light(scene.part(part), seed, samples[part])
        rows += [
            pack(simulate(frames[k], seconds, _PIXEL, seed, int(number)))
            for k, number in enumerate(samples[part])
        ]
    return rows
