"""Cuts items out of photos, since their background alone would tell the polymer.

The photos were taken in polymer order, so the light on the paper around an item predicts
what the item is. Here the paper's own light is estimated and divided out, the item is cut
out, everything else is set to zero, and the window is centred on the item.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording.media import check_length
from stillage.recording.media_handle import open_media

WINDOW, SIZE = 128, 32
"""Pixels of the window cut around an item and of the picture it becomes (4 to 1: the
hand-written number on an item is no longer legible)."""

PROGRESS_S = 5.0
"""Seconds between two lines of progress."""

_MAX_PIXELS, _MIN_SIDE = 2**23, 64
DIFFERENCE = 0.05
"""How far from the paper's colour a pixel of an item is, at least."""

SMALLEST, LARGEST = 60, 0.6
"""Fewest pixels of an item, and the largest part of the photo that it may cover."""

_STEP = 5
ORDERS = tuple((i, j) for i in range(5) for j in range(5 - i))
"""Pixels of a row or column from one that is fitted to the next; exponents of x and y."""

Array = NDArray[np.float64]


def load(path: Path) -> NDArray[np.uint8]:
    """Read RGB bytes (height, width, 3) of an image file.

    Raises
    ------
    BadInput
        If it cannot be decoded or declares under 64 pixels a side, or over 8 million.
    """
    import av

    try:
        check_length(path)
        with open_media(path, "jpeg_pipe") as container:
            size = container.streams.video[0].codec_context
            if not size.width * size.height:
                raise ValueError("no picture in it")
            small = min(size.width, size.height) < _MIN_SIDE
            if small or size.width * size.height > _MAX_PIXELS:
                found = f"{size.width} x {size.height} pixels"
                most = f"sides of {_MIN_SIDE} or more, at most {_MAX_PIXELS} pixels"
                raise BadInput(path, found, most)
            frame = next(container.decode(video=0))
            return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    except BadInput:
        raise
    except (av.FFmpegError, StopIteration, IndexError, ValueError) as error:
        raise BadInput(
            path, " ".join(str(error).split())[:120] or "nothing", "a JPEG photo"
        ) from None


@lru_cache(maxsize=2)
def _powers(height: int, width: int) -> tuple[Array, Array]:
    """Return powers 0 to 4 of y (height, 5) and of x (width, 5), on -1..1."""
    y, x = (np.linspace(-1, 1, size)[:, None] ** np.arange(5) for size in (height, width))
    return y, x


@lru_cache(maxsize=2)
def _terms(height: int, width: int) -> Array:
    """Return monomials of fourth order, x**i y**j, of every fifth pixel (pixels, 15)."""
    y, x = (powers[::_STEP] for powers in _powers(height, width))
    few = np.stack([np.multiply.outer(y[:, j], x[:, i]) for i, j in ORDERS], -1)
    return few.reshape(-1, len(ORDERS))


def _fit(few: Array, colour: Array) -> Array:
    """Solve least squares by the normal equations, well enough conditioned on -1..1 (1e4)."""
    return np.asarray(np.linalg.solve(few.T @ few, few.T @ colour))


def flatten(photo: NDArray[np.uint8]) -> Array:
    """Divide a photo by its paper's light (3, height, width), so that paper becomes 1.

    The light is a surface of fourth order a channel, fitted to every fifth pixel of a row and
    column, four times over, each time to the pixels near the last fit. A surface over all
    pixels is two small products, since its terms are powers of y times powers of x.
    """
    height, width = photo.shape[:2]
    few = _terms(height, width)
    y, x = _powers(height, width)
    flat = np.empty((3, height, width))
    for channel in range(3):
        values = np.maximum(photo[..., channel].astype(np.float64), 1.0) / 255.0
        colour = values[::_STEP, ::_STEP].ravel()
        keep = colour > np.median(colour) * 0.7
        for _ in range(4):
            weights = _fit(few[keep], colour[keep])
            keep = np.abs(colour / np.maximum(few @ weights, 0.02) - 1.0) < 0.05
            if keep.sum() < few.shape[1] * 10:
                break
        surface = np.zeros((5, 5))
        for weight, (i, j) in zip(weights, ORDERS, strict=True):
            surface[j, i] = weight
        np.divide(values, np.maximum(y @ surface @ x.T, 0.02), out=flat[channel])
    return flat


