"""Pictures, clips and sound of a manifest are whole, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stillage.errors import BadInput
from stillage.recording.manifest.files import load_sample
from tests.plugins.audiovideo.av_files import write_clip, write_sound

SUFFIXES = (".mkv", ".avi", ".mp4", ".wav", ".flac", ".jpg", ".png", ".bmp")


def written(path: Path) -> Path:
    draw = np.random.default_rng(0)
    frames = draw.integers(0, 256, (20, 32, 48, 3)).astype(np.uint8)
    if path.suffix in (".mkv", ".avi", ".mp4"):
        return write_clip(path, frames, 10)
    if path.suffix in (".wav", ".flac"):
        return write_sound(path, 0.2 * draw.standard_normal((1, 16000)), 8000)
    Image.fromarray(frames[0]).save(path)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = written(tmp_path / f"a{suffix}")
    assert load_sample(path, "", (0, 0), "here").data.size
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(BadInput, match=r"^here: found unreadable file 'a\.") as told:
        load_sample(path, "", (0, 0), "here")
    assert "\n" not in str(told.value)


def test_what_follows_a_jpeg_s_end_does_not_matter(tmp_path: Path) -> None:
    data = written(tmp_path / "a.jpg").read_bytes()
    whole = load_sample(tmp_path / "a.jpg", "", (0, 0), "here").data
    (tmp_path / "b.jpg").write_bytes(data + bytes(5000))
    np.testing.assert_array_equal(load_sample(tmp_path / "b.jpg", "", (0, 0), "here").data, whole)


def test_a_thumbnail_s_end_is_not_the_picture_s(tmp_path: Path) -> None:
    data = written(tmp_path / "a.jpg").read_bytes()
    held = b"Exif\x00\x00" + data
    thumbnail = b"\xff\xe1" + (len(held) + 2).to_bytes(2, "big") + held
    both = data[:2] + thumbnail + data[2:]
    (tmp_path / "b.jpg").write_bytes(both)
    assert load_sample(tmp_path / "b.jpg", "", (0, 0), "here").data.shape == (1, 32, 48, 3)
    (tmp_path / "b.jpg").write_bytes(both[:-500])
    with pytest.raises(BadInput, match="a JPEG without its end"):
        load_sample(tmp_path / "b.jpg", "", (0, 0), "here")
