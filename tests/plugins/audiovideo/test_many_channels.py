"""Sound of eight channels and more, whose planes PyAV cannot copy without crashing."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from stillage.recording import Recording
from stillage.recording.manifest.reader import read_manifest
from stillage_audiovideo.readers.containers import read_sound

RATE = 16000


def write(path: Path, channels: int) -> np.ndarray:
    values = np.random.default_rng(channels).integers(-9000, 9000, (RATE, channels))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(values.astype("<i2").tobytes())
    return np.asarray(values / 32768.0)


def test_channels_are_averaged_however_many(tmp_path: Path) -> None:
    for channels in (1, 2, 6, 8, 16):
        values = write(tmp_path / "a.wav", channels)
        np.testing.assert_allclose(read_sound(tmp_path / "a.wav").wave, values.mean(1), atol=1e-6)


def test_a_manifest_keeps_each_channel(tmp_path: Path) -> None:
    values = write(tmp_path / "a.wav", 8)
    (tmp_path / "m.csv").write_text("group,path:din[1]\ng,a.wav\n")
    with Recording.open(read_manifest(tmp_path / "m.csv", tmp_path / "o.h5")) as recording:
        np.testing.assert_allclose(recording.read("din", np.array([0]))[0], values, atol=1e-6)
