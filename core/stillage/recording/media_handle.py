"""Open media containers from bytes alone, whatever the file holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

FAILED = -1
"""The result of ``seek`` by which FFmpeg learns that a file has no such place."""


class MediaHandle:
    """An open file as PyAV reads it, whose ``seek`` fails by its result.

    A damaged file makes the decoder seek to places that do not exist. An exception from a handle
    is printed with its traceback by PyAV, beside the error that it then raises itself.

    >>> import io
    >>> handle = MediaHandle(io.BytesIO(b"abc"))
    >>> handle.seek(-5), handle.seek(1), handle.read(5)
    (-1, 1, b'bc')
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, count: int) -> bytes:
        """Read at most ``count`` bytes from the current place."""
        return self._file.read(count)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place and give it in bytes, or -1 where the file has no such place."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return FAILED

    def tell(self) -> int:
        """Give the current place in bytes."""
        return self._file.tell()


@contextmanager
def open_media(path: Path, container: str) -> Iterator[Any]:
    """Open a file as PyAV's input, its format fixed, without any way to name other files.

    Raises
    ------
    av.FFmpegError, OSError, ImportError
        If the file is damaged or cannot be read, or PyAV is missing.
    """
    import av

    with path.open("rb") as file, av.open(MediaHandle(file), "r", format=container) as media:
        yield media


class Waves:
    """A converter of decoded sound to float32 ``(time, channels)``, frame by frame.

    The channels stay interleaved until NumPy has them: PyAV 18 crashes the interpreter where it
    copies eight planes or more, as an ordinary file of 7.1 channels has.
    """

    def __init__(self) -> None:
        import av

        self._resampler = av.AudioResampler(format="flt")

    def of(self, frame: Any) -> list[NDArray[np.float32]]:
        """Convert a decoded frame."""
        return [
            np.asarray(part.to_ndarray(), np.float32).reshape(-1, part.layout.nb_channels)
            for part in self._resampler.resample(frame)
        ]
