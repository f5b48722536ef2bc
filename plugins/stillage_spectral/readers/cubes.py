"""Reads pixels of ENVI cubes as spectra: dark and white references, classes, tiles as groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_spectral.preprocessing import reflectance
from stillage_spectral.readers.envi import Cube, open_envi
from stillage_spectral.readers.spectra import MAX_VALUES, Spectra, spectra

LABELS = "_labels.hdr"
"""``scene.hdr`` has its classes in ``scene_labels.hdr``, an ENVI classification of its size."""

_MAX_PIXELS = 2**20


@dataclass(frozen=True)
class Pick:
    """The choice of pixels of a cube that become readings.

    Parameters
    ----------
    every : int
        Every so many lines and samples.
    tile : int
        Side, in pixels, of the squares that are groups: neighbours are no independent evidence.
    dark, white : path or None
        Headers of reference cubes; their lines are averaged, column by column.
    """

    every: int = 1
    tile: int = 16
    dark: Path | None = None
    white: Path | None = None

    def __post_init__(self) -> None:
        for name, value in (("every", self.every), ("tile", self.tile)):
            if value < 1:
                raise BadInput(f"-o {name}", value, "1 or more pixels")
        if (self.dark is None) != (self.white is None):
            raise BadInput("-o dark, white", "one of them", "both references, or none")


def _mean_line(path: Path, cube: Cube) -> NDArray[np.float64]:
    reference = open_envi(path)
    if reference.values.shape[1:] != cube.values.shape[1:]:
        found, wanted = reference.values.shape[1:], cube.values.shape[1:]
        raise BadInput(path, f"{found} samples and bands", f"{wanted}, as the cube")
    return np.asarray(reference.values.mean(0, dtype=np.float64))


def _classes(path: Path, cube: Cube, place: tuple[NDArray[Any], NDArray[Any]]) -> list[str]:
    """Read the class name of each pixel; class 0 is unclassified, hence unlabelled."""
    labels = path.with_name(path.stem + LABELS)
    if not labels.is_file():
        return [""] * len(place[0])
    classes = open_envi(labels)
    if classes.values.shape != (*cube.values.shape[:2], 1) or classes.values.dtype.kind not in "iu":
        found = f"{classes.values.dtype} {classes.values.shape}"
        raise BadInput(labels, found, f"classes {(*cube.values.shape[:2], 1)}, as the cube")
    codes = np.asarray(classes.values[:, :, 0])[place]
    names = classes.names or tuple(f"class {k}" for k in range(int(codes.max(initial=0)) + 1))
    if codes.size and not 0 <= codes.min() <= codes.max() < len(names):
        raise BadInput(labels, f"class {int(codes.max())}", f"0 to {len(names) - 1}")
    return ["" if code == 0 else names[code] for code in codes.tolist()]


def read_envi(path: str | Path, pick: Pick | None = None) -> Spectra:
    """Read spectra of the pixels of a cube, or of a spectral library.

    Pixels that hold the header's ``data ignore value`` and bands that it calls bad are left
    out. With dark and white references, counts become reflectance.

    Raises
    ------
    BadInput
        As :func:`stillage_spectral.readers.envi.open_envi`; and if there are no wavelengths, no
        pixels, too many of them, or references of another shape.
    """
    header, pick = Path(path), pick or Pick()
    cube = open_envi(header)
    if cube.kind == "classification":
        raise BadInput(header, "a classification", "a cube or a spectral library")
    if cube.wavelength is None:
        raise BadInput(header, "no wavelengths", "a field wavelength = {...}")
    if cube.kind == "library":
        about = tuple({"name": name[:200]} for name in _library_names(cube))
        return _finished(cube, cube.values[:, 0, :], about, header)
    every, tile = pick.every, pick.tile
    lines, samples = (np.arange(0, size, every) for size in cube.values.shape[:2])
    count, bands = len(lines) * len(samples), cube.values.shape[2]
    if count > _MAX_PIXELS or count * bands > MAX_VALUES:
        most = f"at most {_MAX_PIXELS} pixels and {MAX_VALUES} values: -o every=K"
        raise BadInput(header, f"{count} pixels of {bands} bands", most)
    chosen = np.asarray(cube.values[::every, ::every], np.float64)
    if pick.dark is not None and pick.white is not None:
        dark, white = (_mean_line(p, cube)[::every] for p in (pick.dark, pick.white))
        chosen = reflectance(chosen, dark, white).astype(np.float64) * cube.scale
    y, x = (axis.ravel() for axis in np.meshgrid(lines, samples, indexing="ij"))
    flat = chosen.reshape(count, bands)
    full = np.ones(count, np.bool_)
    if cube.ignored is not None:
        full = ~(cube.values[::every, ::every] == cube.ignored).all(2).ravel()
    if not full.any():
        raise BadInput(header, "no pixel that holds anything", "one or more")
    y, x = y[full], x[full]
    classes = _classes(header, cube, (y, x))
    about = tuple(
        {"name": f"{header.stem} {j},{i}", "label": label,
         "tile": f"{header.stem} tile {j // tile},{i // tile}"}
        for j, i, label in zip(y.tolist(), x.tolist(), classes, strict=True)
    )  # fmt: skip
    return _finished(cube, flat[full], about, header)


def _library_names(cube: Cube) -> tuple[str, ...]:
    count = len(cube.values)
    return cube.names if len(cube.names) == count else tuple(map(str, range(1, count + 1)))


def _finished(cube: Cube, values: Any, about: tuple[dict[str, str], ...], header: Path) -> Spectra:
    if cube.wavelength is None:
        raise BadInput(header, "no wavelengths", "a field wavelength = {...}")
    kept = np.asarray(values, np.float64)[:, cube.good] / cube.scale
    return spectra(cube.wavelength[cube.good], kept, about, "nm", "reflectance", str(header))
