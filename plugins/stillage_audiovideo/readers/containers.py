"""Reads pictures and sound of real containers, each with its own presentation times.

Decoded by PyAV from an open handle with the container fixed by the file's suffix, so that a
playlist in disguise cannot name other files. What a header promises is checked before anything
is decoded, and what comes is counted, so a hostile file costs one line and bounded memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import gcd
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording.media import check_end, check_length
from stillage.recording.media_handle import Waves, open_media
from stillage.recording.schema import MAX_ROW_BYTES

FORMATS = {
    ".mp4": "mov", ".m4v": "mov", ".m4a": "mov", ".mov": "mov", ".mkv": "matroska",
    ".webm": "matroska", ".avi": "avi", ".wav": "wav", ".flac": "flac", ".mp3": "mp3",
    ".ogg": "ogg", ".png": "png_pipe", ".jpg": "jpeg_pipe", ".jpeg": "jpeg_pipe",
    ".bmp": "bmp_pipe",
}  # fmt: skip
"""Container of each suffix."""

_PICTURES = (".png", ".jpg", ".jpeg", ".bmp")
_MAX_FILE_BYTES = 2**31
_MAX_SECONDS = 3600.0
MAX_BYTES = MAX_ROW_BYTES
"""Largest file, longest stream and most decoded bytes that are read."""

MAX_GAP_S = 60.0
"""Longest silence that is filled in where timestamps leave a gap."""

Array = NDArray[np.float64]


class Clip(NamedTuple):
    """A clip: frames uint8 ``(F, H, W, 3)`` and their presentation times float64 ``(F,)`` in s."""

    frames: NDArray[np.uint8]
    times: Array


class Sound(NamedTuple):
    """A waveform float32 ``(time,)``, its rate in Hz and the time of its first sample in s."""

    wave: NDArray[np.float32]
    rate_hz: int
    start: float


class Contents(NamedTuple):
    """The contents of a container by its header: seconds of picture and sound, None for none."""

    video_s: float | None
    audio_s: float | None


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open the container, or say in one line what is wrong with it."""
    import av

    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise BadInput(path, f"file type {suffix!r}", ", ".join(FORMATS))
    try:
        size = path.stat().st_size
        if size > _MAX_FILE_BYTES:
            raise BadInput(path, f"{size} bytes", f"at most {_MAX_FILE_BYTES}")
        check_length(path)
        with open_media(path, FORMATS[suffix]) as container:
            yield container
    except BadInput:
        raise
    except (av.FFmpegError, OSError, ValueError, EOFError, IndexError, OverflowError) as error:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        reason = " ".join(said.split())[:120]
        raise BadInput(path, f"unreadable ({reason})", f"a whole {suffix} file") from None


