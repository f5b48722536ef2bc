"""The classical pre-processing of spectra, as NumPy constants and torch operations."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage.errors import BadInput

FLOOR, CEILING = 1e-3, 10.0
"""Reflectance is clipped to this range before the logarithm (0.1 % to 1,000 %)."""


def absorbance(reflectance: Tensor) -> Tensor:
    """Apparent absorbance ``log10(1/R)`` of reflectance ``(B, bands)``, clipped first.

    >>> absorbance(torch.tensor([[1.0, 0.1, 0.0]]))
    tensor([[-0., 1., 3.]])
    """
    return -torch.log10(reflectance.clamp(FLOOR, CEILING))


def snv(spectra: Tensor) -> Tensor:
    """Standard normal variate: each spectrum less its mean, over its (population) deviation.

    A flat spectrum gives zeros. Barnes, Dhanoa and Lister (1989).

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
    """Savitzky-Golay derivative as a matrix ``(bands, bands - window + 1)``, edges cropped.

    ``spectra @ savgol(bands)`` is, for every full window, the derivative (per band) of the
    least-squares polynomial at the window's middle.

    Raises
    ------
    BadInput
        If a spectrum has fewer bands than the window.

    >>> line = 2.0 * np.arange(20.0)
    >>> bool(np.allclose(line @ savgol(20), 2.0, atol=1e-5))
    True
    """
    if bands < window:
        raise BadInput("spectrum", f"{bands} bands", f"at least {window} for the derivative")
    half = window // 2
    powers = np.arange(-half, half + 1, dtype=np.float64)[:, None] ** np.arange(order + 1)
    factorial = float(np.prod(np.arange(1, derivative + 1)))
    weights = np.linalg.pinv(powers)[derivative] * factorial
    matrix = np.zeros((bands, bands - window + 1), np.float32)
    for column in range(matrix.shape[1]):
        matrix[column : column + window, column] = weights
    return matrix
