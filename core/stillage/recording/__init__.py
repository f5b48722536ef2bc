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

from typing import TYPE_CHECKING

from stillage.lazy import lazily

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


__getattr__ = lazily(
    __name__,
    {
        "cleaning": ["find_dead", "find_duplicates"],
        "columns": ["Stream", "StreamInfo", "TargetColumn", "rows_of"],
        "folder_files": ["files_under"],
        "info": ["describe"],
        "reader": ["Recording"],
        "registration": ["Registration", "estimate_registration", "warp"],
        "shortcut": ["ShortcutWarning", "shortcut_check"],
        "splits": ["Split", "grouped_split", "recording_split"],
        "writer": ["RecordingWriter", "write_recording"],
    },
)
