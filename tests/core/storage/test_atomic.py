"""Messages about a file that cannot be written name that file, not the one beside it."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from stillage.cli.main import run
from stillage.errors import BadInput
from stillage.recording import Stream, write_recording
from stillage.storage.atomic import atomic_folder, write_text

NOWHERE = Path("/proc/out")
"""A folder in which nobody, not even root, can make a file."""


def test_errors_name_the_file_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="'/proc/out'"):
        write_text(NOWHERE, "x")
    with pytest.raises(OSError, match="'/proc/out'"), atomic_folder(NOWHERE):
        pass
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken'") as caught:
        write_text(tmp_path / "taken", "x")
    assert caught.value.errno == errno.EISDIR
    assert ".part" not in str(caught.value).partition("->")[0]
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_recording_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    led = [Stream("led", np.ones((2, 8), np.float32), "1")]
    with pytest.raises(BadInput) as caught:
        write_recording("/proc/out.h5", led, [], ["a", "b"])
    assert ".part" not in str(caught.value)
    assert "expected a folder that can be written" in str(caught.value)
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="file: found a file, expected an existing folder"):
        write_recording(tmp_path / "file" / "out.h5", led, [], ["a", "b"])
    assert run(["resume", str(tmp_path / "file")]) == 2
    assert "found a file" in capsys.readouterr().err


def test_info_of_a_recording_without_a_reader(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    led = [Stream("led", np.ones((2, 8), np.float32), "1")]
    path = write_recording(tmp_path / "out.h5", led, [], ["a", "b"])
    assert run(["record", "info", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "samples    2 in 2 groups"
