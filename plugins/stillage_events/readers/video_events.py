"""Reader that turns any clip into a paired recording of frames and modelled events."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import Stream, write_recording
from stillage.recording.manifest.files import load_sample
from stillage.recording.media import CLIPS
from stillage_events.pixel import NOISY, Pixel, simulate
from stillage_events.plugin import EVENTS
from stillage_events.readers.options import VideoEventOptions
from stillage_events.reading import pack

LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Shares of linear red, green and blue in what a grey pixel sees (ITU-R BT.709)."""


def intensities(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Convert sRGB frames (T, H, W, 3) to linear grey 0 .. 255, float32 (T, H, W).

    IEC 61966-2-1: ``((s + 0.055) / 1.055) ** 2.4`` above 0.04045, ``s / 12.92`` below.

    >>> intensities(np.full((1, 1, 1, 3), 255, np.uint8)).round(3).item()
    255.0
    """
    s = np.arange(256) / 255.0
    linear = np.where(s > 0.04045, ((s + 0.055) / 1.055) ** 2.4, s / 12.92)
    tables = (255.0 * np.outer(LUMINANCE, linear)).astype(np.float32)
    out = np.zeros(frames.shape[:3], np.float32)
    for channel, table in enumerate(tables):
        out += table[frames[..., channel]]
    return np.minimum(out, np.float32(255.0))


def read(
    path: str | Path, out: str | Path, options: VideoEventOptions = VideoEventOptions()
) -> Path:
    """Import the clip ``path`` into the recording ``out``: ``video`` and ``events`` of it.

    Raises
    ------
    BadInput
        One line for a clip or parameter that does not fit.
    """
    path = Path(path)
    frames, block, seed = options.frames, options.block, options.seed
    if path.suffix.lower() not in CLIPS or not path.is_file():
        raise BadInput(path, "no clip", f"a file of {', '.join(CLIPS)}")
    clip = load_sample(path, "", (options.width, options.height), str(path))
    count = (len(clip.data) - 1) // frames
    if count < 1 or not clip.rate_hz:
        found = f"{len(clip.data)} frames, rate {clip.rate_hz}"
        raise BadInput(path, found, f"a rate and at least {frames + 1} frames")
    pixel = NOISY if options.noisy else Pixel()
    times = np.arange(len(clip.data)) / clip.rate_hz
    events = simulate(intensities(clip.data), times, pixel, seed)
    starts = np.arange(count + 1) * frames
    edges = np.rint(times[starts] * 1e6).astype(np.int64)
    rows = [pack(events.window(a, b)) for a, b in pairwise(edges.tolist())]
    pictures: NDArray[Any] = clip.data[: count * frames]
    pictures = pictures.reshape(count, frames, *pictures.shape[1:])
    stamps = np.asarray(times[starts[:-1]], np.float64)
    spec, axes = EVENTS.sample, ("frame", "height", "width", "channel")
    return write_recording(
        out,
        [
            Stream("events", rows, spec.unit, timestamps=stamps, axes=spec.axes),
            Stream("video", pictures, "1/255", None, stamps, clip.rate_hz, axes),
        ],
        [],
        [f"block-{k // block}" for k in range(count)],
        provenance={"file": path.name, "pixel": repr(pixel), "seed": str(seed)},
        notes=[
            "events are modelled from the frames (v2e's pixel model), not measured",
            f"the clip has {clip.rate_hz:g} frames/s: between frames light changes in a straight "
            "line, so what moves by more than a pixel a frame makes coarse events",
            f"neighbouring samples look alike: {block} of them are one group",
        ],
        reader="video-events",
        defaults={"teacher": ["events", "video"], "student": ["video"], "task": ""},
    )
