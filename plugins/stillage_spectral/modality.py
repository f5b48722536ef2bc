"""The modalities of spectra: how raw reflectance becomes what encoders read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage.errors import BadInput
from stillage.sensing.augment import View
from stillage.sensing.modality import Modality
from stillage.sensing.scene import Scene
from stillage_spectral import plugin
from stillage_spectral.augmentation import Perturbation, perturbed
from stillage_spectral.filters import absorbance, savgol, snv


class Nir(Modality):
    """A spectrometer: float32 reflectance ``(bands,)``; the bands are fixed by the recording.

    Prepared: ``log10(1/R)`` -> standard normal variate -> first Savitzky-Golay derivative
    (window 15, order 2), edges cropped: float32 ``(bands - 14,)``.

    >>> Nir().prepare(torch.rand(2, 40)).shape
    torch.Size([2, 26])
    """

    spec = plugin.NIR
    perturbation: ClassVar[Perturbation] = Perturbation.none()
    """Of augmented views. Off, so that results stay as they are; set ``Nir.perturbation =
    Perturbation()`` before training to turn it on."""

    def prepare(self, raw: Tensor) -> Tensor:
        matrix = torch.from_numpy(savgol(raw.shape[1])).to(raw.device)
        return snv(absorbance(raw)) @ matrix

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        """Perturb as :attr:`perturbation` says: not at all unless it is set."""
        return perturbed(prepared, view, self.perturbation, differentiated=True)

    def read(self, path: Path) -> NDArray[Any]:
        """Read the one spectrum of a JCAMP-DX file: reflectance (bands,), ascending wavelengths."""
        from stillage_spectral.readers.jcamp import read_jcamp

        found = read_jcamp(path)
        if len(found) != 1:
            raise BadInput(path, f"{len(found)} spectra", "one; the reader spectra takes more")
        return np.asarray(found[0].values[0])

    def render(self, scene: Scene, seed: int, samples: NDArray[np.int64] | None = None) -> Any:
        from stillage_spectral.sensor import spectrometer

        return spectrometer(scene, seed, scene.sample_numbers(samples))


class Led(Modality):
    """A scanner of few bands: float32 reflectance ``(diodes,)`` relative to a white reference.

    Prepared: standard normal variate of ``log10(1/R)``, float32 ``(diodes,)``.

    >>> Led().prepare(torch.rand(2, 8)).shape
    torch.Size([2, 8])
    """

    spec = plugin.LED
    perturbation: ClassVar[Perturbation] = Perturbation.none()
    """Of augmented views, as of :class:`Nir`; diodes do not shift."""

    def prepare(self, raw: Tensor) -> Tensor:
        return snv(absorbance(raw))

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        """Perturb as :attr:`perturbation` says: not at all unless it is set."""
        return perturbed(prepared, view, replace(self.perturbation, shift=0.0))

    def render(self, scene: Scene, seed: int, samples: NDArray[np.int64] | None = None) -> Any:
        from stillage_spectral.sensor import scanner

        return scanner(scene, seed, scene.sample_numbers(samples))
