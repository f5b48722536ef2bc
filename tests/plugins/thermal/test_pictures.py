"""Thermal files written byte by byte to TIFF 6.0, by Pillow, and hostile ones."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stillage.errors import BadInput
from stillage_thermal.readers.pictures import read_colour, read_frames, read_grey
from tests.plugins.thermal.thermal_files import Order, tiff


def clip(frames: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(29000, 33000, (frames, 6, 8)).astype(np.uint16)


@pytest.mark.parametrize("order", ["<", ">"])
def test_pages_of_either_byte_order(tmp_path: Path, order: Order) -> None:
    frames = clip()
    (tmp_path / "a.tiff").write_bytes(tiff(list(frames), order))
    np.testing.assert_array_equal(read_frames(tmp_path / "a.tiff"), frames)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate"])
def test_compressed_pages(tmp_path: Path, compression: str) -> None:
    frames = clip(2)
    first, second = (Image.fromarray(frame) for frame in frames)
    first.save(tmp_path / "a.tif", save_all=True, append_images=[second], compression=compression)
    np.testing.assert_array_equal(read_frames(tmp_path / "a.tif"), frames)


def test_eight_bits_are_no_temperature_and_sixteen_no_picture(tmp_path: Path) -> None:
    (tmp_path / "eight.tif").write_bytes(tiff([np.zeros((4, 4), np.uint8)]))
    (tmp_path / "deep.tif").write_bytes(tiff([np.zeros((4, 4), np.uint16)]))
    with pytest.raises(BadInput, match="mode L, expected 16-bit grey"):
        read_frames(tmp_path / "eight.tif")
    with pytest.raises(BadInput, match="expected 8 bits"):
        read_grey(tmp_path / "deep.tif")
    assert read_grey(tmp_path / "eight.tif").shape == (4, 4)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"t256": 10**6, "t257": 10**6}, "exceeds limit"),
        ({"t256": 9000, "t257": 9000}, "pixels or more"),
        ({"t257": 4000}, "1 strips, expected enough for 4000 rows"),
        ({"t257": 4000, "t278": 4000}, "96 bytes of strips"),
        ({"t273": 2**31 - 1}, "expected a TIFF of 16-bit grey"),
        ({"t258": 64}, "expected a TIFF of 16-bit grey"),
        ({"t259": 34661}, "expected a TIFF of 16-bit grey"),
    ],
)
def test_hostile_headers_are_refused_in_one_line(
    tmp_path: Path, tags: dict[str, Any], message: str
) -> None:
    (tmp_path / "a.tif").write_bytes(tiff([clip(1)[0]], **tags))
    with pytest.raises(BadInput, match=message) as caught:
        read_frames(tmp_path / "a.tif")
    assert "\n" not in str(caught.value)


def test_pages_in_a_circle_end(tmp_path: Path) -> None:
    data = bytearray(tiff([clip(1)[0]]))
    place = 8 + 2 + 12 * 9
    data[place : place + 4] = struct.pack("<I", 8)
    (tmp_path / "a.tif").write_bytes(bytes(data))
    np.testing.assert_array_equal(read_frames(tmp_path / "a.tif"), clip(1))


def test_many_pages_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stillage_thermal.readers.pictures.MAX_FRAMES", 5)
    (tmp_path / "a.tif").write_bytes(tiff(list(clip(6))))
    with pytest.raises(BadInput, match="found 6 pages"):
        read_frames(tmp_path / "a.tif")


def test_pages_of_different_sizes_and_foreign_files_are_refused(tmp_path: Path) -> None:
    frames = clip(2)
    (tmp_path / "a.tif").write_bytes(tiff([frames[0], frames[1][:4]]))
    with pytest.raises(BadInput, match="pages of one size"):
        read_frames(tmp_path / "a.tif")
    (tmp_path / "b.tif").write_bytes(b"GIF89a")
    with pytest.raises(BadInput, match="expected a TIFF"):
        read_frames(tmp_path / "b.tif")
    with pytest.raises(BadInput, match="no such file"):
        read_frames(tmp_path / "none.tif")
    (tmp_path / "c.jpg").write_bytes(b"\xff\xd8\xff\xe0short")
    with pytest.raises(BadInput, match="expected an 8-bit picture"):
        read_grey(tmp_path / "c.jpg")


def test_pictures_are_cut_to_the_middle_and_averaged(tmp_path: Path) -> None:
    x = np.arange(60)
    Image.fromarray(np.tile(x[None, :, None] * 4, (20, 1, 3)).astype(np.uint8)).save(
        tmp_path / "a.png"
    )
    found = read_colour(tmp_path / "a.png", (10, 5))
    assert found.shape == (5, 10, 3)
    # 40 of 60 columns remain, in blocks of 4: means of 10..13, 14..17, ... times 4
    np.testing.assert_allclose(found[0, :, 0], (11.5 + 4.0 * np.arange(10)) * 4.0, atol=1)
    assert read_grey(tmp_path / "a.png").shape == (20, 60)


@pytest.mark.parametrize("order", ["<", ">"])
def test_damaged_files_are_read_or_refused_in_one_line(tmp_path: Path, order: Order) -> None:
    whole, random, refused = tiff(list(clip(2)), order), np.random.default_rng(0), 0
    for _ in range(200):
        damaged = bytearray(whole)
        for _ in range(random.integers(1, 4)):
            damaged[int(random.integers(140))] = int(random.integers(256))
        (tmp_path / "a.tif").write_bytes(bytes(damaged))
        try:
            frames = read_frames(tmp_path / "a.tif")
        except BadInput as error:
            refused += 1
            if "\n" in str(error):
                raise
        else:
            assert frames.dtype == np.uint16
    assert refused > 50
