"""Augmented views of prepared spectra: offset, slope, gain, noise and wavelength shift.

They show what an instrument does to absorbance from placement to placement, after preparation: a
derivative turns an offset into nothing and a slope into an offset, so each change is made where
it still shows. Amplitudes are parts of a sample's own deviation along the wavelength.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stillage.sensing.augment import View
from stillage_spectral.filters import savgol


@dataclass(frozen=True)
class Perturbation:
    """Standard deviations of the changes, of a prepared sample.

    Parameters
    ----------
    offset, slope : float
        A constant, and a line from -1 to 1 over the bands, in deviations of the sample.
    gain : float
        Relative.
    noise : float
        White noise of the spectrum, in deviations; filtered as the spectrum is.
    shift : float
        Of the wavelength, in bands.
    """

    offset: float = 0.05
    slope: float = 0.05
    gain: float = 0.05
    noise: float = 0.05
    shift: float = 0.5

    @classmethod
    def none(cls) -> Perturbation:
        """Make the one that changes nothing."""
        return cls(0.0, 0.0, 0.0, 0.0, 0.0)


def _normal(view: View, name: str, *shape: int) -> Tensor:
    """Draw standard normal values (B, *shape) of a named stream (Box and Muller 1958)."""
    radius = np.sqrt(-2.0 * np.log1p(-view.uniform(f"{name} radius", *shape)))
    angle = 2.0 * np.pi * view.uniform(f"{name} angle", *shape)
    return torch.from_numpy((radius * np.cos(angle)).astype(np.float32))


def shifted(spectra: Tensor, bands: Tensor) -> Tensor:
    """Move spectra (B, n) to longer wavelengths by ``bands`` (B,), linear between bands.

    Edges repeat.

    >>> shifted(torch.tensor([[0.0, 1.0, 2.0, 3.0]]), torch.tensor([0.5]))
    tensor([[0.0000, 0.5000, 1.5000, 2.5000]])
    """
    size = spectra.shape[1]
    places = torch.arange(size, device=spectra.device)[None] - bands[:, None]
    places = places.clamp(0.0, float(size - 1))
    left = places.floor().clamp(max=max(size - 2, 0)).long()
    part = places - left
    right = (left + 1).clamp(max=size - 1)
    return spectra.gather(1, left) * (1.0 - part) + spectra.gather(1, right) * part


def perturbed(
    prepared: Tensor, view: View, by: Perturbation, differentiated: bool = False
) -> Tensor:
    """Perturb prepared spectra (B, n) as the view draws; view 0 changes nothing.

    ``differentiated`` says that noise passes the derivative of ``nir``'s preparation; its size
    after the filter is what ``noise`` states.

    >>> flat = torch.ones(2, 8)
    >>> bool((perturbed(flat, View(1, 0, np.arange(2)), Perturbation()) == flat).all())
    True
    """
    if view.identity or by == Perturbation.none():
        return prepared
    size, device = prepared.shape[1], prepared.device
    level = prepared.mean(1, keepdim=True)
    spread = (prepared - level).square().mean(1, keepdim=True).sqrt()
    out = prepared
    if by.shift:
        out = shifted(out, by.shift * _normal(view, "wavelength", 1)[:, 0].to(device))
    gain = (by.gain * _normal(view, "spectral gain", 1)).to(device)
    ramp = torch.linspace(-1.0, 1.0, size, device=device)
    lift = (by.offset * _normal(view, "spectral offset", 1)).to(device)
    tilt = (by.slope * _normal(view, "spectral slope", 1)).to(device)
    out = out * (1.0 + gain) + spread * (lift + tilt * ramp)
    if by.noise:
        out = out + spread * by.noise * _noise(view, size, differentiated).to(device)
    return out


def _noise(view: View, size: int, differentiated: bool) -> Tensor:
    """Draw noise (B, size) of deviation 1, coloured by the derivative where one was taken."""
    if not differentiated:
        return _normal(view, "spectral noise", size)
    # The derivative's window of 15 crops 14 bands; dividing by its norm keeps the deviation 1.
    matrix = torch.from_numpy(savgol(size + 14).copy())
    return torch.mm(_normal(view, "spectral noise", size + 14), matrix / matrix[:, 0].norm())
