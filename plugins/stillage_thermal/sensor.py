"""Sensor model of the thermal camera: a clip of 4 frames while a warmed item cools."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillage.counter import normal, stream, uniform
from stillage.footprint import footprint
from stillage.scene import Scene
from stillage_thermal.radiometry import ZERO_CELSIUS, apparent, cooled, time_constant

FRAMES, HEIGHT, WIDTH = 4, 16, 16
INTERVAL_S = 2.0
FIELD_MM = 160.0
"""Width of the field of view, mm: the belt's lane, as every camera of the station sees it."""

NETD_K = 0.05
"""Noise-equivalent temperature difference of a pixel (uncooled bolometer)."""

COLUMN_NOISE = 0.5
"""Column noise as a part of the pixel noise (0.3-1 is usual)."""

DRIFT_K, JUMP_K, JUMP_CHANCE = 0.15, 0.3, 0.03
"""Offset of a clip, and a shutter recalibration between two frames (assumed)."""

TRANSFER, TRANSFER_SPREAD = 12.0, 0.12
"""Heat transfer W/(m2 K) in moving air (5-25 is usual) and its relative spread (assumed)."""

BELT_EMISSIVITY, DIRT_EMISSIVITY, PAPER_EMISSIVITY = 0.94, 0.95, 0.97
"""Rubber and paper from a table of emissivities; dirt is assumed."""

OXIDE_EMISSIVITY = 0.25
"""What corrosion adds to a shiny metal's emissivity at degradation 1 (assumed)."""

Array = NDArray[np.float64]


def surface_emissivity(scene: Scene) -> Array:
    """Effective emissivity (N,): bare, corroded, labelled and dirty parts by their area."""
    bare = scene["emissivity"]
    bare = np.where(bare < 0.5, bare + OXIDE_EMISSIVITY * scene["degradation"], bare)
    for cover, layer in (
        (scene["label_cover"], PAPER_EMISSIVITY),
        (scene["dirt"], DIRT_EMISSIVITY),
    ):
        bare = bare + np.clip(cover, 0.0, 1.0) * (layer - bare)
    return np.asarray(bare)


def item_temperatures(scene: Scene, seed: int, samples: NDArray[np.int64]) -> Array:
    """Wall temperature (N, frames) in K at the frames' times, by Newton's law."""
    spread = TRANSFER_SPREAD * normal(seed, samples, stream("transfer"))
    transfer = TRANSFER * np.exp(spread)
    constant = time_constant(
        scene["density"], scene["heat_capacity"], scene["thickness"] * 1e-3, transfer
    )
    start, ambient = scene["temperature"], scene["ambient"]
    seconds = np.arange(FRAMES) * INTERVAL_S
    celsius = cooled(start[:, None], ambient[:, None], seconds, constant[:, None])
    return np.asarray(celsius + ZERO_CELSIUS)


def clips(scene: Scene, seed: int, samples: NDArray[np.int64]) -> NDArray[np.uint16]:
    """Raw clips (N, 4, 16, 16) uint16 in centikelvin (temperature-linear, emissivity 1).

    The bolometer's own lag (12 ms) is far below the interval of 2 s and is left out.
    """
    cover = footprint(scene, HEIGHT, WIDTH, FIELD_MM).cover[:, None]
    ambient = scene["ambient"] + ZERO_CELSIUS
    item = apparent(
        item_temperatures(scene, seed, samples),
        surface_emissivity(scene)[:, None],
        ambient[:, None],
    )[:, :, None, None]
    belt = apparent(ambient, BELT_EMISSIVITY, ambient)[:, None, None, None]
    rows = samples[:, None, None, None]
    frame = np.arange(FRAMES)[:, None, None]
    y, x = np.arange(HEIGHT)[:, None], np.arange(WIDTH)
    uneven = 1.0 + 0.04 * normal(seed, rows, stream("thermal uneven"), y // 4, x // 4)
    picture = belt + cover * (item - belt) * uneven
    picture = picture + NETD_K * normal(seed, rows, stream("thermal pixel"), frame, y, x)
    column = normal(seed, rows, stream("thermal column"), frame, x)
    picture = picture + COLUMN_NOISE * NETD_K * column
    jumped = uniform(seed, rows, stream("thermal jump"), np.arange(FRAMES)) < JUMP_CHANCE
    step = JUMP_K * normal(seed, rows, stream("thermal step"), np.arange(FRAMES))
    jumps = np.cumsum(jumped * step, -1)[:, 0, 0, :, None, None]
    drift = DRIFT_K * normal(seed, rows, stream("thermal drift"))
    return np.asarray(np.clip(np.rint((picture + jumps + drift) * 100.0), 0, 65535), np.uint16)
