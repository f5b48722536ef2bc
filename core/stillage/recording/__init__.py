"""Recordings: HDF5 files of paired samples, written whole, read safely.

Names are imported when they are first used, so that listing plugins does not load HDF5.

>>> import tempfile
>>> import numpy as np
>>> from stillage.recording import Recording, Stream, TargetColumn, write_recording
>>> with tempfile.TemporaryDirectory() as folder:
...     path = write_recording(
...         f"{folder}/two.h5",
...         streams=[Stream("led", np.ones((2, 8), np.float32), unit="1", axes=("band",))],
...         targets=[TargetColumn("polymer", "classification", np.array([0, 1]),
...                               classes=("PP", "PET"))],
...         groups=["item-1", "item-2"],
...     )
...     with Recording.open(path) as recording:
...         recording.samples, recording.read("led", np.array([1])).shape
(2, (1, 8))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stillage.recording.cleaning import find_dead, find_duplicates
    from stillage.recording.columns import Stream, StreamInfo, TargetColumn, rows_of
    from stillage.recording.folder_files import files_under
    from stillage.recording.info import describe
    from stillage.recording.reader import Recording
    from stillage.recording.registration import Registration, estimate_registration, warp
    from stillage.recording.shortcut import ShortcutWarning, shortcut_check
    from stillage.recording.splits import Split, grouped_split, recording_split
    from stillage.recording.writer import RecordingWriter, write_recording

_HOME = {
    "Recording": "reader",
    "RecordingWriter": "writer",
    "Registration": "registration",
    "ShortcutWarning": "shortcut",
    "Split": "splits",
    "Stream": "columns",
    "StreamInfo": "columns",
    "TargetColumn": "columns",
    "describe": "info",
    "estimate_registration": "registration",
    "files_under": "folder_files",
    "find_dead": "cleaning",
    "find_duplicates": "cleaning",
    "grouped_split": "splits",
    "recording_split": "splits",
    "rows_of": "columns",
    "shortcut_check": "shortcut",
    "warp": "registration",
    "write_recording": "writer",
}

__all__ = [
    "Recording",
    "RecordingWriter",
    "Registration",
    "ShortcutWarning",
    "Split",
    "Stream",
    "StreamInfo",
    "TargetColumn",
    "describe",
    "estimate_registration",
    "files_under",
    "find_dead",
    "find_duplicates",
    "grouped_split",
    "recording_split",
    "rows_of",
    "shortcut_check",
    "warp",
    "write_recording",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
