"""Reads thermal pictures: 16-bit TIFF with one or more pages, and 8-bit pictures.

Decoded by Pillow, whose formats are held to those named here; sizes are checked before any
pixel is decoded.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording.readings import inflation

TIFF, _EIGHT = (".tif", ".tiff"), (".png", ".jpg", ".jpeg", ".bmp")
_MAX_BYTES = 2**28
MAX_PIXELS, MAX_EIGHT_PIXELS = 2**26, 2**25
"""Most pixels of a clip of 16 bits, and of a picture of 8."""

MAX_FRAMES = 4096
COMPRESSION, STRIPS, ROWS_PER_STRIP, STRIP_BYTES = 259, 273, 278, 279
"""Tags of TIFF 6.0; strips that do not cover the picture would leave rows of zeros."""


def _opened(path: Path, formats: tuple[str, ...]) -> Any:
    from PIL import Image

    if path.stat().st_size > _MAX_BYTES:
        raise BadInput(path, f"{path.stat().st_size} bytes", f"at most {_MAX_BYTES}")
    return Image.open(path, formats=formats)


def read_frames(path: str | Path) -> NDArray[np.uint16]:
    """Read all pages of a 16-bit grey TIFF, uint16 (frames, height, width).

    Raises
    ------
    BadInput
        One line: not a TIFF, not 16 bits of grey, pages of different sizes, cut short, more
        than 64 million pixels or 4,096 pages in all, or more than its bytes can hold.
    """
    place, held = Path(path), 0
    frames: list[NDArray[np.uint16]] = []
    try:
        size, most = place.stat().st_size, inflation(place)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with _opened(place, ("TIFF",)) as picture:
                while True:
                    held += picture.width * picture.height
                    if 2 * held > most:
                        told = f"{held} pixels or more in {size} bytes"
                        raise BadInput(place, told, f"at most {most // 2}: heat has noise")
                    if held > MAX_PIXELS or len(frames) >= MAX_FRAMES:
                        told = f"{len(frames) + 1} pages, {held} pixels or more"
                        raise BadInput(place, told, f"{MAX_FRAMES} and {MAX_PIXELS} at most")
                    frames.append(_sixteen(picture, place))
                    try:
                        picture.seek(len(frames))
                    except EOFError:
                        break
    except BadInput:
        raise
    except Exception as error:  # Pillow raises many kinds for damaged files
        raise _refused(place, error, "a TIFF of 16-bit grey") from None
    if len({frame.shape for frame in frames}) > 1:
        sizes = sorted({frame.shape for frame in frames})
        raise BadInput(place, f"pages of sizes {sizes}", "pages of one size")
    return np.stack(frames)


def _sixteen(picture: Any, place: Path) -> NDArray[np.uint16]:
    if not picture.mode.startswith("I;16"):
        told = f"a picture of mode {picture.mode}"
        expected = "16-bit grey (8-bit pictures hold no temperature: modality thermal-image)"
        raise BadInput(place, told, expected)
    tags = picture.tag_v2
    strips = np.size(tags.get(STRIPS, ()))
    if strips and strips * tags.get(ROWS_PER_STRIP, picture.height) < picture.height:
        raise BadInput(place, f"{strips} strips", f"enough for {picture.height} rows")
    if strips and tags.get(COMPRESSION, 1) == 1:
        stored = int(np.sum(tags.get(STRIP_BYTES, 0)))
        if stored < 2 * picture.width * picture.height:
            told = f"{picture.width} x {picture.height} pixels"
            raise BadInput(place, f"{stored} bytes of strips", f"enough for {told}")
    return np.asarray(picture).astype(np.uint16)


def _refused(place: Path, error: Exception, expected: str) -> BadInput:
    reason = " ".join(str(error).replace(str(place), "").split())[:120] or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror.lower()
    return BadInput(place, reason, expected)


def read_grey(path: str | Path, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Read an 8-bit picture as grey, uint8 (height, width), cut and averaged to ``size``.

    Raises
    ------
    BadInput
        One line: no PNG, JPEG, BMP or TIFF, 16 bits, damaged, or over 32 million pixels.
    """
    return _eight(Path(path), "L", size)


def read_colour(path: str | Path, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Read an 8-bit picture as sRGB, uint8 (height, width, 3), cut and averaged to ``size``.

    Raises
    ------
    BadInput
        As :func:`read_grey`.
    """
    return _eight(Path(path), "RGB", size)


def _eight(place: Path, mode: str, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with _opened(place, ("PNG", "JPEG", "BMP", "TIFF")) as picture:
                if picture.width * picture.height > MAX_EIGHT_PIXELS:
                    told = f"{picture.width} x {picture.height} pixels"
                    raise BadInput(place, told, f"at most {MAX_EIGHT_PIXELS}")
                if picture.mode.startswith(("I", "F")):
                    told = f"a picture of mode {picture.mode}"
                    raise BadInput(place, told, "8 bits (16-bit TIFF: modality thermal)")
                flat = picture.convert(mode)
                return np.asarray(_fitted(flat, size) if size else flat, np.uint8)
    except BadInput:
        raise
    except Exception as error:
        raise _refused(place, error, "an 8-bit picture") from None


def _fitted(picture: Any, size: tuple[int, int]) -> Any:
    """Cut the largest middle part of the shape of ``size`` (width, height), averaged to it."""
    from PIL import Image

    width, height = size
    scale = min(picture.width / width, picture.height / height)
    across, down = width * scale, height * scale
    left, top = (picture.width - across) / 2.0, (picture.height - down) / 2.0
    box = (left, top, left + across, top + down)
    how = Image.Resampling.BOX if scale > 1.0 else Image.Resampling.BILINEAR
    return picture.resize(size, how, box=box)
