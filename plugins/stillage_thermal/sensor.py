"""Sensor model of the thermal camera: it renders a clip of 4 frames while a warmed item cools."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage.counter import normal, stream, uniform
from stillage.errors import BadInput
from stillage.sensing.footprint import footprint
from stillage.sensing.scene import Scene
from stillage_thermal.radiometry import ZERO_CELSIUS, apparent, cooled, time_constant

FIELD_MM = 160.0
"""Width of the field of view, mm: the belt's lane, as every camera of the station sees it."""


@dataclass(frozen=True)
class Bolometer:
    """An uncooled camera, and how it looks at a cooling item.

    Parameters
    ----------
    frames, height, width : int
        Of a clip.
    interval_s : float
        From frame to frame.
    netd_k : float
        Noise-equivalent temperature difference of a pixel (50 mK is usual).
    column : float
        Column noise as a part of the pixel noise (0.3-1 is usual).
    drift_k, walk_k : float
        Offset of a clip, and how it wanders within one (K per root second): assumed.
    jump_k, jump_chance : float
        Shutter recalibration between two frames: its size and chance (assumed).
    lag_s : float
        Thermal time constant of a pixel (about 12 ms); before the first frame it saw the belt.
    """

    frames: int = 4
    height: int = 16
    width: int = 16
    interval_s: float = 2.0
    netd_k: float = 0.05
    column: float = 0.5
    drift_k: float = 0.15
    walk_k: float = 0.0
    jump_k: float = 0.3
    jump_chance: float = 0.03
    lag_s: float = 0.012

    def __post_init__(self) -> None:
        amounts = (self.netd_k, self.column, self.drift_k, self.walk_k, self.jump_k, self.lag_s)
        if min(self.frames, self.height, self.width) < 1 or not self.interval_s > 0:
            raise BadInput("bolometer", self, "one frame and pixel or more, an interval above 0")
        if min(amounts) < 0 or not 0 <= self.jump_chance <= 1:
            raise BadInput("bolometer", self, "amounts of 0 or more, a chance of 0 to 1")


CAMERA = Bolometer()
"""The station's camera: 4 frames of 16 x 16, 2 s apart, so that its lag does not show."""

TRANSFER, TRANSFER_SPREAD = 12.0, 0.12
"""Heat transfer W/(m2 K) in moving air (5-25 is usual) and its relative spread (assumed)."""

BELT_EMISSIVITY, DIRT_EMISSIVITY, PAPER_EMISSIVITY = 0.94, 0.95, 0.97
"""Rubber and paper from a table of emissivities; dirt is assumed."""

OXIDE_EMISSIVITY = 0.25
"""What corrosion adds to a shiny metal's emissivity at degradation 1 (assumed)."""

Array = NDArray[np.float64]


def surface_emissivity(scene: Scene) -> Array:
    """Return the emissivity (N,) of bare, corroded, labelled and dirty parts by their area."""
    bare = scene["emissivity"]
    # Below .5 it is a shiny metal, which corrosion dulls; other materials stay as they are.
    bare = np.where(bare < 0.5, bare + OXIDE_EMISSIVITY * scene["degradation"], bare)
    for cover, layer in (
        (scene["label_cover"], PAPER_EMISSIVITY),
        (scene["dirt"], DIRT_EMISSIVITY),
    ):
        bare = bare + np.clip(cover, 0.0, 1.0) * (layer - bare)
    return np.asarray(bare)


def _item_temperatures(
    scene: Scene, seed: int, samples: NDArray[np.int64], camera: Bolometer = CAMERA
) -> Array:
    """Return wall temperatures (N, frames) in K at the frames' times, by Newton's law."""
    if camera.frames == 1:
        return np.asarray(scene["temperature"][:, None] + ZERO_CELSIUS)
    spread = TRANSFER_SPREAD * normal(seed, samples, stream("transfer"))
    transfer = TRANSFER * np.exp(spread)
    constant = time_constant(
        scene["density"], scene["heat_capacity"], scene["thickness"] * 1e-3, transfer
    )
    start, ambient = scene["temperature"], scene["ambient"]
    seconds = np.arange(camera.frames) * camera.interval_s
    celsius = cooled(start[:, None], ambient[:, None], seconds, constant[:, None])
    return np.asarray(celsius + ZERO_CELSIUS)


