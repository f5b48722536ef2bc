"""Spatial registration: map the pixels of one camera to those of another camera's picture.

Points are (x, y), x to the right, y down, in pixels, the middle of the first pixel at (0, 0).
A homography is exact for flat scenes (a belt) and for cameras that share a centre; an affine
mapping for distant ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput

Kind = Literal["homography", "affine"]
Array = NDArray[np.float64]

LEAST = {"homography": 4, "affine": 3}
_FLAT = 1e-6
"""Smallest ratio of a system's least singular value to its largest."""


@dataclass(frozen=True)
class Registration:
    """A mapping of one stream's pixels onto those of another modality.

    Attributes
    ----------
    onto : str
        The modality whose pixels it leads to.
    matrix : tuple of 9 floats
        Row by row, the last one 1: ``(u, v, w) = M (x, y, 1)`` lies at ``(u / w, v / w)``.
    error_px : float or None
        Root mean square distance in pixels of ``onto`` that its points were left with.

    Raises
    ------
    BadInput
        If the matrix is not finite or cannot be inverted.

    >>> shift = Registration.of("video", [[1, 0, 5], [0, 1, -2], [0, 0, 1]])
    >>> shift.apply(np.array([[10.0, 10.0]]))
    array([[15.,  8.]])
    """

    onto: str
    matrix: tuple[float, ...]
    error_px: float | None = None

    def __post_init__(self) -> None:
        where = f"registration onto {self.onto!r}"
        if len(self.matrix) != 9:
            raise BadInput(where, f"{len(self.matrix)} numbers", "9, a 3 x 3 matrix")
        values = np.array(self.matrix, np.float64)
        if not np.isfinite(values).all() or values[8] != 1.0:
            raise BadInput(where, "NaN, infinity or a last element that is not 1", "9 numbers")
        sizes = np.linalg.svd(self.array, compute_uv=False)
        if sizes[-1] <= 1e-12 * sizes[0]:
            raise BadInput(where, "a matrix without an inverse", "one that maps planes to planes")
        if self.error_px is not None and not 0.0 <= self.error_px < np.inf:
            raise BadInput(where, f"error {self.error_px} px", "a finite distance")

    @classmethod
    def of(cls, onto: str, matrix: Any, error_px: float | None = None) -> Registration:
        """Make a registration of any (3, 3) or, if affine, (2, 3) numbers; scale is free."""
        try:
            values = np.asarray(matrix, np.float64)
        except (TypeError, ValueError):
            values = np.zeros(0)
        if values.shape == (2, 3):
            values = np.vstack([values, [0.0, 0.0, 1.0]])
        if values.shape != (3, 3) or not np.isfinite(values).all() or values[2, 2] == 0:
            raise BadInput(
                f"registration onto {onto!r}",
                f"a matrix of shape {values.shape}",
                "3 x 3 or 2 x 3 finite numbers, the last one not zero",
            )
        return cls(onto, tuple((values / values[2, 2]).ravel().tolist()), error_px)

    @property
    def array(self) -> Array:
        """The matrix, (3, 3)."""
        return np.array(self.matrix, np.float64).reshape(3, 3)

    @property
    def affine(self) -> bool:
        """Whether parallels stay parallel."""
        return self.matrix[6:8] == (0.0, 0.0)

    def apply(self, points: Array) -> Array:
        """Map points (N, 2) of the stream to pixels of ``onto``, (N, 2)."""
        return project(self.array, points)

    def inverse(self, name: str) -> Registration:
        """Give the mapping back, onto the stream ``name``."""
        return Registration.of(name, np.linalg.inv(self.array))


def project(matrix: Array, points: Array) -> Array:
    """Map points (N, 2) by a (3, 3) matrix, (N, 2); infinite on its horizon."""
    points = np.asarray(points, np.float64)
    mapped = np.c_[points, np.ones(len(points))] @ matrix.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(mapped[:, :2] / mapped[:, 2:])


@dataclass(frozen=True)
class Fit:
    """An estimated registration and how far each pair of points is off, (N,) pixels."""

    registration: Registration
    residuals_px: Array

    @property
    def outliers(self) -> NDArray[np.int64]:
        """Pairs farther off than 3 standard deviations, by the median, and than 1 pixel.

        1.4826 medians are a standard deviation of Gaussian errors (Hampel 1974).
        """
        limit = max(1.0, 3.0 * 1.4826 * float(np.median(self.residuals_px)))
        return np.flatnonzero(self.residuals_px > limit)