def _grown(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Dilate the mask ``reach`` times: pixels within so many steps up, down, left or right."""
    from scipy import ndimage

    if not mask.any():
        return mask
    return np.asarray(ndimage.distance_transform_cdt(~mask, "taxicab") <= reach)


def _shrunk(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Erode the mask ``reach`` times, with nothing beyond the photo's edge."""
    return ~_grown(np.pad(~mask, 1, constant_values=True), reach)[1:-1, 1:-1]


def _filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill holes of the mask: background that does not reach the edge."""
    from scipy import ndimage

    labels, _ = ndimage.label(np.pad(~mask, 1, constant_values=True))
    return np.asarray(labels != labels[0, 0])[1:-1, 1:-1]


def item_mask(flat: Array) -> NDArray[np.bool_]:
    """Find the pixels (height, width) of the item on flattened paper; all False where none is.

    The item is what differs from paper, closed and filled; parts that touch the photo's edge
    belong to the surroundings.
    """
    from scipy import ndimage

    different = np.zeros(flat.shape[1:], np.bool_)
    for plane in flat:
        different |= np.abs(ndimage.uniform_filter(plane, 5) - 1.0) > DIFFERENCE
    closed = _shrunk(_grown(different, 6), 6)
    closed = _filled(_grown(_shrunk(closed, 2), 2))
    labels, count = ndimage.label(closed)
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    area = np.bincount(labels.ravel(), minlength=count + 1)
    area[np.union1d(edge, [0])] = 0
    best = int(area.argmax())
    if not SMALLEST <= area[best] <= LARGEST * labels.size:
        return np.zeros(labels.shape, np.bool_)
    return np.asarray(labels == best)


def cut_out(photo: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Cut out the item, (32, 32, 3) uint8, black around it; None where no item is found.

    Colours are relative to the paper (200 = paper), so that the lamp's drift is gone.
    """
    try:
        flat = flatten(photo)
    except np.linalg.LinAlgError:  # too little paper in it to fit a surface to
        return None
    mask = item_mask(flat)
    if not mask.any():
        return None
    y, x = (round(float(k.mean())) for k in np.nonzero(mask))
    half = WINDOW // 2
    bounds = [(max(centre - half, 0), centre + half) for centre in (y, x)]
    (top, bottom), (left, right) = bounds
    seen = flat[:, top:bottom, left:right].transpose(1, 2, 0)
    shown = np.where(mask[top:bottom, left:right, None], np.clip(seen * 200.0, 1.0, 255.0), 0.0)
    padded = np.zeros((WINDOW, WINDOW, 3))
    down, over = top - (y - half), left - (x - half)
    padded[down : down + shown.shape[0], over : over + shown.shape[1]] = shown
    part = WINDOW // SIZE
    small = padded.reshape(SIZE, part, SIZE, part, 3).mean((1, 3))
    return np.asarray(np.rint(small), np.uint8)


def cut_photos(photos: Mapping[str, Path]) -> dict[str, NDArray[np.uint8]]:
    """Cut out the item of every photo where one is found, and say how far it is.

    One thread: the matrices are small, and threads that wait for each other took ten times the
    processor's time of one.

    Raises
    ------
    BadInput
        As :func:`load`.
    """
    from threadpoolctl import threadpool_limits

    found = {}
    with threadpool_limits(1, user_api="blas"):
        told = time.monotonic()
        for number, (item, path) in enumerate(photos.items(), 1):
            picture = cut_out(load(path))
            if picture is not None:
                found[item] = picture
            if time.monotonic() - told > PROGRESS_S:
                told = time.monotonic()
                print(f"photos: {number} of {len(photos)}", file=sys.stderr, flush=True)
    return found