def _seconds(container: Any, stream: Any) -> float:
    """Return the seconds that the header promises of a stream; 0 where it says nothing."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return float(container.duration or 0) * 1e-6


def _promised(path: Path, container: Any, stream: Any) -> float:
    seconds = _seconds(container, stream)
    if not 0.0 <= seconds <= _MAX_SECONDS:
        raise BadInput(path, f"{seconds:.6g} s of {stream.type}", f"at most {_MAX_SECONDS:g} s")
    return seconds


def contents(path: str | Path) -> Contents:
    """Find what a file holds by its header, decoding nothing.

    Raises
    ------
    BadInput
        If the file cannot be opened.
    """
    path = Path(path)
    with _opened(path) as container:
        video, audio = container.streams.video, container.streams.audio
        return Contents(
            _seconds(container, video[0]) if video else None,
            _seconds(container, audio[0]) if audio else None,
        )


def read_clip(path: str | Path, width: int = 0, height: int = 0) -> Clip:
    """Read the frames of the first picture stream, scaled to ``width`` x ``height`` (0: unscaled).

    A picture file is a clip of one frame at time 0.

    Raises
    ------
    BadInput
        One line if the file is damaged, cut off, too long or too large, has no pictures, or
        frames that do not follow each other in time.
    """
    path = Path(path)
    frames: list[NDArray[np.uint8]] = []
    times: list[float] = []
    with _opened(path) as container:
        if not container.streams.video:
            raise BadInput(path, "no pictures", "a video stream")
        stream = container.streams.video[0]
        promised = _promised(path, container, stream)
        wide, high = width or stream.width, height or stream.height
        # One frame at its own size, and the clip at the size asked for, must both fit.
        expected = 3 * wide * high * max(1.0, promised * float(stream.average_rate or 1))
        if max(expected, 3.0 * stream.width * stream.height) > MAX_BYTES:
            found = f"{promised:.3g} s of {stream.width} x {stream.height}"
            raise BadInput(path, found, f"at most {MAX_BYTES} bytes decoded")
        single = path.suffix.lower() in _PICTURES
        for frame in container.decode(stream):
            wide, high = width or frame.width, height or frame.height
            if 3 * max(frame.width * frame.height, wide * high * (len(frames) + 1)) > MAX_BYTES:
                found = f"{len(frames) + 1} frames of {frame.width} x {frame.height}"
                raise BadInput(path, found, f"at most {MAX_BYTES} bytes decoded")
            picture = frame.reformat(width=wide, height=high, format="rgb24").to_ndarray()
            if frames and picture.shape != frames[0].shape:
                raise BadInput(path, f"frames of {picture.shape} px", f"{frames[0].shape}")
            frames.append(picture)
            times.append(_frame_time(frame, stream, len(times)))
            if single:
                return Clip(picture[None], np.zeros(1))
        stamps = np.array(times)
        if not frames:
            raise BadInput(path, "no picture that decodes", "one or more frames")
        if not (np.diff(stamps) > 0.0).all():
            place = int(np.argmax(np.diff(stamps) <= 0.0))
            found = f"time {stamps[place + 1]:.3f} s after {stamps[place]:.3f} s"
            raise BadInput(f"{path} frame {place + 1}", found, "a later time")
        step = float(np.median(np.diff(stamps))) if len(stamps) > 1 else promised
        check_end("pictures", float(stamps[-1]) + step, stream)
    return Clip(np.stack(frames), stamps)


def _frame_time(frame: Any, stream: Any, number: int) -> float:
    if frame.time is not None:
        return float(frame.time)
    return number / float(stream.average_rate or 25)


def read_sound(path: str | Path, rate_hz: int = 16000) -> Sound:
    """Read the first sound stream, channels averaged, at ``rate_hz`` (polyphase, zero phase).

    Gaps in its timestamps become silence, so that a sample's time is ``start + k / rate_hz``.

    Raises
    ------
    BadInput
        One line if the file is damaged, cut off or too long, or has no sound.
    """
    path = Path(path)
    with _opened(path) as container:
        if not container.streams.audio:
            raise BadInput(path, "no sound", "an audio stream")
        stream = container.streams.audio[0]
        promised, rate = _promised(path, container, stream), int(stream.rate or 0)
        if not 1000 <= rate <= 768_000:
            raise BadInput(path, f"{rate} Hz", "1,000 to 768,000 Hz")
        if 4.0 * promised * max(rate, rate_hz) > MAX_BYTES:
            raise BadInput(path, f"{promised:.6g} s at {rate} Hz", f"at most {MAX_BYTES} bytes")
        wave, start = _decoded(path, container, stream, rate)
        check_end("sound", start + len(wave) / rate, stream)
    return Sound(resampled(wave, rate, rate_hz), rate_hz, start)


def _decoded(
    path: Path, container: Any, stream: Any, rate: int
) -> tuple[NDArray[np.float32], float]:
    waves = Waves()
    pieces: list[NDArray[np.float32]] = []
    held, start = 0, 0.0
    for frame in container.decode(stream):
        if frame.sample_rate != rate:
            raise BadInput(path, f"{frame.sample_rate} Hz after {rate} Hz", "one rate")
        begins = float(frame.time) if frame.time is not None else start + held / rate
        pieces_here = [part.mean(1) for part in waves.of(frame)]
        if not pieces:
            start = begins
        gap = begins - (start + held / rate)
        # Containers round times to a millisecond; a gap is more than that.
        if gap > MAX_GAP_S or gap < -1.0:
            raise BadInput(path, f"sound that jumps by {gap:.3f} s", f"gaps up to {MAX_GAP_S:g} s")
        if gap > 0.02:
            pieces_here.insert(0, np.zeros(round(gap * rate), np.float32))
        for piece in pieces_here:
            held += len(piece)
            if 4 * held > MAX_BYTES:
                raise BadInput(path, f"over {held} samples", f"at most {MAX_BYTES} bytes")
            pieces.append(piece.astype(np.float32, copy=False))
    if not held:
        raise BadInput(path, "no sound that decodes", "one or more samples")
    wave = np.concatenate(pieces)
    if not np.isfinite(wave).all():
        raise BadInput(path, "NaN or infinity in the sound", "finite samples")
    return wave, start


def resampled(wave: NDArray[np.float32], rate: int, wanted: int) -> NDArray[np.float32]:
    """Bring a waveform (time,) to another rate, sample 0 at the same time.

    >>> resampled(np.ones(441, np.float32), 44100, 16000).shape
    (160,)
    """
    if rate == wanted:
        return wave
    from scipy.signal import resample_poly

    common = gcd(rate, wanted)
    return np.asarray(resample_poly(wave, wanted // common, rate // common), np.float32)
