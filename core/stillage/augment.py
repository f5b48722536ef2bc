"""Augmented views that stay consistent across paired modalities.

A view is a seed and a number. Every random draw of it is a hash of (seed, view, sample,
name), so a modality that asks for ``"flip"`` gets, sample by sample, the very draw that its
partner modality gets, in any batch and on any worker. View 0 is always the untouched sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage.counter import stream, uniform


@dataclass(frozen=True)
class View:
    """One augmented view of the samples of a batch.

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
        """Draws in [0, 1), shape ``(B, *shape)``; the same name gives the same draws."""
        counters = np.arange(int(np.prod(shape, dtype=np.int64))).reshape(shape)
        samples = self.samples.reshape(-1, *([1] * len(shape)))
        return uniform(self.seed, self.index, samples, stream(name), counters)
