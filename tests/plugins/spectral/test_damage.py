"""Files with bytes changed at random are read or refused in one line; nothing else escapes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_spectral.readers.cubes import read_envi
from stillage_spectral.readers.jcamp import read_jcamp
from stillage_spectral.readers.photos import load
from stillage_spectral.readers.tables import read_table
from tests.plugins.spectral.envi_files import listed, write_envi
from tests.plugins.spectral.spectra_files import VALUES, write_jcamp
from tests.plugins.spectral.test_jcamp import encode

ROUNDS = 250


def jcamp(folder: Path) -> Path:
    lines = [f"1000{encode(VALUES[:5])}", f"1040{encode(VALUES[4:])}", f"1090{encode(VALUES[9:])}"]
    return write_jcamp(folder / "a.dx", lines)


def envi(folder: Path) -> Path:
    cube = np.arange(60, dtype=np.uint16).reshape(3, 4, 5) + 1
    fields = {"wavelength units": "nm", "bbl": listed([1, 1, 0, 1, 1])}
    return write_envi(folder, "a", cube, wavelength=listed(range(1000, 1500, 100)), **fields)


def table(folder: Path) -> Path:
    path = folder / "a.csv"
    path.write_text("name,1000,1010,1020\na,0.1,0.2,0.3\nb,0.4,0.5,0.6\n")
    return path


@pytest.mark.parametrize(
    ("make", "read"), [(jcamp, read_jcamp), (envi, read_envi), (table, read_table)]
)
def test_damaged_files_are_read_or_refused(
    tmp_path: Path, make: Callable[[Path], Path], read: Callable[[Path], Any]
) -> None:
    path = make(tmp_path)
    whole, random, refused = path.read_bytes(), np.random.default_rng(0), 0
    read(path)
    for _ in range(ROUNDS):
        damaged = bytearray(whole)
        for _ in range(random.integers(1, 4)):
            place = int(random.integers(len(damaged)))
            how = random.integers(3)
            if how == 0:
                damaged[place] = int(random.integers(256))
            elif how == 1:
                del damaged[place : place + int(random.integers(1, 9))]
            else:
                damaged[place:place] = bytes(random.choice(list(b"9e-+={}sZ?,\n"), 3).tolist())
        path.write_bytes(bytes(damaged))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                read(path)
            except BadInput as error:
                refused += 1
                one_line = "\n" not in str(error)
                if not one_line:
                    raise
    assert refused > ROUNDS // 10


def test_many_blocks_of_repeat_counts_are_refused(tmp_path: Path) -> None:
    block = (
        "##TITLE=a\n##XUNITS=NANOMETERS\n##YUNITS=REFLECTANCE\n##FIRSTX=1000\n##LASTX=66535\n"
        "##NPOINTS=65536\n##XYDATA=(X++(Y..Y))\n1000 AX5536\n##END=\n"
    )
    path = tmp_path / "a.dx"
    path.write_text("##TITLE=all\n##DATA TYPE=LINK\n" + block * 66 + "##END=\n")
    assert path.stat().st_size < 2**14
    with pytest.raises(BadInput, match="over 4194304 points"):
        read_jcamp(path)


@pytest.mark.parametrize("size", [(1, 1), (8, 3), (1, 4000)])
def test_photos_too_small_to_hold_paper_are_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", size).save(tmp_path / "a.jpg")
    with pytest.raises(BadInput, match="sides of 64 or more"):
        load(tmp_path / "a.jpg")
