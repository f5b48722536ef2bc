"""Opens ENVI cubes and spectral libraries by the ``spectral`` library, once the header is checked.

A header is text that anybody may write: sizes are held against the data file's length before
anything is mapped, and the data file is looked for beside the header alone.
"""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_spectral.readers.spectra import MAX_BANDS, MAX_VALUES, wavelengths

_MAX_HEADER = 2**22
_MAX_SIDE = 2**20
_DATA_SUFFIXES = ("", ".img", ".dat", ".raw", ".bil", ".bip", ".bsq", ".sli", ".cube", ".hyspex")
ITEM_BYTES = {"1": 1, "2": 2, "3": 4, "4": 4, "5": 8, "12": 2, "13": 4, "14": 8, "15": 8}
"""Bytes of a value by ENVI's ``data type``; complex ones (6, 9) are no spectra."""

UNITS = {
    "nanometers": "nm",
    "nanometer": "nm",
    "nm": "nm",
    "micrometers": "um",
    "micrometer": "um",
    "microns": "um",
    "um": "um",
    "wavenumber": "1/cm",
    "1/cm": "1/cm",
}


@dataclass(frozen=True)
class Cube:
    """An opened ENVI file.

    Attributes
    ----------
    values : array (lines, samples, bands)
        Mapped, not read; a spectral library has one sample a line.
    wavelength : float64 array (bands,) or None
        nm, in the file's order.
    names : tuple of str
        Spectra of a library, or classes of a classification.
    scale : float
        What values are divided by to give reflectance.
    ignored : float or None
        Value of pixels that hold nothing.
    good : bool array (bands,)
        Bands that the header does not call bad.
    kind : str
        ``cube``, ``library`` or ``classification``.
    """

    values: NDArray[Any]
    wavelength: NDArray[np.float64] | None
    names: tuple[str, ...]
    scale: float
    ignored: float | None
    good: NDArray[np.bool_]
    kind: str


def _data_file(header: Path) -> Path:
    """Find the data file beside a header; a link that leaves the folder is not followed."""
    folder = header.parent.resolve()
    for suffix in _DATA_SUFFIXES:
        for name in (header.stem + suffix, header.stem + suffix.upper()):
            found = folder / name
            if found.is_file() and found.resolve() != header.resolve():
                if not found.resolve().is_relative_to(folder):
                    raise BadInput(header, f"data file {name!r} outside the folder", "one inside")
                return found
    wanted = ", ".join(s for s in _DATA_SUFFIXES if s)
    raise BadInput(header, "no data file beside it", f"{header.stem} or {header.stem}{{{wanted}}}")


def _whole(fields: dict[str, Any], key: str, header: Path, least: int, most: int) -> int:
    text = fields.get(key, "0" if key == "header offset" else "")
    if not isinstance(text, str) or not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise BadInput(f"{header} {key}", repr(text)[:40], "a whole number")
    if not least <= int(text) <= most:
        raise BadInput(f"{header} {key}", text, f"{least} to {most}")
    return int(text)


def _numbers(fields: dict[str, Any], key: str, count: int, header: Path) -> NDArray[np.float64]:
    texts = fields[key]
    try:
        found = np.array([float(text) for text in texts])
    except ValueError:
        raise BadInput(f"{header} {key}", repr(texts)[:40], "a list of numbers") from None
    if found.shape != (count,) or not np.isfinite(found).all():
        raise BadInput(f"{header} {key}", f"{len(found)} numbers", f"{count} finite ones")
    return found


def _number(fields: dict[str, Any], key: str, header: Path) -> float | None:
    if key not in fields:
        return None
    try:
        return float(fields[key])
    except (TypeError, ValueError):
        raise BadInput(f"{header} {key}", repr(fields[key])[:40], "a number") from None


