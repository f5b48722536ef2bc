"""Recordings: HDF5 files of paired samples, written whole, read safely.

>>> import tempfile
>>> import numpy as np
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

from stillage.recording.columns import Stream, StreamInfo, TargetColumn
from stillage.recording.info import describe
from stillage.recording.reader import Recording
from stillage.recording.shortcut import ShortcutWarning, shortcut_check
from stillage.recording.splits import Split, grouped_split, recording_split
from stillage.recording.writer import RecordingWriter, write_recording

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
