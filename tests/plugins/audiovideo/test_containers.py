"""Real containers, written by the tests with PyAV, come back whole or not at all."""

from __future__ import annotations

import wave as wave_module
from pathlib import Path

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_audiovideo.audio import Audio
from stillage_audiovideo.modality import Video
from stillage_audiovideo.readers.containers import (
    FORMATS,
    contents,
    read_clip,
    read_sound,
    resampled,
)
from tests.plugins.audiovideo.av_files import write_clip, write_sound

RATE = 24000


def tone(seconds: float = 2.0, rate: int = RATE, channels: int = 1) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    return 0.3 * np.stack([np.sin(2 * np.pi * 440 * (k + 1) * time) for k in range(channels)])


def pictures(count: int = 20) -> np.ndarray:
    """Smooth pictures (a codec keeps them) whose brightness counts the frames."""
    ramp = np.linspace(0, 100, 48)[None, None, :, None] * np.ones((count, 32, 1, 3))
    return (ramp + 7 * np.arange(count)[:, None, None, None]).astype(np.uint8)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_sound_files_are_lossless(tmp_path: Path, suffix: str) -> None:
    written = tone(channels=2)
    sound = read_sound(write_sound(tmp_path / f"a{suffix}", written, RATE), RATE)
    assert (sound.rate_hz, sound.start) == (RATE, 0.0)
    np.testing.assert_allclose(sound.wave, written.mean(0), atol=4e-5)


def test_wav_of_the_standard_library_is_read(tmp_path: Path) -> None:
    samples = (tone(0.5)[0] * 32767).astype("<i2")
    with wave_module.open(str(tmp_path / "plain.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    sound = read_sound(tmp_path / "plain.wav", RATE)
    np.testing.assert_array_equal(sound.wave, samples.astype(np.float32) / 32768)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_pictures_come_with_their_times(tmp_path: Path, suffix: str) -> None:
    written = pictures()
    clip = read_clip(write_clip(tmp_path / f"c{suffix}", written, 10, tone(), RATE))
    assert clip.frames.shape == written.shape
    np.testing.assert_allclose(clip.times, np.arange(20) / 10, atol=1e-3)
    assert np.abs(clip.frames.astype(int) - written).mean() < (0.01 if suffix == ".mkv" else 3)


def test_matroska_keeps_late_sound_and_uneven_frames(tmp_path: Path) -> None:
    times = np.array([0.0, 0.1, 0.15, 0.4, 0.42, 0.9, 1.0, 1.3])
    path = write_clip(tmp_path / "late.mkv", pictures(8), 25, tone(), RATE, late=0.25, times=times)
    np.testing.assert_allclose(read_clip(path).times, times, atol=1.1e-3)
    sound = read_sound(path, RATE)
    assert sound.start == pytest.approx(0.25, abs=1e-3)
    np.testing.assert_allclose(sound.wave, tone()[0], atol=4e-5)


def test_lossy_sound_is_where_its_times_say(tmp_path: Path) -> None:
    click = np.zeros((1, 2 * RATE))
    click[0, RATE : RATE + 480] = 0.8 * np.sin(2 * np.pi * 1000 * np.arange(480) / RATE)
    sound = read_sound(write_clip(tmp_path / "c.mp4", pictures(), 10, click, RATE, late=0.3))
    loudest = np.abs(sound.wave).argmax() / sound.rate_hz + sound.start
    assert loudest == pytest.approx(1.3, abs=0.02)


def test_sound_is_resampled_without_delay(tmp_path: Path) -> None:
    sound = read_sound(write_sound(tmp_path / "a.wav", tone(rate=44100), 44100))
    assert sound.rate_hz == 16000
    assert len(sound.wave) == 32000
    inner = slice(200, -200)
    np.testing.assert_allclose(sound.wave[inner], tone(rate=16000)[0][inner], atol=2e-3)
    assert resampled(np.ones(10, np.float32), 8000, 8000).shape == (10,)


def test_modalities_read_files(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "c.mkv", pictures(5), 10, tone(0.5), RATE)
    sound, clip = Audio().read(path), Video().read(path)
    Audio().check(sound[None])
    Video().check(clip[None])
    assert sound.shape == (8000,)
    assert clip.shape == (5, 32, 48, 3)


def test_contents_are_told_without_decoding(tmp_path: Path) -> None:
    held = contents(write_clip(tmp_path / "c.avi", pictures(), 10, tone(), RATE))
    assert held.video_s == pytest.approx(2.0, abs=0.05)
    assert held.audio_s == pytest.approx(2.0, abs=0.05)
    assert contents(write_sound(tmp_path / "a.wav", tone(), RATE)).video_s is None


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
@pytest.mark.parametrize("share", [0.02, 0.4, 0.8])
def test_a_clip_that_was_cut_off_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    data = write_clip(tmp_path / f"c{suffix}", pictures(), 10, tone(), RATE).read_bytes()
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(data[: int(share * len(data))])
    for read in (read_clip, read_sound):
        with pytest.raises(BadInput) as told:
            read(cut)
        assert "\n" not in str(told.value)
        assert str(told.value).startswith(str(cut))


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_sound_that_was_cut_off_is_refused(tmp_path: Path, suffix: str) -> None:
    data = write_sound(tmp_path / f"a{suffix}", tone(), RATE).read_bytes()
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(data[: len(data) // 2])
    with pytest.raises(BadInput, match=r"cut off|unreadable|as its header says"):
        read_sound(cut)


def test_headers_that_promise_too_much_are_refused_before_decoding(tmp_path: Path) -> None:
    data = bytearray(write_sound(tmp_path / "a.flac", tone(), RATE).read_bytes())
    # STREAMINFO (RFC 9639, 8.2): 36 bits of total samples end at byte 26 of the file.
    data[21] |= 0x0F
    data[22:26] = b"\xff" * 4
    (tmp_path / "long.flac").write_bytes(bytes(data))
    with pytest.raises(BadInput, match="at most 3600 s"):
        read_sound(tmp_path / "long.flac")
    with pytest.raises(BadInput, match="bytes decoded"):
        read_clip(write_clip(tmp_path / "c.mkv", pictures(), 10), 4000, 4000)


def test_a_playlist_in_disguise_names_no_file(tmp_path: Path) -> None:
    secret = write_sound(tmp_path / "secret.wav", tone(), RATE)
    for suffix in (".mp4", ".mkv", ".wav", ".mp3"):
        trap = tmp_path / f"trap{suffix}"
        trap.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{secret}\n#EXT-X-ENDLIST\n")
        with pytest.raises(BadInput):
            read_sound(trap)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    silent = write_clip(tmp_path / "c.mkv", pictures(), 10)
    with pytest.raises(BadInput, match="no sound"):
        read_sound(silent)
    with pytest.raises(BadInput, match="no pictures"):
        read_clip(write_sound(tmp_path / "a.wav", tone(), RATE))
    with pytest.raises(BadInput, match="file type"):
        read_sound(tmp_path / "a.exe")
    with pytest.raises(BadInput, match="unreadable"):
        read_sound(tmp_path / "none.wav")
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(BadInput, match="unreadable"):
        read_clip(tmp_path / "empty.mp4")


@pytest.mark.parametrize("content", [b"", bytes(1000), b"\xff" * 4096])
def test_rubbish_is_refused_without_a_traceback(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes
) -> None:
    for suffix in FORMATS:
        (tmp_path / f"a{suffix}").write_bytes(content)
        with pytest.raises(BadInput):
            read_sound(tmp_path / f"a{suffix}")
    assert "Traceback" not in capfd.readouterr().err
