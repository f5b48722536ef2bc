"""Photos of items without their background, which alone tells the polymer.

The photos were taken in polymer order, so the light on the paper around an item predicts
what the item is. Here the paper's own light is estimated and divided out, the item is cut
out, everything else is set to zero, and the window is centred on the item.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput

WINDOW, SIZE = 128, 32
"""Pixels of the window cut around an item and of the picture it becomes (4 to 1: the
hand-written number on an item is no longer legible)."""

MAX_PIXELS = 2**24
DIFFERENCE = 0.05
"""How far from the paper's colour a pixel of an item is, at least."""

SMALLEST, LARGEST = 60, 0.6
"""Fewest pixels of an item, and the largest part of the photo that it may cover."""

Array = NDArray[np.float64]


def load(path: Path) -> NDArray[np.uint8]:
    """RGB bytes (height, width, 3) of an image file.

    Raises
    ------
    BadInput
        If it cannot be decoded or declares more than 16 million pixels.
    """
    import av

    try:
        with path.open("rb") as handle, av.open(handle, "r", format="jpeg_pipe") as container:
            size = container.streams.video[0].codec_context
            if not 0 <= size.width * size.height <= MAX_PIXELS:
                found = f"{size.width} x {size.height} pixels"
                raise BadInput(path, found, f"an image of at most {MAX_PIXELS} pixels")
            frame = next(container.decode(video=0))
            return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    except (av.FFmpegError, StopIteration, IndexError) as error:
        raise BadInput(path, type(error).__name__, "a JPEG photo") from None


@lru_cache(maxsize=2)
def _terms(height: int, width: int) -> Array:
    """Monomials of fourth order (height, width, 15) on -1..1."""
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    return np.stack([x**i * y**j for i in range(5) for j in range(5 - i)], -1)


def flatten(photo: NDArray[np.uint8]) -> Array:
    """Photo over its paper's light (height, width, 3): paper becomes 1.

    The light is a surface of fourth order a channel, fitted to every fifth pixel of a row and
    column, four times over, each time to the pixels near the last fit.
    """
    values = np.maximum(photo.astype(np.float64), 1.0) / 255.0
    height, width = photo.shape[:2]
    terms = _terms(height, width)
    few = terms[::5, ::5].reshape(-1, terms.shape[-1])
    flat = np.empty_like(values)
    for channel in range(3):
        colour = values[::5, ::5, channel].ravel()
        keep = colour > np.median(colour) * 0.7
        for _ in range(4):
            weights = np.linalg.lstsq(few[keep], colour[keep], rcond=None)[0]
            keep = np.abs(colour / np.maximum(few @ weights, 0.02) - 1.0) < 0.05
            if keep.sum() < few.shape[1] * 10:
                break
        flat[..., channel] = values[..., channel] / np.maximum(terms @ weights, 0.02)
    return flat


def item_mask(flat: Array) -> NDArray[np.bool_]:
    """Pixels (height, width) of the item on flattened paper; all False where none is found.

    The item is what differs from paper, closed and filled; parts that touch the photo's edge
    belong to the surroundings.
    """
    from scipy import ndimage

    smooth = ndimage.uniform_filter(flat, (5, 5, 1))
    different = np.abs(smooth - 1.0).max(-1) > DIFFERENCE
    closed = ndimage.binary_closing(different, iterations=6, border_value=0)
    closed = ndimage.binary_fill_holes(ndimage.binary_opening(closed, iterations=2))
    labels, count = ndimage.label(closed)
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    area = np.bincount(labels.ravel(), minlength=count + 1)
    area[np.union1d(edge, [0])] = 0
    best = int(area.argmax())
    if not SMALLEST <= area[best] <= LARGEST * labels.size:
        return np.zeros(labels.shape, np.bool_)
    return np.asarray(labels == best)


def cut_out(photo: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """The item alone, (32, 32, 3) uint8, black around it; None where no item is found.

    Colours are relative to the paper (200 = paper), so that the lamp's drift is gone.
    """
    flat = flatten(photo)
    mask = item_mask(flat)
    if not mask.any():
        return None
    y, x = (round(float(k.mean())) for k in np.nonzero(mask))
    half = WINDOW // 2
    shown = np.where(mask[..., None], np.clip(flat * 200.0, 1.0, 255.0), 0.0)
    padded = np.pad(shown, ((half, half), (half, half), (0, 0)))[y : y + WINDOW, x : x + WINDOW]
    part = WINDOW // SIZE
    small = padded.reshape(SIZE, part, SIZE, part, 3).mean((1, 3))
    return np.asarray(np.rint(small), np.uint8)
