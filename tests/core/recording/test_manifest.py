"""A CSV of people's own files becomes a recording; nothing outside its folder is touched."""

from __future__ import annotations

import io
import os
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.recording import Recording
from stillage.recording.manifest.header import Column, Line
from stillage.recording.manifest.reader import KEEP_BYTES, MOST_BYTES, _batches, read_manifest
from stillage.recording.specs import ManifestOptions
from stillage.task import LabelState

HEADER = (
    "group,split,path:probe[V],time:probe,path:video,target:polymer{PP|PET},target:mass[g],"
    "target:grade{low<mid<top},comment\n"
)
LINES = (
    "item 1,train,a.npy,1.5,red.png,PP,4.5,top,first\n"
    "item 1,train,sub/b.csv,2,red.png,PP,4.5,,\n"
    "предмет 2,test,all.npz#x,,blue.png,ABS,,low,\n"
    "item 3,train,,,,PET,0.5,mid,no files\n"
)
PROBE = {k: np.arange(4, dtype=np.float32) + k for k in range(3)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "set"
    (home / "sub").mkdir(parents=True)
    np.save(home / "a.npy", PROBE[0])
    np.savetxt(home / "sub" / "b.csv", PROBE[1][None], delimiter=",", header="w,x,y,z")
    np.savez(home / "all.npz", x=PROBE[2], other=np.zeros(9))
    picture(home / "red.png", (200, 30, 10))
    picture(home / "blue.png", (10, 30, 200))
    (home / "set.csv").write_text((HEADER + LINES).replace(",,blue", ",3,blue"), encoding="utf-8")
    (tmp_path / "secret.npy").write_bytes((home / "a.npy").read_bytes())
    return home


def picture(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (12, 8)) -> None:
    import av

    pixels = np.zeros((size[1], size[0], 3), np.uint8) + np.array(colour, np.uint8)
    with av.open(str(path), "w", format="image2") as media:
        stream = media.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = size[0], size[1], "rgb24"
        for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")):
            media.mux(packet)
        for packet in stream.encode(None):
            media.mux(packet)


def test_everything_it_can_hold(folder: Path, tmp_path: Path) -> None:
    out = read_manifest(
        folder / "set.csv",
        tmp_path / "a.h5",
        ManifestOptions(teacher="probe, video", student="video", task="polymer"),
    )
    with Recording.open(out) as recording:
        assert recording.groups.tolist() == ["item 1", "item 1", "предмет 2", "item 3"]
        assert recording.split is not None
        assert recording.split.tolist() == ["train", "train", "test", "train"]
        assert recording.defaults == {
            "teacher": ["probe", "video"], "student": ["video"], "task": "polymer",
        }  # fmt: skip
        probe = recording.modalities["probe"]
        assert (probe.shape, probe.dtype, probe.unit, probe.count) == ((4,), "float32", "V", 3)
        np.testing.assert_array_equal(recording.read("probe")[:3], list(PROBE.values()))
        np.testing.assert_array_equal(recording.presence("probe"), [True, True, True, False])
        np.testing.assert_array_equal(recording.timestamps("probe"), [1.5, 2, 3, np.nan])
        video = recording.modalities["video"]
        assert (video.shape, video.unit, video.axes[0]) == ((1, 8, 12, 3), "1/255", "frame")
        assert video.count == 2, "the shared picture is stored once"
        assert np.asarray(recording.read("video", np.array([1])))[0, 0, 0, 0].tolist() == [
            200,
            30,
            10,
        ]
        polymer, mass, grade = (recording.targets[k] for k in ("polymer", "mass", "grade"))
        assert polymer.states.tolist() == [1, 1, LabelState.OUT_OF_SET, 1]
        assert polymer.values.tolist() == [0, 0, -1, 1]
        assert mass.task.unit == "g"
        assert mass.states.tolist() == [1, 1, LabelState.UNLABELLED, 1]
        assert grade.kind == "ordinal"
        assert grade.classes == ("low", "mid", "top")
        assert grade.values.tolist() == [2, -1, 0, 1]


def test_sound_clips_and_scaling(tmp_path: Path) -> None:
    sound = (np.sin(np.arange(800) / 8.0) * 20_000).astype("<i2")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.stack([sound, -sound], 1).tobytes())
    for name, size in (("a.png", (12, 8)), ("b.png", (30, 20))):
        picture(tmp_path / name, (90, 80, 70), size)
    table = "group,path:sound[1],path:video\na,a.wav,a.png\nb,,b.png\n"
    (tmp_path / "set.csv").write_text(table)
    with pytest.raises(BadInput, match=r"shapes \(1, 8, 12, 3\) and \(1, 20, 30, 3\).*-o width="):
        read_manifest(tmp_path / "set.csv", tmp_path / "a.h5")
    out = read_manifest(
        tmp_path / "set.csv", tmp_path / "a.h5", ManifestOptions(width=10, height=6)
    )
    with Recording.open(out) as recording:
        assert recording.modalities["video"].shape == (1, 6, 10, 3)
        assert recording.modalities["sound"].rate_hz == 8000
        heard = recording.read("sound", np.array([0]))[0]
        np.testing.assert_allclose(heard, np.stack([sound, -sound], 1) / 32768, atol=1e-4)


