"""Media containers opened from bytes alone, for a decoder that may meet anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

FAILED = -1
"""What FFmpeg takes as: there is no such place in this file."""


class MediaHandle:
    """An open file as PyAV reads it, whose ``seek`` fails by its result.

    A damaged file makes the decoder seek to places that there are not. An exception from a
    handle is printed with its traceback by PyAV, beside the error that it then raises itself.

    >>> import io
    >>> handle = MediaHandle(io.BytesIO(b"abc"))
    >>> handle.seek(-5), handle.seek(1), handle.read(5)
    (-1, 1, b'bc')
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, count: int) -> bytes:
        """At most ``count`` bytes from the current place."""
        return self._file.read(count)

    def seek(self, offset: int, whence: int = 0) -> int:
        """The new place in bytes, or -1 where there is none."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return FAILED

    def tell(self) -> int:
        """The current place in bytes."""
        return self._file.tell()


@contextmanager
def open_media(path: Path, container: str) -> Iterator[Any]:
    """The PyAV input of a file, its format fixed, without any way to name other files.

    Raises
    ------
    av.FFmpegError, OSError, ImportError
        If the file is damaged or cannot be read, or PyAV is missing.
    """
    import av

    with path.open("rb") as file, av.open(MediaHandle(file), "r", format=container) as media:
        yield media


class Waves:
    """Decoded sound as float32 ``(time, channels)``, frame by frame.

    The channels stay interleaved until NumPy has them: PyAV 18 crashes the interpreter where it
    copies eight planes or more, as an ordinary file of 7.1 channels has.
    """

    def __init__(self) -> None:
        import av

        self._resampler = av.AudioResampler(format="flt")

    def of(self, frame: Any) -> list[NDArray[np.float32]]:
        """What a decoded frame holds."""
        return [
            np.asarray(part.to_ndarray(), np.float32).reshape(-1, part.layout.nb_channels)
            for part in self._resampler.resample(frame)
        ]