def _read_header(header: Path) -> dict[str, Any]:
    """Read the fields of a header, by lower-case name.

    Raises
    ------
    BadInput
        If it is no ENVI header, too long, or describes what is not read here.
    """
    from spectral.io import envi

    logging.getLogger("spectral").setLevel(logging.CRITICAL)  # what it warns of is refused here
    try:
        if header.stat().st_size > _MAX_HEADER:
            raise BadInput(header, f"{header.stat().st_size} bytes", f"at most {_MAX_HEADER}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # names that are not lower case
            fields: dict[str, Any] = envi.read_envi_header(str(header.resolve()))
            envi.check_compatibility(fields)
    except OSError as error:
        raise BadInput(header, error.strerror or error, "an ENVI header") from None
    except BadInput:
        raise
    except Exception as error:  # EnviException and whatever odd text provokes
        raise BadInput(header, " ".join(str(error).split())[:120], "an ENVI header") from None
    if str(fields.get("file compression", "0")).strip() not in {"", "0"}:
        raise BadInput(header, "a compressed data file", "file compression = 0")
    return fields


def open_envi(path: str | Path) -> Cube:
    """Map the data of an ENVI header.

    Raises
    ------
    BadInput
        One line: no header, a missing or short data file, sizes that it could not hold, a data
        type or interleave that is unknown, wavelengths that do not fit.
    """
    header = Path(path)
    fields = _read_header(header)
    library = fields.get("file type") == "ENVI Spectral Library"
    lines, samples = (_whole(fields, k, header, 1, _MAX_SIDE) for k in ("lines", "samples"))
    bands = _whole(fields, "bands", header, 1, MAX_BANDS)
    offset = _whole(fields, "header offset", header, 0, 2**40)
    _whole(fields, "byte order", header, 0, 1)
    kind = str(fields.get("data type"))
    if kind not in ITEM_BYTES:
        raise BadInput(f"{header} data type", kind[:20], f"one of {', '.join(ITEM_BYTES)}")
    if str(fields.get("interleave")).lower() not in {"bil", "bip", "bsq"}:
        found = repr(fields.get("interleave"))[:20]
        raise BadInput(f"{header} interleave", found, "bil, bip or bsq")
    data = _data_file(header)
    needed = offset + prod((lines, samples, bands)) * ITEM_BYTES[kind]
    if data.stat().st_size < needed:
        found = f"{data.stat().st_size} bytes"
        raise BadInput(data, found, f"{needed} for {lines} x {samples} x {bands} values")
    if library and lines * samples > MAX_VALUES:
        raise BadInput(header, f"a library of {lines} x {samples}", f"at most {MAX_VALUES} values")
    values = _values(header, data, library, (lines, samples, bands))
    return _described(header, fields, values, library)


def _values(header: Path, data: Path, library: bool, shape: tuple[int, int, int]) -> NDArray[Any]:
    from spectral.io import envi

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            opened = envi.open(str(header.resolve()), str(data))
            if library:
                return np.asarray(opened.spectra)[:, None, :]
            mapped = opened.open_memmap(interleave="bip")
    except Exception as error:  # the library raises many kinds
        raise BadInput(header, " ".join(str(error).split())[:120], "an ENVI file") from None
    if mapped is None or mapped.shape != shape:
        raise BadInput(data, "a file that cannot be mapped", "an uncompressed ENVI data file")
    return np.asarray(mapped)


def _described(header: Path, fields: dict[str, Any], values: NDArray[Any], library: bool) -> Cube:
    bands = values.shape[2]
    wavelength = None
    if "wavelength" in fields:
        grid = _numbers(fields, "wavelength", bands, header)
        told = str(fields.get("wavelength units", "")).strip().lower()
        unit = UNITS.get(told) or ("um" if grid.max() < 100.0 else "nm")
        if told not in {*UNITS, "", "unknown", "index"}:
            raise BadInput(f"{header} wavelength units", repr(told)[:40], ", ".join(UNITS))
        wavelength = wavelengths(grid, unit, f"{header} wavelength")
    good = np.ones(bands, np.bool_)
    if "bbl" in fields:
        good = _numbers(fields, "bbl", bands, header) > 0
    scale = _number(fields, "reflectance scale factor", header)
    if scale is not None and not 0 < scale < np.inf:
        raise BadInput(f"{header} reflectance scale factor", scale, "a positive number")
    classified = fields.get("file type") == "ENVI Classification"
    key = "spectra names" if library else "class names"
    names = fields.get(key, ()) if isinstance(fields.get(key, ()), list) else ()
    kind = "library" if library else "classification" if classified else "cube"
    ignored = _number(fields, "data ignore value", header)
    return Cube(values, wavelength, tuple(map(str, names)), scale or 1.0, ignored, good, kind)