def test_lengths_that_differ_make_it_ragged(tmp_path: Path) -> None:
    for k in range(3):
        np.save(tmp_path / f"{k}.npy", np.full((k + 1, 2), k, np.int16))
    lines = "".join(f"g{k},{k}.npy\n" for k in range(3))
    (tmp_path / "set.csv").write_text("group,path:tracks[px]\n" + lines)
    with Recording.open(read_manifest(tmp_path / "set.csv", tmp_path / "a.h5")) as recording:
        assert recording.modalities["tracks"].ragged
        assert [len(row) for row in recording.read("tracks")] == [1, 2, 3]


BAD: dict[str, tuple[str, str]] = {
    "column": ("group,path:a[V],targt:x\ng,a.npy,1\n", "column 'targt:x'"),
    "no group": ("path:a[V]\na.npy\n", "no group column"),
    "no path": ("group,target:x\ng,1\n", "no path column"),
    "unit": ("group,path:a\ng,a.npy\n", "path:a without a unit"),
    "known unit": ("group,path:video[m]\ng,red.png\n", "video in 'm', expected '1/255'"),
    "twice": ("group,path:a[V],path:a[V]\ng,a.npy,a.npy\n", "path:a twice"),
    "cells": ("group,path:a[V]\ng,a.npy,1\n", "line 2: found 3 cells, expected 2"),
    "number": ("group,path:a[V],target:m[g]\ng,a.npy,heavy\n", "line 2 target m: found 'heavy'"),
    "nan": ("group,path:a[V],target:m[g]\ng,a.npy,nan\n", "line 2 target m: found 'nan'"),
    "one class": ("group,path:a[V],target:m\ng,a.npy,x\n", "two or more names"),
    "time": ("group,path:a[V],time:a\ng,a.npy,noon\n", "line 2 a time: found 'noon'"),
    "time of": ("group,path:a[V],time:b\ng,a.npy,1\n", "time:b"),
    "group": ("group,path:a[V]\n,a.npy\n", "line 2 group"),
    "leak": ("group,split,path:a[V]\ng,train,a.npy\ng,test,a.npy\n", "'g' in two parts"),
    "empty": ("group,path:a[V]\n", "no lines"),
    "missing": ("group,path:a[V]\ng,b.npy\n", "line 2 a: found no file 'b.npy'"),
    "suffix": ("group,path:a[V]\ng,set.txt\n", "file type '.txt'"),
    "above": ("group,path:a[V]\ng,../secret.npy\n", "found path '../secret.npy'"),
    "dotted": ("group,path:a[V]\ng,sub/../../secret.npy\n", "inside the manifest's folder"),
    "windows": ("group,path:a[V]\ng,..\\secret.npy\n", "inside the manifest's folder"),
    "absolute": ("group,path:a[V]\ng,/etc/hostname.npy\n", "inside the manifest's folder"),
    "link": ("group,path:a[V]\ng,link.npy\n", "inside the manifest's folder"),
    "linked folder": ("group,path:a[V]\ng,up/secret.npy\n", "inside the manifest's folder"),
    "dot": ("group,path:a[V]\ng,.\n", "no file '.'"),
    "pickle": ("group,path:a[V]\ng,pickle.npy\n", "unreadable file 'pickle.npy'"),
    "short": ("group,path:a[V]\ng,short.npy\n", "unreadable file 'short.npy'"),
    "huge": ("group,path:a[V]\ng,huge.npy\n", "unreadable file 'huge.npy'"),
    "bomb": ("group,path:a[V]\ng,bomb.npz\n", "unreadable file 'bomb.npz'"),
    "lying bomb": ("group,path:a[V]\ng,lying.npz\n", "unreadable file 'lying.npz'"),
    "which": ("group,path:a[V]\ng,all.npz\n", "one, or FILE.npz#NAME"),
    "reading": ("group,path:a[V]\ng,nan.npy\n", "line 2 a: found NaN or infinity at (1,)"),
    "words": ("group,path:a[V]\ng,words.npy\n", "dtype <U1"),
    "shape": ("group,path:a[V]\ng,a.npy\nh,square.npy\n", "readings of shapes"),
    "picture": ("group,path:video\ng,fake.png\n", "unreadable file 'fake.png'"),
    "playlist": ("group,path:video\ng,list.mp4\n", "unreadable file 'list.mp4'"),
    "spec": ("group,path:video\ng,a.npy\n", "a reading of shape (4,), expected uint8"),
    "task": ("group,path:a[V]\ng,a.npy\n", "task"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_manifests_are_one_line_and_write_nothing(
    folder: Path, tmp_path: Path, kind: str
) -> None:
    text, message = BAD[kind]
    spoil(folder, kind)
    (folder / "bad.csv").write_text(text)
    (tmp_path / "out").mkdir()
    with pytest.raises(BadInput) as error:
        read_manifest(
            folder / "bad.csv",
            tmp_path / "out" / "a.h5",
            ManifestOptions(task="colour" if kind == "task" else ""),
        )
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert list((tmp_path / "out").iterdir()) == []


def spoil(folder: Path, kind: str) -> None:
    """Put bad files beside the good ones."""
    if kind == "bomb":
        write_bomb(folder / "bomb.npz")
    whole = (folder / "a.npy").read_bytes()
    (folder / "short.npy").write_bytes(whole[:-3])
    np.save(folder / "pickle.npy", np.array([{}], object), allow_pickle=True)
    np.save(folder / "nan.npy", np.array([0, np.nan]))
    np.save(folder / "words.npy", np.array(["a"]))
    np.save(folder / "square.npy", np.zeros((2, 2), np.float32))
    (folder / "set.txt").write_text("1")
    (folder / "link.npy").symlink_to(folder.parent / "secret.npy")
    (folder / "up").symlink_to(folder.parent)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    )
    (folder / "huge.npy").write_bytes(header.getvalue())
    with zipfile.ZipFile(folder / "lying.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue())
    (folder / "fake.png").write_text("no picture")
    (folder / "list.mp4").write_text(f"#EXTM3U\n#EXTINF:1,\n{os.fspath(folder / 'red.png')}\n")


def write_bomb(path: Path) -> None:
    """300 MB of zeros in 300 KB."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w") as member,
    ):
        zeros = bytes(2**20)
        for _ in range(300):
            member.write(zeros)


def test_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        read_manifest(tmp_path / "none.csv", tmp_path / "a.h5")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00,\x01")
    with pytest.raises(BadInput, match="no readable CSV"):
        read_manifest(tmp_path / "bytes.csv", tmp_path / "a.h5")


def test_many_lines_come_in_batches(tmp_path: Path) -> None:
    """More lines than a batch, with a file shared across the seam of two batches' worth."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(600, 3))
    lines = []
    for k in range(600):
        np.save(tmp_path / f"{k // 3}.npy", values[k // 3])
        lines.append(f"g{k // 3},{k // 3}.npy,{k % 2}\n")
    (tmp_path / "set.csv").write_text("group,path:probe[V],target:t\n" + "".join(lines))
    with Recording.open(read_manifest(tmp_path / "set.csv", tmp_path / "a.h5")) as recording:
        assert recording.modalities["probe"].count == 200
        np.testing.assert_array_equal(recording.read("probe"), values[np.arange(600) // 3])
        assert recording.targets["t"].classes == ("0", "1")


def test_runs_end_before_they_fill_the_memory() -> None:
    lines: list[Line] = [(k, [f"g{k // 4}", f"{k}.npy"]) for k in range(12)]
    group = Column("group", "", None, (), False, 0)
    one = [len(run) for run in _batches(lines, group, {1: {f"{k}.npy": 8 for k in range(12)}})]
    assert one == [12]
    large = {1: {f"{k}.npy": KEEP_BYTES // 3 for k in range(12)}}
    assert [len(run) for run in _batches(lines, group, large)] == [4, 4, 4]
    huge = {1: {f"{k}.npy": MOST_BYTES for k in range(12)}}
    assert [len(run) for run in _batches(lines, group, huge)] == [1] * 12


def test_numbers_taken_for_classes_are_doubted(tmp_path: Path) -> None:
    lines = [f"g{k},{k}.npy,{k}.5,{k % 2}" for k in range(6)]
    for k in range(6):
        np.save(tmp_path / f"{k}.npy", PROBE[0] + k)
    table = tmp_path / "set.csv"
    table.write_text("\n".join(["group,path:probe[V],target:mass,target:good", *lines]))
    with Recording.open(read_manifest(table, tmp_path / "o.h5")) as found:
        assert [note for note in found.notes if note.startswith("target")] == [
            "target mass: 6 numbers are taken for names of classes; if they are quantities, "
            "write target:mass[unit]"
        ]


def test_a_table_with_semicolons_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("group;path:probe[V];target:t\ng;a.npy;x\n")
    with pytest.raises(BadInput, match="found semicolons or tabs between columns, expected commas"):
        read_manifest(tmp_path / "set.csv", tmp_path / "o.h5")
