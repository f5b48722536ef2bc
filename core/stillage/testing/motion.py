"""Measure how an augmentation moves samples, with a probe and for any layout of axes.

A small change is put at one place of a prepared sample. The place at which it appears in the
augmented sample is that to which it has moved; gains, noise and masks do not move it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage.counter import uniform
from stillage.sensing.augment import View
from stillage.sensing.modality import Modality

_STILL: Mapping[str, tuple[float, ...]] = {"flip": (0.9, 0.9), "shift": (0.5, 0.5), "time": (0.5,)}
"""Draws of the shared names at which nothing moves."""

ROUNDS = 3


@dataclass(frozen=True)
class HeldView(View):
    """A view whose draws of some names are given, and which notes the names asked for."""

    given: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)

    def uniform(self, name: str, *shape: int) -> NDArray[np.float64]:
        self.asked.add(name)
        if name not in self.given:
            return super().uniform(name, *shape)
        flat = np.resize(np.array(self.given[name]), int(np.prod(shape, dtype=np.int64)))
        return np.broadcast_to(flat.reshape(shape), (len(self.samples), *shape)).copy()


@dataclass(frozen=True)
class Motion:
    """The motion of P probes from ``start`` to ``end``: (P, axes), in elements of ``sizes``."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    sizes: tuple[int, ...]
    asked: frozenset[str]

    def axis(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
        """Give starts, ends and size of one axis."""
        return self.start[:, number], self.end[:, number], self.sizes[number]

    def far(self) -> list[int]:
        """List the axes along which a probe moved; jitter of 3 % or 2 elements is no motion."""
        axes = []
        for number, size in enumerate(self.sizes):
            start, end, _ = self.axis(number)
            if size > 4 and len(start) and np.abs(end - start).max() > max(2.0, 0.03 * size):
                axes.append(number)
        return axes


def motion(
    modality: Modality, prepared: Tensor, samples: NDArray[np.int64], **given: tuple[float, ...]
) -> Motion:
    """Probe ``modality.augment`` of prepared samples (B, *shape) under given shared draws."""
    view = HeldView(5, 1, samples, {**_STILL, **given})
    before = modality.augment(prepared.clone(), view)
    size = float(prepared.std()) + 1e-3 * float(prepared.abs().max()) + 1e-3
    sizes = tuple(prepared.shape[1:])
    starts, ends = [], []
    for number in range(ROUNDS):
        places = _places(len(prepared), sizes, number)
        for sign in (1.0, -1.0):
            probed = prepared.clone()
            probed[(torch.arange(len(prepared)), *torch.from_numpy(places).T)] += sign * size
            change = (modality.augment(probed, view) - before).abs().flatten(1)
            seen = (change.amax(1) > 1e-3 * size).numpy()
            ends.append(np.stack(np.unravel_index(change.argmax(1).numpy(), sizes), 1)[seen])
            starts.append(places[seen])
    return Motion(np.concatenate(starts), np.concatenate(ends), sizes, frozenset(view.asked))


def _places(count: int, sizes: tuple[int, ...], number: int) -> NDArray[np.int64]:
    """Choose a place in each sample, away from the edges and from the middle of long axes."""
    draw = uniform(number, np.arange(count)[:, None], np.arange(len(sizes)))
    # a shift drops places at the edge, and a flip leaves the middle where it is
    part = np.where(draw < 0.5, 0.2 + 0.4 * draw, 0.4 + 0.4 * draw)
    return np.asarray(np.floor(part * np.array(sizes)), np.int64)
