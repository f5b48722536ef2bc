"""Write files that are either whole or not there: write beside, fsync, rename.

A process killed at any instant leaves at worst a ``.part`` beside the target, never a
half-written target.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.part")


@contextmanager
def _named(target: Path, part: Path) -> Iterator[None]:
    """Make errors name the file that was asked for, not the temporary one beside it."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and os.fspath(error.filename) == str(part):
            error.filename = str(target)
        raise


@contextmanager
def atomic_file(target: Path | str) -> Iterator[Path]:
    """Yield a temporary path; on success it becomes ``target``, on any error it vanishes.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_file(Path(folder) / "a.txt") as part:
    ...         _ = part.write_text("whole")
    ...     (Path(folder) / "a.txt").read_text()
    'whole'
    """
    target = Path(target)
    part = _beside(target)
    try:
        with _named(target, part):
            yield part
            with part.open("rb") as handle:
                os.fsync(handle.fileno())
            os.replace(part, target)
        _sync_folder(target.parent)  # until then a power cut may undo the rename
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def atomic_folder(target: Path | str) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``target`` on success; an older one is replaced."""
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _beside(target)
    with _named(target, part):
        part.mkdir()
    try:
        yield part
        for file in part.rglob("*"):
            if file.is_file():
                with file.open("rb") as handle:
                    os.fsync(handle.fileno())
        if target.exists():  # a rename does not replace a folder that holds files
            old = _beside(target)
            os.replace(target, old)
            os.replace(part, target)
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(part, target)
        _sync_folder(target.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_text(target: Path | str, text: str) -> None:
    """Write ``text`` (UTF-8) atomically."""
    with atomic_file(target) as part:
        part.write_text(text, encoding="utf-8")


def write_json(target: Path | str, value: Any) -> None:
    """Write ``value`` as indented JSON with sorted keys, atomically; NaN is refused."""
    write_text(target, json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")
