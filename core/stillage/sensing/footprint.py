"""Project items onto a camera's pixels, by one geometry for every registered camera.

An item is a superellipse in the plane of the belt. Each camera asks for it on its own grid of
pixels, so that pictures of different sensors show the same outline.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage.sensing.scene import Scene

FIELDS = ("length", "width", "angle", "centre", "squareness")
"""Scene fields of the outline: mm, mm, rad, mm (N, 2), and the superellipse's exponent."""


class Footprint(NamedTuple):
    """The footprint of an item: its cover of every pixel, and the pixels' item coordinates.

    Attributes
    ----------
    cover : float64 array (N, H, W)
        1 inside the item, 0 outside, with an edge one pixel wide.
    along, across : float64 array (N, H, W)
        Coordinates on the item's axes; the rim is where either reaches 1.
    """

    cover: NDArray[np.float64]
    along: NDArray[np.float64]
    across: NDArray[np.float64]


def footprint(scene: Scene, height: int, width: int, field_mm: float) -> Footprint:
    """Project the items of a scene on ``height`` x ``width`` pixels ``field_mm`` wide.

    >>> disc = {"length": 80.0, "width": 80.0, "angle": 0.0, "squareness": 2.0}
    >>> fields = {name: np.array([value]) for name, value in disc.items()}
    >>> units = {"length": "mm", "width": "mm", "angle": "rad", "squareness": "1", "centre": "mm"}
    >>> scene = Scene({**fields, "centre": np.zeros((1, 2))}, units)
    >>> area = footprint(scene, 160, 160, 160.0).cover.sum()
    >>> bool(abs(area / (np.pi * 40.0**2) - 1.0) < 0.01)
    True
    """
    pixel = field_mm / width
    y = (np.arange(height) - (height - 1) / 2.0)[None, :, None] * pixel
    x = (np.arange(width) - (width - 1) / 2.0)[None, None, :] * pixel
    centre = scene["centre"][:, :, None, None]
    angle = scene["angle"][:, None, None]
    x, y = x - centre[:, 0], y - centre[:, 1]
    half_length, half_width = (scene[k][:, None, None] / 2.0 for k in ("length", "width"))
    along = (x * np.cos(angle) + y * np.sin(angle)) / half_length
    across = (y * np.cos(angle) - x * np.sin(angle)) / half_width
    power = scene["squareness"][:, None, None]
    radius = (np.abs(along) ** power + np.abs(across) ** power) ** (1.0 / power)
    # pixels to the rim, exact along the shorter axis
    depth = (1.0 - radius) * np.minimum(half_length, half_width) / pixel
    # a pixel whose middle lies on the rim is half covered
    return Footprint(np.clip(depth + 0.5, 0.0, 1.0), along, across)
