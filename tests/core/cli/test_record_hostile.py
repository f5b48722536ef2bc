"""``record import`` against files and disks that mean ill: one line, nothing lost, no half file."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillage.cli.main import run
from stillage.recording.media_handle import MediaHandle

ROWS = "time[s],t[degC]\n" + "".join(f"{k},{20 + k % 7}\n" for k in range(40))


def refused(*arguments: object) -> str:
    """The only line that a process of its own writes, native libraries included."""
    command = [sys.executable, "-m", "stillage", "record", "import", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert ": found " in line
    assert ", expected " in line
    return line


def test_native_decoders_do_not_talk_beside_the_refusal(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    noise = np.random.default_rng(0).integers(29000, 29500, (24, 32)).astype(np.uint16)
    image.fromarray(noise).save(tmp_path / "a.tif", compression="tiff_adobe_deflate")
    content = bytearray((tmp_path / "a.tif").read_bytes())
    content[40:60] = b"\xff" * 20  # libtiff tells of it on file descriptor 2
    (tmp_path / "a.tif").write_bytes(content)
    assert "a.tif" in refused("radiometric", tmp_path, tmp_path / "o.h5")


def test_numbers_that_overflow_are_refused_without_warnings(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROWS.replace("1,21\n", "1,1e300\n", 1).replace("degC", "bar"))
    assert "NaN or infinity" in refused("series", tmp_path / "a.csv", tmp_path / "o.h5")


def test_an_empty_sound_gives_no_traceback_of_the_decoder(tmp_path: Path) -> None:
    pytest.importorskip("av")
    (tmp_path / "a.flac").write_bytes(b"")
    assert "a.flac" in refused("clips", tmp_path, tmp_path / "o.h5")
    assert not (tmp_path / "o.h5").exists()


def test_our_own_lines_still_reach_standard_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROWS)
    command = [sys.executable, "-m", "stillage", "record", "import", "series"]
    command += [str(tmp_path / "a.csv"), str(tmp_path / "o.h5")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "1 samples in 1 groups" in done.stderr


def test_a_file_of_the_imported_folder_is_not_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(ROWS)
    assert run(["record", "import", "series", str(tmp_path), str(file)]) == 2
    assert "a file of the folder to import" in capsys.readouterr().err
    assert file.read_text() == ROWS
    for _ in range(2):  # a recording of before may be replaced
        assert run(["record", "import", "series", str(tmp_path), str(tmp_path / "o.h5")]) == 0
    assert run(["record", "import", "series", str(tmp_path), ""]) == 2


@pytest.mark.parametrize("content", [b",\n", b"\n", b"1,1\n"])
def test_a_gzip_bomb_is_refused(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with gzip.open(tmp_path / "a.csv.gz", "wb") as handle:
        handle.write(b"time[s],t[degC]\n")
        for _ in range(40):
            handle.write(content * (2**20 // len(content)))
    arguments = ["record", "import", "series", str(tmp_path), str(tmp_path / "o.h5")]
    assert run(arguments) == 2
    assert "expected at most 16777216" in capsys.readouterr().err


def test_a_small_npz_that_promises_much_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arrays: dict[str, Any] = {"t[degC]@1": np.zeros(2**25, np.int8)}
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    assert run(["record", "import", "series", str(tmp_path), str(tmp_path / "o.h5")]) == 2
    assert "expected under 16777216" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["damaged", "deep", "circle"])
def test_odd_files_of_a_manifest_are_refused(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.npz"
    if kind == "damaged":
        np.savez_compressed(path, a=np.random.default_rng(0).uniform(size=500))
        content = bytearray(path.read_bytes())
        content[80:300] = b"\xff" * 220
        path.write_bytes(content)
    elif kind == "deep":
        header = b"\x93NUMPY\x01\x00" + (9001).to_bytes(2, "little") + b"-" * 9000 + b"1"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.npy", header)
    else:
        path.symlink_to(path)
    (tmp_path / "m.csv").write_text("group,path:a[1]\ng,a.npz\n")
    assert run(["record", "import", "manifest", str(tmp_path / "m.csv"), str(tmp_path / "o")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "m.csv line 2 a: found" in line


def test_pipes_among_the_files_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "nmnist_1.npz")
    os.mkfifo(tmp_path / "Bearing1_1.npz")
    for reader in ("nmnist", "femto"):
        assert run(["record", "import", reader, str(tmp_path), str(tmp_path / "o.h5")]) == 2


def test_a_media_handle_says_where_it_cannot_go(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123")
    with (tmp_path / "a").open("rb") as file:
        handle = MediaHandle(file)
        assert [handle.seek(-1), handle.seek(2), handle.tell()] == [-1, 2, 2]
        assert handle.read(9) == b"23"
