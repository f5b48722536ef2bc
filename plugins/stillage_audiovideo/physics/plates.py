"""The modes of a free plate by Ritz's method, and the materials that it may be made of.

Thin rectangular plate (Kirchhoff), all edges free. With ``w = sum c_ij P_i(x) P_j(y)`` in
orthonormal Legendre polynomials, the strain energy

    U = D/2 * integral(w_xx^2 + w_yy^2 + 2 nu w_xx w_yy + 2 (1 - nu) w_xy^2)

gives a symmetric matrix whose eigenvalues are ``lambda^2``, ``lambda = omega a^2 sqrt(rho h / D)``
with ``D = E h^3 / (12 (1 - nu^2))`` (A. W. Leissa, Vibration of Plates, NASA SP-160, 1969;
R. B. Bhat, J. Sound Vib. 102, 1985, for orthogonal polynomials). Free edges need no condition.
Three modes of zero frequency, motion as a rigid body, are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput

ORDER = 10
"""Polynomials along each side; even ones and odd ones do not couple."""

_POISSON = 0.33

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Material:
    """A material: Young's modulus (Pa), density (kg/m3), loss factor (1), and their source."""

    stiffness: float
    density: float
    loss: float
    source: str = "handbook values from memory: assumed"


_LOSS = "loss factor: project reference; stiffness, density: handbook values from memory"
MATERIALS = {
    "steel": Material(200e9, 7850.0, 0.006, _LOSS),
    "glass": Material(70e9, 2500.0, 0.006, _LOSS),
    "aluminium": Material(70e9, 2700.0, 0.014, _LOSS),
    "ceramic": Material(70e9, 2400.0, 0.04, _LOSS),
    "marble": Material(55e9, 2700.0, 0.03),
    "wood": Material(10e9, 600.0, 0.1, _LOSS),
    "rubber": Material(0.02e9, 1100.0, 1.0, _LOSS),
    "PET": Material(2.8e9, 1370.0, 0.05),
    "HDPE": Material(1.0e9, 955.0, 0.12),
    "PP": Material(1.5e9, 905.0, 0.09),
    "PS": Material(3.2e9, 1050.0, 0.03),
    "carton": Material(3.0e9, 700.0, 0.15),
}


def material(name: str) -> Material:
    """Look up the material of that name.

    Raises
    ------
    BadInput
        If there is none.
    """
    if name not in MATERIALS:
        raise BadInput("scene field 'material'", repr(name), f"one of {', '.join(MATERIALS)}")
    return MATERIALS[name]


@lru_cache(maxsize=1)
def _integrals() -> tuple[Array, Array, Array]:
    """Integrate P_i'' P_j'', P_i' P_j' and P_i'' P_j over -1..1, each (ORDER, ORDER)."""
    place, weight = np.polynomial.legendre.leggauss(ORDER + 2)
    norm = np.sqrt(np.arange(ORDER) + 0.5)
    tables = []
    for derivative in range(3):
        rows = []
        for k in range(ORDER):
            series = np.polynomial.legendre.Legendre.basis(k).deriv(derivative)
            rows.append(norm[k] * series(place))
        tables.append(np.array(rows))
    value, first, second = tables
    return (second * weight) @ second.T, (first * weight) @ first.T, (second * weight) @ value.T


def legendre(place: Array) -> Array:
    """Evaluate the orthonormal polynomials ``(..., ORDER)`` at places in -1..1."""
    table = np.polynomial.legendre.legvander(place, ORDER - 1)
    return np.asarray(table * np.sqrt(np.arange(ORDER) + 0.5))


def free_plate(aspect: Array, poisson: float = _POISSON) -> tuple[Array, Array]:
    """Compute the modes of free plates of length / width ``aspect`` (N,).

    Returns ``lambda`` (N, modes), ascending, referred to the length; and the shapes' factors
    (N, modes, ORDER, ORDER) of polynomials along length and width, unit mean square.

    >>> factors, _ = free_plate(np.array([1.0]), 0.3)  # Leissa: 13.489, 19.789, 24.432
    >>> factors[0, :3].round(2).tolist()
    [13.47, 19.6, 24.27]
    """
    bend, slope, mixed = _integrals()
    eye = np.eye(ORDER)
    r2 = (np.asarray(aspect, np.float64) ** 2)[:, None, None]
    values, shapes = [], []
    for odd_x in (0, 1):
        for odd_y in (0, 1):
            x, y = np.ix_(*[range(odd_x, ORDER, 2)] * 2), np.ix_(*[range(odd_y, ORDER, 2)] * 2)
            along, across = np.kron(bend[x], eye[y]), np.kron(eye[x], bend[y])
            coupled = np.kron(mixed[x], mixed[y].T) + np.kron(mixed[x].T, mixed[y])
            twist = np.kron(slope[x], slope[y])
            matrix = along + r2**2 * across
            matrix = matrix + r2 * (poisson * coupled + 2.0 * (1.0 - poisson) * twist)
            square, vector = np.linalg.eigh(16.0 * matrix)
            rigid = 0 if odd_x and odd_y else 1  # 1, x and y move without bending
            values.append(np.sqrt(np.maximum(square[:, rigid:], 0.0)))
            half = ORDER // 2
            shape = np.zeros((len(aspect), square.shape[1] - rigid, ORDER, ORDER))
            parts = vector.transpose(0, 2, 1)[:, rigid:].reshape(len(aspect), -1, half, half)
            # The sign of an eigenvector is the library's whim: its largest factor is positive.
            flat = parts.reshape(*parts.shape[:2], -1)
            largest = np.take_along_axis(flat, np.abs(flat).argmax(2)[..., None], 2)
            shape[:, :, odd_x::2, odd_y::2] = 2.0 * parts * np.sign(largest)[..., None]
            shapes.append(shape)
    joined, factors = np.concatenate(values, 1), np.concatenate(shapes, 1)
    order = np.argsort(joined, 1, kind="stable")
    return (
        np.take_along_axis(joined, order, 1),
        np.take_along_axis(factors, order[:, :, None, None], 1),
    )


def frequencies(factor: Array, made_of: Material, length: Array, thickness: Array) -> Array:
    """Convert ``lambda`` (N, modes) to Hz, for lengths and thicknesses in metres (N,)."""
    speed = np.sqrt(made_of.stiffness / (12.0 * made_of.density * (1.0 - _POISSON**2)))
    return np.asarray(factor * (thickness * speed / (2.0 * np.pi * length**2))[:, None])
