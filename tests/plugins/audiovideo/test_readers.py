"""Readers ``knock`` and ``clips``: groups, traps, clocks; and the manifest on sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.recording import Recording, describe
from stillage.recording.manifest.reader import read_manifest
from stillage_audiovideo.readers import clips, knock
from stillage_audiovideo.readers.options import ClipOptions
from tests.plugins.audiovideo.av_files import knock_set, write_clip, write_sound
from tests.plugins.audiovideo.av_scenes import RATE, bounces


def test_knock_leaves_out_copies_and_dead_clips(tmp_path: Path) -> None:
    folder = knock_set(tmp_path / "knocks")
    first, copy = folder / "train" / "Wood" / "9.flac", folder / "test" / "Wood" / "9.flac"
    copy.write_bytes(first.read_bytes())
    write_sound(folder / "train" / "Marble" / "18.flac", np.zeros((1, 44100)), 44100)
    with Recording.open(knock.read(folder, tmp_path / "out.h5")) as recording:
        assert recording.samples == 16
        notes = " ".join(describe(recording)["notes"])
        info = describe(recording)
    assert "test/Wood/9.flac (of train/Wood/9.flac)" in notes
    assert "dead (constant): train/Marble/18.flac" in notes
    assert "quietest 80 ms" in notes
    assert info["groups"] == 3 * 6 - 2
    assert info["split"] == {"train": 8, "test": 8}
    assert info["modalities"]["audio"]["rate_hz"] == 16000.0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda f: (f / "train" / "Wood" / "9.flac").rename(f / "train/Wood/x.flac"),
            "'x'",
        ),
        (lambda f: (f / "train" / "Wood" / "9.flac").write_bytes(b"fLaC"), "unreadable"),
        (
            lambda f: write_sound(f / "test" / "Wood" / "9.flac", np.ones((1, 22050)) / 2, 44100),
            "0.5000 s",
        ),
    ],
)
def test_knock_refuses_in_one_line_and_writes_nothing(
    tmp_path: Path, change: Callable[[Path], object], told: str
) -> None:
    folder = knock_set(tmp_path / "knocks", 1)
    change(folder)
    with pytest.raises(BadInput, match=told):
        knock.read(folder, tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()
    with pytest.raises(BadInput, match="no such folder"):
        knock.read(tmp_path / "none", tmp_path / "out.h5")


def test_knock_reads_the_real_set(real_data: Path, tmp_path: Path) -> None:
    path = knock.read(real_data / "material_knock_audio", tmp_path / "knock.h5")
    with Recording.open(path) as recording:
        info = describe(recording)
        wave = np.asarray(recording.read("audio", np.arange(3)))
    assert info["samples"] == 300
    assert info["groups"] == 30
    assert info["split"] == {"train": 240, "test": 60}
    assert wave.shape == (3, 16000)
    assert 0.005 < np.abs(wave).max() <= 1.0


@pytest.fixture(scope="module")
def bouncing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of clips, one file late by .3 s, one without sound, one a copy."""
    folder = tmp_path_factory.mktemp("clips")
    for name, offset, seed in (("slow/a.mkv", 0.3, 1), ("slow/b.mp4", 0.0, 2)):
        (folder / name).parent.mkdir(exist_ok=True)
        scene = bounces(offset, seconds=6.0, seed=seed, count=6)
        write_clip(folder / name, scene.frames, 25, scene.wave[None], RATE)
    (folder / "fast").mkdir()
    silent = bounces(seconds=2.5, seed=3)
    write_clip(folder / "fast/c.avi", silent.frames, 25)
    (folder / "fast/copy.mkv").write_bytes((folder / "slow/a.mkv").read_bytes())
    write_sound(folder / "fast/d.wav", 0.1 * np.ones((1, 3 * RATE)), RATE)
    (folder / "fast/notes.txt").write_text("not a container")
    return folder


