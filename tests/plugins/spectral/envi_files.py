"""ENVI files written byte by byte, to the format's description."""

from __future__ import annotations

from pathlib import Path

import numpy as np

TYPES = {"uint8": 1, "int16": 2, "int32": 3, "float32": 4, "float64": 5, "uint16": 12}


def write_envi(
    folder: Path, name: str, cube: np.ndarray, interleave: str = "bil", **fields: object
) -> Path:
    """A cube (lines, samples, bands) as ``name.hdr`` and ``name.raw``; fields override."""
    order = {"bip": (0, 1, 2), "bil": (0, 2, 1), "bsq": (2, 0, 1)}[interleave]
    (folder / f"{name}.raw").write_bytes(np.ascontiguousarray(cube.transpose(order)).tobytes())
    lines, samples, bands = cube.shape
    told: dict[str, object] = {
        "samples": samples, "lines": lines, "bands": bands, "header offset": 0,
        "data type": TYPES[cube.dtype.name], "interleave": interleave, "byte order": 0, **fields,
    }  # fmt: skip
    text = "ENVI\n" + "".join(f"{key} = {value}\n" for key, value in told.items())
    path = folder / f"{name}.hdr"
    path.write_text(text)
    return path


def listed(values: object) -> str:
    """A list as headers write it."""
    return "{ " + ", ".join(map(str, values)) + " }"  # type: ignore[call-overload]