def estimate_registration(
    source: Array, target: Array, onto: str = "", kind: Kind = "homography"
) -> Fit:
    """Fit a mapping of points ``source`` (N, 2) to ``target`` (N, 2) by least squares.

    Homographies by the normalised direct linear transformation (Hartley 1997); affine ones
    minimise the distance in pixels itself. Nothing is left out: see :attr:`Fit.outliers`.

    Raises
    ------
    BadInput
        For fewer than 4 (affine: 3) pairs, or points that lie too nearly on one line.

    >>> square = np.array([[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0]])
    >>> fit = estimate_registration(square, 2.0 * square + 1.0, "video")
    >>> fit.registration.apply(np.array([[4.0, 5.0]])).round(6)
    array([[ 9., 11.]])
    """
    where = f"registration onto {onto!r}"
    source, target = (np.asarray(points, np.float64) for points in (source, target))
    least = LEAST[kind]
    if source.shape != target.shape or source.ndim != 2 or source.shape[1:] != (2,):
        raise BadInput(where, f"points {source.shape} and {target.shape}", "pairs (N, 2)")
    if len(source) < least:
        raise BadInput(where, f"{len(source)} pairs of points", f"at least {least}")
    if not (np.isfinite(source).all() and np.isfinite(target).all()):
        raise BadInput(where, "NaN or infinity", "finite points")
    before, after = _normaliser(source, where), _normaliser(target, where)
    left, right = project(before, source), project(after, target)
    inner = _affine(left, right, where) if kind == "affine" else _homography(left, right, where)
    matrix = np.linalg.inv(after) @ inner @ before
    residuals = np.linalg.norm(project(matrix, source) - target, axis=1)
    if not np.isfinite(residuals).all():
        raise BadInput(where, "a point on the horizon", "points on one side of it")
    error = float(np.sqrt(np.mean(residuals**2)))
    return Fit(Registration.of(onto, matrix, error), residuals)


def _normaliser(points: Array, where: str) -> Array:
    """Make the matrix that brings the points' centre to 0 and their mean distance to sqrt(2)."""
    centre = points.mean(0)
    spread = np.linalg.norm(points - centre, axis=1).mean()
    if spread == 0:
        raise BadInput(where, "all points in one place", "points that are spread out")
    scale = np.sqrt(2.0) / spread
    return np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1.0]])


def _affine(source: Array, target: Array, where: str) -> Array:
    design = np.c_[source, np.ones(len(source))]
    sizes = np.linalg.svd(design, compute_uv=False)
    if sizes[-1] < _FLAT * sizes[0]:
        raise BadInput(where, "points on one line", "points that are spread out")
    solved = np.linalg.lstsq(design, target, rcond=None)[0]
    return np.vstack([solved.T, [0.0, 0.0, 1.0]])


def _homography(source: Array, target: Array, where: str) -> Array:
    ones, none = np.c_[source, np.ones(len(source))], np.zeros((len(source), 3))
    rows = np.concatenate(
        [np.c_[ones, none, -target[:, :1] * ones], np.c_[none, ones, -target[:, 1:] * ones]]
    )
    _, sizes, basis = np.linalg.svd(rows)
    # 8 unknowns: the ninth number of a homography is its scale
    if sizes[7] < _FLAT * sizes[0]:
        raise BadInput(where, "points on one line (three of four)", "points that are spread out")
    found = basis[-1].reshape(3, 3)
    strengths = np.linalg.svd(found, compute_uv=False)
    if strengths[-1] < _FLAT * strengths[0] or abs(found[2, 2]) < _FLAT * strengths[0]:
        raise BadInput(where, "points that no homography maps", "points that are spread out")
    return np.asarray(found)


def warp(
    frames: NDArray[Any], registration: Registration, height: int, width: int
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Warp frames of a stream to the picture of the camera that it is registered onto; bilinear.

    Parameters
    ----------
    frames : array (N, H, W) or (N, H, W, C)
        Integers are rounded back to their dtype.
    registration : Registration
        Of the stream.
    height, width : int
        Of the other camera's picture.

    Returns
    -------
    frames : array (N, height, width) or (N, height, width, C)
        Zero where the stream does not see.
    seen : bool array (height, width)
        Where it does.

    >>> frames = np.arange(12.0).reshape(1, 3, 4)
    >>> moved, seen = warp(frames, Registration.of("b", [[1, 0, 1], [0, 1, 0]]), 3, 4)
    >>> moved[0, 1].tolist(), seen[1].tolist()
    ([0.0, 4.0, 5.0, 6.0], [False, True, True, True])
    """
    if frames.ndim not in (3, 4):
        raise BadInput("frames", f"shape {frames.shape}", "(N, H, W) or (N, H, W, C)")
    rows, columns = frames.shape[1:3]
    y, x = np.mgrid[0:height, 0:width]
    grid = np.c_[x.ravel(), y.ravel()].astype(np.float64)
    places = project(np.asarray(np.linalg.inv(registration.array), np.float64), grid)
    size = np.array([columns - 1, rows - 1])
    with np.errstate(invalid="ignore"):
        # 1e-9: rounding must not put the outermost pixels outside
        inside = np.asarray(((places >= -1e-9) & (places <= size + 1e-9)).all(1))
    places = np.clip(np.where(inside[:, None], places, 0.0), 0.0, size)
    low = np.minimum(places.astype(np.int64), np.maximum(size - 1, 0))
    part = places - low
    high = np.minimum(low + 1, size)
    flat = frames.reshape(len(frames), rows * columns, -1)
    out = np.zeros((len(frames), height * width, flat.shape[2]))
    for row, down in ((low[:, 1], 1.0 - part[:, 1]), (high[:, 1], part[:, 1])):
        for column, right in ((low[:, 0], 1.0 - part[:, 0]), (high[:, 0], part[:, 0])):
            weight = (down * right * inside)[None, :, None]
            out += weight * flat[:, row * columns + column]
    if frames.dtype.kind in "iu":
        out = np.rint(out)
    shaped = out.reshape(len(frames), height, width, *frames.shape[3:]).astype(frames.dtype)
    return shaped, inside.reshape(height, width)
