"""Resamples spectra of one instrument to the wavelengths of another, and says what is lost.

A coarser instrument averages over its bands, so each target band is a Gaussian response
integrated over the source spectrum. Nothing is extrapolated: a target band outside the source's
range is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput

Array = NDArray[np.float64]

POINTS = 33
"""Samples of a target band's response, over three times its full width."""


@dataclass(frozen=True)
class Loss:
    """The loss of a resampling.

    Attributes
    ----------
    residual : float
        Root mean square of what the target bands no longer tell (the spectra less their
        interpolation from the resampled ones), over the spectra's own deviation along the
        wavelength; 0 for none, 1 for all. Within the range that both instruments cover.
    cut_nm : float
        Source range that the target does not cover, nm.
    bands : tuple of int
        Source bands within the target's range, and target bands.
    """

    residual: float
    cut_nm: float
    bands: tuple[int, int]

    def describe(self) -> str:
        """Say the loss in one line for a recording's notes.

        >>> Loss(0.031, 12.0, (223, 64)).describe()[:61]
        'resampled from 223 to 64 bands: 3.10 % of the shape is lost, '
        """
        invented = ", no detail is gained by more bands" if self.bands[1] > self.bands[0] else ""
        return (
            f"resampled from {self.bands[0]} to {self.bands[1]} bands: "
            f"{100.0 * self.residual:.2f} % of the shape is lost, "
            f"{self.cut_nm:g} nm of the range is cut{invented}"
        )


class Resampled(NamedTuple):
    """Spectra (n, bands) float32 on the target's wavelengths, and what that lost."""

    values: NDArray[np.float32]
    loss: Loss


def spacings(wavelength: Array) -> Array:
    """Return the distance of each band to its neighbours, nm (mean of both sides).

    >>> spacings(np.array([1000.0, 1010.0, 1030.0]))
    array([10., 15., 20.])
    """
    return np.asarray(np.gradient(wavelength) if len(wavelength) > 1 else np.ones(1))


@dataclass(frozen=True)
class Resampler:
    """A resampler from ``source`` to ``target`` wavelengths (nm, ascending).

    Parameters
    ----------
    source, target : float64 array
    width : float64 array like ``target``, optional
        Full width at half maximum of the target's bands, nm; default: their spacing. A target
        band not wider than the source's spacing is interpolated linearly instead.

    Raises
    ------
    BadInput
        If wavelengths are out of order, or a target band lies outside the source's range.

    >>> fine = np.linspace(1000.0, 1900.0, 181)
    >>> values, loss = Resampler(fine, np.arange(1050.0, 1851.0, 20.0))(fine[None] * 1e-3)
    >>> values[0, :3].round(3), loss.bands, loss.residual < 1e-6
    (array([1.05, 1.07, 1.09], dtype=float32), (161, 41), True)
    """

    source: Array
    target: Array
    width: Array | None = None

    def __post_init__(self) -> None:
        for name, grid in (("source", self.source), ("target", self.target)):
            rising = grid.ndim == 1 and len(grid) >= 1 and (np.diff(grid) > 0).all()
            if not rising or not np.isfinite(grid).all():
                raise BadInput(f"{name} wavelengths", "not ascending", "nm, ascending, each once")
        low, high = self.source[0], self.source[-1]
        outside = self.target[(self.target < low) | (self.target > high)]
        if len(outside):
            found = f"{len(outside)} bands outside, the first at {outside[0]:g} nm"
            expected = f"bands within {low:g} .. {high:g} nm (nothing is extrapolated)"
            raise BadInput("target wavelengths", found, expected)
        if self.width is not None and (
            self.width.shape != self.target.shape or not (self.width > 0).all()
        ):
            raise BadInput("target widths", f"shape {self.width.shape}", "a width > 0 a band")

    @cached_property
    def matrix(self) -> NDArray[np.float32]:
        """Weights (source bands, target bands); columns sum to 1."""
        width = spacings(self.target) if self.width is None else self.width
        coarse = width > np.interp(self.target, self.source, spacings(self.source))
        offsets = np.linspace(-1.5, 1.5, POINTS)[:, None] * np.where(coarse, width, 0.0)
        places = self.target + offsets
        response = np.exp(-4.0 * np.log(2.0) * (offsets / np.where(width > 0, width, 1.0)) ** 2)
        # A response that the source cuts off is cut on both sides alike, so that it stays centred.
        reach = np.minimum(self.target - self.source[0], self.source[-1] - self.target)
        response[np.abs(offsets) > reach + 1e-9] = 0.0
        response /= response.sum(0)
        return _interpolation(self.source, places, response).astype(np.float32)

    def __call__(self, spectra: Any) -> Resampled:
        """Resample spectra (n, source bands)."""
        values = np.asarray(spectra, np.float32)
        if values.ndim != 2 or values.shape[1] != len(self.source):
            raise BadInput("spectra", f"shape {values.shape}", f"(n, {len(self.source)})")
        found = values @ self.matrix
        return Resampled(found, self.loss(values, found))

    def loss(self, values: NDArray[np.float32], found: NDArray[np.float32]) -> Loss:
        """Measure what ``found`` (n, target bands) lost of ``values`` (n, source bands)."""
        low, high = self.target[0], self.target[-1]
        shared = (self.source >= low) & (self.source <= high)
        cut = (low - self.source[0]) + (self.source[-1] - high)
        kept = values[:, shared].astype(np.float64)
        residual = 0.0
        if kept.size and len(self.target) > 1:
            inside = self.source[shared]
            weights = np.ones((1, len(inside)))
            back = found @ _interpolation(self.target, inside[None], weights)
            spread = kept - kept.mean(1, keepdims=True)
            total = float(np.square(spread).sum())
            lost = float(np.square(kept - back).sum())
            residual = float(np.sqrt(lost / total)) if total > 0 else 0.0
        elif kept.size:
            residual = 1.0
        return Loss(residual, float(cut), (int(shared.sum()), len(self.target)))


def _interpolation(grid: Array, places: Array, weights: Array) -> Array:
    """Matrix (len(grid), columns) of weighted linear interpolation at places (k, columns)."""
    matrix = np.zeros((len(grid), places.shape[1]))
    if len(grid) == 1:
        matrix[0] = weights.sum(0)
        return matrix
    left = np.clip(np.searchsorted(grid, places, "right") - 1, 0, len(grid) - 2)
    part = np.clip((places - grid[left]) / (grid[left + 1] - grid[left]), 0.0, 1.0)
    columns = np.broadcast_to(np.arange(places.shape[1]), places.shape)
    np.add.at(matrix, (left, columns), weights * (1.0 - part))
    np.add.at(matrix, (left + 1, columns), weights * part)
    return matrix
