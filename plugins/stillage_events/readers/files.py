"""Checks of event files that every decoder makes before it reads."""

from __future__ import annotations

from pathlib import Path

from stillage.errors import BadInput
from stillage_events.reading import MAX_EVENTS

MAX_FILE_BYTES = 2**31
"""Largest text or raw file that is read into memory (2 GiB)."""


def file_size(path: Path, most: int = MAX_FILE_BYTES) -> int:
    """Return the bytes of a plain file.

    Raises
    ------
    BadInput
        If there is none, it is empty, or it is larger than ``most``.
    """
    if not path.is_file():
        raise BadInput(path, "no such file", "a file of events")
    size = path.stat().st_size
    if not size:
        raise BadInput(path, "an empty file", "a file of events")
    if size > most:
        raise BadInput(path, f"{size} bytes", f"at most {most}")
    return size


def check_count(path: Path, count: int) -> None:
    """Refuse more events than a reading may have."""
    if count > MAX_EVENTS:
        raise BadInput(path, f"{count} events", f"at most {MAX_EVENTS} in one reading")
