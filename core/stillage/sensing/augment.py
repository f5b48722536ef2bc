"""Augmented views: they change samples at random, alike in all modalities of a sample.

A view is a seed and a number. Every random draw of it is a hash of (seed, view, sample,
name), so a modality that asks for ``"flip"`` gets, sample by sample, the very draw that its
partner modality gets, in any batch and on any worker. View 0 is always the untouched sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stillage.counter import stream, uniform

if TYPE_CHECKING:
    from torch import Tensor


SHARED = ("flip", "shift", "time")
"""Names whose draws all modalities of a sample share: (height, width), (height, width), time."""

REACH = 0.125
"""Farthest that ``"shift"`` and ``"time"`` move a sample, as a part of its axis."""


@dataclass(frozen=True)
class View:
    """A view: one set of random draws by which the samples of a batch are augmented.

    Parameters
    ----------
    seed, index : int
        ``index`` 0 is the identity.
    samples : int64 array (B,)
        Sample numbers in the recording.

    >>> view = View(seed=3, index=1, samples=np.array([10, 11]))
    >>> bool((view.uniform("flip") == View(3, 1, np.array([11, 10])).uniform("flip")[::-1]).all())
    True
    """

    seed: int
    index: int
    samples: NDArray[np.int64]

    @property
    def identity(self) -> bool:
        """Whether this view leaves samples as they are."""
        return self.index == 0

    def uniform(self, name: str, *shape: int) -> NDArray[np.float64]:
        """Draw numbers in [0, 1), shape ``(B, *shape)``; the same name gives the same draws."""
        counters = np.arange(int(np.prod(shape, dtype=np.int64))).reshape(shape)
        samples = self.samples.reshape(-1, *([1] * len(shape)))
        return uniform(self.seed, self.index, samples, stream(name), counters)


def move_in_time(series: Tensor, view: View) -> Tensor:
    """Shift series ``(B, C, T)`` in time by at most :data:`REACH` of T; edges repeat.

    It draws ``"time"`` as :func:`move_frames` does, so that a series and a clip stay together.

    >>> import torch
    >>> series = torch.arange(4.0).reshape(1, 1, 4)
    >>> bool((move_in_time(series, View(0, 0, np.array([5]))) == series).all())
    True
    """
    if view.identity:
        return series
    import torch

    places = torch.from_numpy(_sources(series.shape[2], view.uniform("time", 1)[:, 0], REACH))
    return series.gather(2, places.to(series.device)[:, None, :].expand_as(series))


def _sources(size: int, draw: NDArray[np.float64], reach: float) -> NDArray[np.int64]:
    """Give the index (B, size) from which a shift takes each element of an axis; edges repeat."""
    offset = np.rint((2.0 * draw - 1.0) * reach * size).astype(np.int64)
    return np.asarray(np.clip(np.arange(size)[None] - offset[:, None], 0, size - 1))


def move_frames(frames: Tensor, view: View, reach: float = REACH) -> Tensor:
    """Flip and shift pictures ``(B, C, T, H, W)``, alike in every modality of a sample.

    ``"flip"`` mirrors either axis with probability one half; ``"shift"`` moves by at most
    ``reach`` of the height and width; ``"time"`` by at most ``reach`` of the frames. Edges
    repeat. Cameras of different resolution move by the same fraction.

    >>> import torch
    >>> frames = torch.arange(4.0).reshape(1, 1, 1, 2, 2)
    >>> bool((move_frames(frames, View(0, 0, np.array([5]))) == frames).all())
    True
    """
    if view.identity:
        return frames
    import torch

    flip, shift, time = view.uniform("flip", 2), view.uniform("shift", 2), view.uniform("time", 1)

    def sources(size: int, mirrored: NDArray[np.bool_], draw: NDArray[np.float64]) -> Tensor:
        index = _sources(size, draw, reach)
        return torch.from_numpy(np.where(mirrored[:, None], size - 1 - index, index))

    # a clip is shifted in time but never played backwards
    still = np.zeros(len(frames), np.bool_)
    t, y, x = (
        sources(size, mirrored, draw).to(frames.device)
        for size, mirrored, draw in zip(
            frames.shape[2:],
            (still, flip[:, 0] < 0.5, flip[:, 1] < 0.5),
            (time[:, 0], shift[:, 0], shift[:, 1]),
            strict=True,
        )
    )
    rows = torch.arange(len(frames), device=frames.device)[:, None, None, None]
    moved = frames.movedim(1, -1)[
        rows, t[:, :, None, None], y[:, None, :, None], x[:, None, None, :]
    ]
    return moved.movedim(-1, 1).contiguous()