def test_clips_keep_each_stream_s_clock(bouncing: Path, tmp_path: Path) -> None:
    path = clips.read(bouncing, tmp_path / "out.h5", ClipOptions(width=16, height=12))
    with Recording.open(path) as recording:
        info = describe(recording)
        audio, video = recording.presence("audio"), recording.presence("video")
        assert np.shape(recording.read("video", np.array([0]))) == (1, 10, 12, 16, 3)
        stamps = recording.timestamps("audio")
        assert recording.samples == len(audio) == 2 + 6 + 6
    assert stamps is not None
    assert info["groups"] == 3
    assert audio.sum() in (11, 12)  # AAC ends a little before or after its pictures
    assert (~audio[:2]).all()
    assert video.sum() == 14
    assert np.all(np.diff(stamps[2:7]) > 0.9)
    told = info["provenance"]
    assert float(told["offset of fast/copy.mkv"].split(" s")[0]) == pytest.approx(0.3, abs=0.02)
    assert float(told["offset of slow/b.mp4"].split(" s")[0]) == pytest.approx(0.0, abs=0.03)
    notes = " ".join(info["notes"])
    assert "slow/a.mkv (of fast/copy.mkv)" in notes
    assert "3 dead readings" in notes


def test_clips_can_be_aligned_by_the_offset_found(tmp_path: Path) -> None:
    scene = bounces(0.3, seconds=6.0, seed=1, count=6)
    (tmp_path / "in").mkdir()
    write_clip(tmp_path / "in" / "a.mkv", scene.frames, 25, scene.wave[None], RATE)
    firsts = []
    for align in (False, True):
        path = clips.read(
            tmp_path / "in", tmp_path / f"{align}.h5", ClipOptions(align=align, width=8, height=8)
        )
        with Recording.open(path) as recording:
            sound, picture = recording.timestamps("audio"), recording.timestamps("video")
            assert sound is not None
            assert picture is not None
            firsts.append(float(sound[0]))
            assert picture[0] == pytest.approx(0.04, abs=0.02)
    assert firsts[1] - firsts[0] == pytest.approx(0.3, abs=0.04)


def test_clips_refuse_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such folder"):
        clips.read(tmp_path / "none", tmp_path / "out.h5")
    (tmp_path / "in").mkdir()
    with pytest.raises(BadInput, match="0 containers"):
        clips.read(tmp_path / "in", tmp_path / "out.h5")
    (tmp_path / "in" / "a.mp4").write_bytes(b"\x00" * 100)
    with pytest.raises(BadInput, match="unreadable"):
        clips.read(tmp_path / "in", tmp_path / "out.h5")
    write_sound(tmp_path / "outside.wav", np.zeros((1, RATE)), RATE)
    (tmp_path / "in" / "a.mp4").unlink()
    (tmp_path / "in" / "link.wav").symlink_to(tmp_path / "outside.wav")
    with pytest.raises(BadInput, match="0 containers"):
        clips.read(tmp_path / "in", tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def test_a_manifest_takes_sounds_of_any_rate(tmp_path: Path) -> None:
    for k, rate in enumerate((8000, 44100)):
        write_sound(tmp_path / f"{k}.wav", 0.1 * np.ones((1, rate)), rate)
    (tmp_path / "m.csv").write_text("group,path:audio,target:m\na,0.wav,x\nb,1.wav,y\n")
    with Recording.open(read_manifest(tmp_path / "m.csv", tmp_path / "m.h5")) as recording:
        assert np.shape(recording.read("audio", np.arange(2))) == (2, 16000)
        assert describe(recording)["modalities"]["audio"]["rate_hz"] == 16000.0


def test_clips_name_files_whose_sound_is_too_short(tmp_path: Path) -> None:
    """Two seconds of pictures with half a second of sound: the sound does not vanish untold."""
    (tmp_path / "in").mkdir()
    scene = bounces(seconds=2.0, seed=1)
    wave = scene.wave[None, : RATE // 2]
    write_clip(tmp_path / "in" / "a.mkv", scene.frames, 25, wave, RATE)
    write_clip(tmp_path / "in" / "b.mkv", scene.frames[::-1].copy(), 25, scene.wave[None], RATE)
    with Recording.open(
        clips.read(tmp_path / "in", tmp_path / "out.h5", ClipOptions(seconds=0.9))
    ) as found:
        assert "no whole sample of their sound, which is absent: a.mkv" in found.notes
        assert not found.presence("audio")[found.groups[:] == "a.mkv"].any()
