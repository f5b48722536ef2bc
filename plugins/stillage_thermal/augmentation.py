"""Adds hotspots: warm patches that are not the item, alike in all thermal readings of a sample.

A lamp's reflection or a neighbour's heat makes a patch that a student must not rely on. Place,
size and strength are drawn by shared names, in parts of the picture, so that a radiometric clip
and a grey picture of the same sample get the same patch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stillage.sensing.augment import View


@dataclass(frozen=True)
class Hotspots:
    """The chance, strength and size of hotspots.

    Parameters
    ----------
    chance : float
        Of a hotspot in a view; 0 for none at all.
    strength : float
        Largest rise in the middle, in the unit of the prepared sample; half of them are cold.
    radius : float
        Largest radius (one standard deviation of the Gaussian), in parts of the width.
    """

    chance: float = 0.5
    strength: float = 3.0
    radius: float = 0.15

    @classmethod
    def none(cls) -> Hotspots:
        """Make the one that adds no hotspots."""
        return cls(0.0)


def patches(view: View, height: int, width: int, by: Hotspots) -> Tensor:
    """Draw the rise (B, height, width) of each sample's patch: zeros where it has none.

    >>> view = View(2, 1, np.arange(4))
    >>> coarse, fine = (patches(view, n, n, Hotspots(1.0)) for n in (16, 64))
    >>> torch.allclose(coarse.abs().amax((1, 2)), fine.abs().amax((1, 2)), rtol=0.2)
    True
    """
    place, draw = view.uniform("hotspot place", 2), view.uniform("hotspot", 3)
    happens = draw[:, 0] < by.chance
    rise = by.strength * (2.0 * draw[:, 1] - 1.0) * happens
    radius = by.radius * (0.3 + 0.7 * draw[:, 2])
    y = (np.arange(height) + 0.5)[None, :, None] / height - place[:, 0, None, None]
    x = (np.arange(width) + 0.5)[None, None, :] / width - place[:, 1, None, None]
    distance = (y * y + x * x) / (radius * radius)[:, None, None]
    return torch.from_numpy((rise[:, None, None] * np.exp(-0.5 * distance)).astype(np.float32))


def with_hotspots(pictures: Tensor, view: View, by: Hotspots) -> Tensor:
    """Add patches to prepared pictures, or first frames, (B, 1, H, W); view 0 has none."""
    if view.identity or by.chance == 0:
        return pictures
    height, width = pictures.shape[-2:]
    return pictures + patches(view, height, width, by).to(pictures.device)[:, None]
