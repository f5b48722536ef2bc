"""Files of a folder: in order, within it, and not without end."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillage.errors import BadInput
from stillage.recording import files_under, folder_files


def test_files_are_in_order_and_inside(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "b" / "c.wav").mkdir(parents=True)
    for name in ("b/2.wav", "b/1.WAV", "a.wav", "a.txt"):
        (folder / name).write_bytes(b"")
    (tmp_path / "outside.wav").write_bytes(b"")
    (folder / "out.wav").symlink_to(tmp_path / "outside.wav")
    (folder / "round.wav").symlink_to(folder / "round.wav")
    (folder / "same.wav").symlink_to(folder / "a.wav")
    found = [file.relative_to(folder).as_posix() for file in files_under(folder, (".wav",))]
    assert found == ["a.wav", "b/1.WAV", "b/2.wav", "same.wav"]


def test_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match=r"no such folder, expected a folder of files .a, .b"):
        files_under(tmp_path / "none", (".a", ".b"))
    monkeypatch.setattr(folder_files, "MAX_FILES", 2)
    for name in "xyz":
        (tmp_path / f"{name}.a").write_bytes(b"")
    with pytest.raises(BadInput, match="over 2 files"):
        files_under(tmp_path, (".a",))
