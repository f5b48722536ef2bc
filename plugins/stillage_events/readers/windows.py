"""Reader of one event file, cut into windows of time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stillage.errors import BadInput
from stillage.recording import Stream, write_recording
from stillage_events.denoise import denoised
from stillage_events.plugin import EVENTS
from stillage_events.readers.decoding import read_events
from stillage_events.readers.options import WindowOptions
from stillage_events.reading import pack

_MAX_WINDOWS = 100_000


def read(path: str | Path, out: str | Path, options: WindowOptions = WindowOptions()) -> Path:
    """Import the events in the file ``path`` into the recording ``out``, without targets.

    Raises
    ------
    BadInput
        One line for a file or parameter that does not fit.
    """
    path = Path(path)
    window_ms, block = options.window_ms, options.block
    events = read_events(path)
    length = round(window_ms * 1000.0)
    first, span = int(events.t[0]), int(events.t[-1] - events.t[0]) + 1
    count = max(1, span // length)
    if count > _MAX_WINDOWS:
        raise BadInput("window_ms", f"{count} windows of {window_ms} ms", f"<= {_MAX_WINDOWS}")
    kept = denoised(events, round(options.neighbour_ms * 1000.0), round(options.rest_ms * 1000.0))
    noise = len(events.t) - len(kept.t)
    if not len(kept.t):
        raise BadInput(path, f"{noise} events, all left out as noise", "a shorter rest_ms, or none")
    starts = first + length * np.arange(count)
    seconds = np.asarray(starts * 1e-6, np.float64)
    rows = [pack(kept.window(int(start), int(start) + length)) for start in starts]
    spec = EVENTS.sample
    left = span - count * length
    return write_recording(
        out,
        [Stream("events", rows, spec.unit, timestamps=seconds, axes=spec.axes)],
        [],
        [f"block-{k // block}" for k in range(count)],
        provenance={"file": path.name, "sensor": f"{events.width} x {events.height} pixels"},
        notes=[
            f"windows of {window_ms:g} ms; {max(left, 0)} us at the end, too short for one, "
            "left out",
            f"neighbouring windows look alike: {block} of them are one group",
            "a window without events is a reading: nothing moved",
            *([f"left out as noise: {noise} of {len(events.t)} events"] if noise else []),
        ],
        reader="aedat4" if path.suffix.lower() == ".aedat4" else "event-file",
        defaults={},
    )