def lagged(pictures: Array, before: Array, interval_s: float, lag_s: float) -> Array:
    """Blur pictures (N, frames, H, W) in time as first-order pixels do: part of the last stays.

    ``y += (x - y)(1 - exp(-interval / lag))``; ``before`` (N, 1, H, W) was seen until one
    interval before the first frame.

    >>> step = np.ones((1, 3, 1, 1))
    >>> lagged(step, np.zeros((1, 1, 1, 1)), 0.012, 0.012)[0, :, 0, 0].round(3)
    array([0.632, 0.865, 0.95 ])
    """
    if lag_s == 0:
        return pictures
    stays = np.exp(-interval_s / lag_s)
    shown, last = np.empty_like(pictures), before[:, 0]
    for frame in range(pictures.shape[1]):
        last = pictures[:, frame] + stays * (last - pictures[:, frame])
        shown[:, frame] = last
    return shown


def seen(scene: Scene, seed: int, samples: NDArray[np.int64], camera: Bolometer = CAMERA) -> Array:
    """Render noise-free temperatures (N, frames, H, W), K, of a camera set to emissivity 1."""
    cover = footprint(scene, camera.height, camera.width, FIELD_MM).cover[:, None]
    ambient = scene["ambient"] + ZERO_CELSIUS
    item = apparent(
        _item_temperatures(scene, seed, samples, camera),
        surface_emissivity(scene)[:, None],
        ambient[:, None],
    )[:, :, None, None]
    belt = apparent(ambient, BELT_EMISSIVITY, ambient)[:, None, None, None]
    y, x = np.arange(camera.height)[:, None], np.arange(camera.width)
    # Blotches as large as a quarter of the picture, whatever its resolution.
    rows, blotch = samples[:, None, None, None], (4 * y // camera.height, 4 * x // camera.width)
    uneven = 1.0 + 0.04 * normal(seed, rows, stream("thermal uneven"), *blotch)
    picture = belt + cover * (item - belt) * uneven
    return lagged(picture, np.broadcast_to(belt, picture[:, :1].shape), camera.interval_s,
                  camera.lag_s)  # fmt: skip


def kelvin_clips(
    scene: Scene, seed: int, samples: NDArray[np.int64], camera: Bolometer = CAMERA
) -> Array:
    """Render reported temperatures (N, frames, H, W), K, with the noise of the camera."""
    picture = seen(scene, seed, samples, camera)
    frames = np.arange(camera.frames)
    rows, frame = samples[:, None, None, None], frames[:, None, None]
    y, x = np.arange(camera.height)[:, None], np.arange(camera.width)
    picture = picture + camera.netd_k * normal(seed, rows, stream("thermal pixel"), frame, y, x)
    column = normal(seed, rows, stream("thermal column"), frame, x)
    picture = picture + camera.column * camera.netd_k * column
    jumped = uniform(seed, rows, stream("thermal jump"), frames) < camera.jump_chance
    step = camera.jump_k * normal(seed, rows, stream("thermal step"), frames)
    jumps = np.cumsum(jumped * step, -1)[:, 0, 0, :, None, None]
    drift = camera.drift_k * normal(seed, rows, stream("thermal drift"))
    if camera.walk_k:
        wander = normal(seed, samples[:, None], stream("thermal walk"), frames)
        walk = np.cumsum(camera.walk_k * np.sqrt(camera.interval_s) * wander, -1)
        drift = drift + walk[:, :, None, None]
    return np.asarray(picture + jumps + drift)


def clips(
    scene: Scene, seed: int, samples: NDArray[np.int64], camera: Bolometer = CAMERA
) -> NDArray[np.uint16]:
    """Render clips (N, frames, H, W) uint16 in centikelvin (temperature-linear, emissivity 1)."""
    kelvin = kelvin_clips(scene, seed, samples, camera)
    return np.asarray(np.clip(np.rint(kelvin * 100.0), 0, 65535), np.uint16)


IMAGE = Bolometer(frames=1, height=48, width=48)
"""The camera of ``thermal-image``: one picture as the item arrives, its gain set by itself."""


def images(scene: Scene, seed: int, samples: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Render grey pictures (N, 48, 48) uint8 of a camera with automatic gain.

    Each picture is stretched linearly from its 1st to its 99th percentile, so that it keeps no
    temperature.
    """
    kelvin = kelvin_clips(scene, seed, samples, IMAGE)[:, 0]
    if not len(kelvin):
        return np.zeros(kelvin.shape, np.uint8)
    low, high = np.percentile(kelvin, (1.0, 99.0), axis=(1, 2), keepdims=True)
    grey = (kelvin - low) / np.maximum(high - low, 0.1)  # a flat scene is not blown up to noise
    return np.asarray(np.rint(255.0 * np.clip(grey, 0.0, 1.0)), np.uint8)
