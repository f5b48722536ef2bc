"""Thermal pictures that the tests write, byte by byte or by Pillow."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

Order = Literal["<", ">"]


def tiff(pages: list[np.ndarray], order: Order = "<", **tags: int) -> bytes:
    """Uncompressed grey TIFF of uint16 or uint8 pages, to the specification (revision 6.0)."""
    data = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 8)
    for number, page in enumerate(pages):
        bits = page.dtype.itemsize * 8
        entries = {
            256: page.shape[1], 257: page.shape[0], 258: bits, 259: 1, 262: 1, 273: 0, 277: 1,
            278: page.shape[0], 279: page.nbytes, **{int(k[1:]): v for k, v in tags.items()},
        }  # fmt: skip
        size = 2 + 12 * len(entries) + 4
        if 273 not in {int(k[1:]) for k in tags}:
            entries[273] = len(data) + size
        after = len(data) + size + page.nbytes if number + 1 < len(pages) else 0
        directory = struct.pack(f"{order}H", len(entries))
        for tag, value in sorted(entries.items()):
            directory += struct.pack(f"{order}HHII", tag, 4, 1, value)
        data += directory + struct.pack(f"{order}I", after)
        data += page.astype(page.dtype.newbyteorder(order)).tobytes()
    return data


KELVIN = np.linspace(290.0, 330.0, 96).reshape(2, 6, 8)


def folder_of(tmp_path: Path, frames: np.ndarray) -> Path:
    for name in ("warm", "cold"):
        (tmp_path / "in" / name).mkdir(parents=True, exist_ok=True)
        for k in range(2):
            (tmp_path / "in" / name / f"{k}.tiff").write_bytes(tiff(list(frames)))
    return tmp_path / "in"


def road(tmp_path: Path, names: list[str]) -> Path:
    for side in ("visible", "infrared"):
        (tmp_path / "road" / side).mkdir(parents=True, exist_ok=True)
    for k, name in enumerate(names):
        size = (50 + 2 * k, 40)
        x = np.linspace(0, 255, size[0])[None].repeat(size[1], 0)
        photo = np.stack([x, x, x], -1)
        for side, picture in (("visible", photo), ("infrared", 255 - x)):
            file = tmp_path / "road" / side / f"{name}.jpg"
            Image.fromarray(picture.astype(np.uint8)).save(file, quality=95)
    return tmp_path / "road"
