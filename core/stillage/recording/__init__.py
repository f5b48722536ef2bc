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
    from stillage.recording.columns import Stream, StreamInfo, TargetColumn
    from stillage.recording.info import describe
    from stillage.recording.reader import Recording
    from stillage.recording.shortcut import ShortcutWarning, shortcut_check
    from stillage.recording.splits import Split, grouped_split, recording_split
    from stillage.recording.writer import RecordingWriter, write_recording

_HOME = {
    "Recording": "reader",
    "RecordingWriter": "writer",
    "ShortcutWarning": "shortcut",
    "Split": "splits",
    "Stream": "columns",
    "StreamInfo": "columns",
    "TargetColumn": "columns",
    "describe": "info",
    "grouped_split": "splits",
    "recording_split": "splits",
    "shortcut_check": "shortcut",
    "write_recording": "writer",
}

__all__ = [
    "Recording",
    "RecordingWriter",
    "ShortcutWarning",
    "Split",
    "Stream",
    "StreamInfo",
    "TargetColumn",
    "describe",
    "grouped_split",
    "recording_split",
    "shortcut_check",
    "write_recording",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
