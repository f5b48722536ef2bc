"""Decode pictures, clips and sound by PyAV within bounds, and refuse files that were cut off.

Containers are fixed by the suffix and read from an open handle, so that a playlist in disguise
cannot name other files. Decoders make do with a part of a file, so what came out is compared
with what the file's header promises.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording.media_handle import Waves, open_media
from stillage.recording.schema import MAX_ROW_BYTES

PICTURES = {".png": "png_pipe", ".jpg": "jpeg_pipe", ".jpeg": "jpeg_pipe", ".bmp": "bmp_pipe"}
CLIPS = {".mp4": "mov", ".mov": "mov", ".avi": "avi", ".mkv": "matroska", ".webm": "matroska"}
SOUNDS = {".wav": "wav", ".flac": "flac", ".mp3": "mp3", ".ogg": "ogg"}

_TRUNCATED = 0.9
"""A stream that ends before this share of what its header promised was cut off."""

_TAIL_BYTES = 2**20
"""How much of a JPEG's end is searched for its last marker."""


class Sample(NamedTuple):
    """A decoded reading, with its rate in Hz where the file states one."""

    data: NDArray[Any]
    rate_hz: float | None = None


def check_length(path: Path) -> None:
    """Check a file's length against its own bytes: RIFF (WAV, AVI) and JPEG.

    Raises
    ------
    ValueError
        If the file was cut off.
    """
    size = path.stat().st_size
    with path.open("rb") as handle:
        head = handle.read(12)
        if head[:4] == b"RIFF":
            said = int.from_bytes(head[4:8], "little") + 8
            if size < said < 2**32:  # all ones or nought: written as a stream, length unknown
                raise ValueError(f"cut off: {size} bytes, {said} as its header says")
        if head[:2] == b"\xff\xd8":
            handle.seek(max(0, size - _TAIL_BYTES))
            tail = handle.read(_TAIL_BYTES)
            # Start of scan, end of image. Neither pair of bytes occurs within a scan.
            if tail.rfind(b"\xff\xd9") < max(tail.rfind(b"\xff\xda"), 0):
                raise ValueError("cut off: a JPEG without its end")


def _promised_end(stream: Any) -> float | None:
    """Read from the header when a stream ends, s; None where it does not say."""
    if stream.duration is not None and stream.time_base is not None:
        return float((stream.duration + (stream.start_time or 0)) * stream.time_base)
    parts = str(stream.metadata.get("DURATION", "")).split(":")  # Matroska keeps it as a tag
    try:
        return sum(float(part) * 60.0**k for k, part in enumerate(reversed(parts)))
    except ValueError:
        return None


def check_end(what: str, found: float, stream: Any) -> None:
    """Check the end of what was decoded, s, against the header.

    Raises
    ------
    ValueError
        If the stream was cut off.
    """
    said = _promised_end(stream)
    if said is not None and found < _TRUNCATED * said - 0.1:
        raise ValueError(f"cut off: {found:.3f} s of {what}, {said:.3f} s as its header says")


def load_media(path: Path, size: tuple[int, int], where: str) -> Sample:
    """Read a picture or clip scaled to ``size`` (0: as it is), or a sound.

    Raises
    ------
    BadInput
        If PyAV is missing, or the file is larger than a recording's row.
    ValueError, OSError
        If the file is damaged or was cut off.
    """
    try:
        import av
    except ImportError:
        found = f"a {path.suffix.lower()} file but no PyAV"
        raise BadInput(where, found, "pip install av") from None
    suffix = path.suffix.lower()
    container = {**PICTURES, **CLIPS, **SOUNDS}[suffix]
    check_length(path)
    try:
        with open_media(path, container) as media:
            if suffix in SOUNDS:
                return _sound(media, where)
            return _frames(media, size, 1 if suffix in PICTURES else 0, where)
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(str(error)) from None


def _frames(media: Any, size: tuple[int, int], most: int, where: str) -> Sample:
    stream = media.streams.video[0]
    held, end, frames = 0, 0.0, []
    for frame in media.decode(stream):
        width, height = size[0] or frame.width, size[1] or frame.height
        if max(frame.width * frame.height, width * height) * 3 > MAX_ROW_BYTES:
            raise BadInput(where, f"a picture of {frame.width} x {frame.height}", "a smaller one")
        array = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
        held += array.nbytes
        if held > MAX_ROW_BYTES:
            raise BadInput(where, f"a clip over {MAX_ROW_BYTES} bytes", "a shorter or smaller one")
        frames.append(array)
        if most and len(frames) == most:
            break
        if frame.time is not None:
            end = max(end, float(frame.time))
    if not frames:
        raise ValueError("no picture in it")
    if most:
        return Sample(np.stack(frames))
    rate = float(stream.average_rate) if stream.average_rate else None
    if end:
        # the last picture is shown for one frame more
        check_end("pictures", end + 1.0 / (rate or 25.0), stream)
    return Sample(np.stack(frames), rate)


def _sound(media: Any, where: str) -> Sample:
    stream = media.streams.audio[0]
    waves = Waves()
    held, end, pieces = 0, 0.0, []
    for frame in media.decode(stream):
        if frame.time is not None:
            end = float(frame.time) + frame.samples / stream.rate
        for array in waves.of(frame):
            held += array.nbytes
            if held > MAX_ROW_BYTES:
                raise BadInput(where, f"sound over {MAX_ROW_BYTES} bytes", "a shorter one")
            pieces.append(array)
    if not pieces:
        raise ValueError("no sound in it")
    if end:
        check_end("sound", end, stream)
    return Sample(np.concatenate(pieces), float(stream.rate))
