"""The pre-processing of spectra in torch, as networks and exported bundles apply it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage_spectral.preprocessing import CEILING, FLOOR
from stillage_spectral.smoothing import savgol_matrix


def absorbance(reflectance: Tensor) -> Tensor:
    """Compute apparent absorbance ``log10(1/R)`` of reflectance ``(B, bands)``, clipped first.

    >>> absorbance(torch.tensor([[1.0, 0.1, 0.0]]))
    tensor([[-0., 1., 3.]])
    """
    return -torch.log10(reflectance.clamp(FLOOR, CEILING))


def snv(spectra: Tensor) -> Tensor:
    """Take the mean off spectra ``(B, bands)`` and divide by their population deviation.

    The standard normal variate of Barnes, Dhanoa and Lister (1989). A flat spectrum gives zeros.

    >>> snv(torch.tensor([[1.0, 3.0], [2.0, 2.0]]))
    tensor([[-1.,  1.],
            [ 0.,  0.]])
    """
    centred = spectra - spectra.mean(1, keepdim=True)
    deviation = (centred * centred).mean(1, keepdim=True).sqrt()
    return centred / deviation.clamp(min=1e-6)


@lru_cache(maxsize=32)
def savgol(
    bands: int, window: int = 15, order: int = 2, derivative: int = 1
) -> NDArray[np.float32]:
    """Make the Savitzky-Golay derivative a matrix ``(bands, bands - window + 1)``, edges cropped.

    ``spectra @ savgol(bands)`` is, for every full window, the derivative (per band) of the
    least-squares polynomial at the window's middle.

    Raises
    ------
    BadInput
        If the window does not fit, as :func:`stillage_spectral.smoothing.savgol_matrix` says.

    >>> line = 2.0 * np.arange(20.0)
    >>> bool(np.allclose(line @ savgol(20), 2.0, atol=1e-5))
    True
    """
    # A copy, since torch warns of arrays that cannot be written.
    return savgol_matrix(bands, window, order, derivative).copy()
