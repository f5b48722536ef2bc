"""Read one sample from one file, within bounds and without leaving the manifest's folder.

``.npy`` and ``.npz`` never unpickle and never inflate beyond the bound. Pictures, sound and
clips are decoded by PyAV from an open handle with the container fixed by the suffix, so that
a playlist in disguise cannot name other files.
"""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording.media import CLIPS, PICTURES, SOUNDS, Sample, load_media
from stillage.recording.readings import inflation
from stillage.recording.schema import MAX_ROW_BYTES

if TYPE_CHECKING:
    from stillage.sensing.modality import Modality

SUFFIXES = (".npy", ".npz", ".csv", *PICTURES, *CLIPS, *SOUNDS)
_MAX_CSV_BYTES = MAX_ROW_BYTES


def locate(folder: Path, name: str, where: str) -> Path:
    """Find the file ``name`` inside ``folder``; a path or link that leads out of it is refused.

    Raises
    ------
    BadInput
        If the path is absolute, leaves the folder, or is no file.
    """
    pure = PurePosixPath(name.replace("\\", "/"))
    root = folder.resolve()
    if pure.is_absolute() or ".." in pure.parts or "\x00" in name:
        raise BadInput(where, f"path {name!r}", "a path inside the manifest's folder")
    try:
        path = (root / pure).resolve()
    except RuntimeError:  # links in a circle
        raise BadInput(where, f"path {name!r}, links in a circle", "a file") from None
    if not path.is_relative_to(root):
        raise BadInput(where, f"path {name!r}", "a path inside the manifest's folder")
    if not path.is_file():
        raise BadInput(where, f"no file {name!r}", "a file inside the manifest's folder")
    return path


def read_own(modality: Modality, path: Path, where: str) -> Sample:
    """Read the sample in a file of a modality's own format, by its own decoder.

    Raises
    ------
    BadInput
        One line if the decoder refuses it, fails, or gives no array within bounds.
    """
    try:
        data = modality.read(path)
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from None
    except Exception as error:  # whatever a stranger's decoder raises
        raise _unreadable(path, error, where) from None
    if not isinstance(data, np.ndarray):
        raise BadInput(where, f"a {type(data).__name__} from {modality.name}.read()", "an array")
    if data.nbytes > MAX_ROW_BYTES:
        raise BadInput(where, f"a reading of {data.nbytes} bytes", f"<= {MAX_ROW_BYTES}")
    return Sample(data)


def _unreadable(path: Path, error: Exception, where: str) -> BadInput:
    reason = " ".join(str(error).split())[:160] or type(error).__name__
    return BadInput(where, f"unreadable file {path.name!r} ({reason})", path.suffix.lower())


def load_sample(
    path: Path, key: str, size: tuple[int, int], where: str, more: tuple[str, ...] = ()
) -> Sample:
    """Read the sample in a file.

    ``key`` picks an array of an ``.npz``; ``size`` is (width, height) to scale pictures to,
    0 for as they are; ``more`` are suffixes to name in a refusal. Pictures and clips are uint8
    (frames, height, width, 3), sound float32 (samples, channels), CSV float32 (rows, columns)
    or (n,) for a single row or column.

    Raises
    ------
    BadInput
        If the file cannot be read, is too large, or holds no numbers.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise BadInput(where, f"file type {suffix!r}", ", ".join(dict.fromkeys(more + SUFFIXES)))
    if key and suffix != ".npz":
        raise BadInput(where, f"#{key} after a {suffix} file", "an .npz file")
    try:
        if suffix == ".npy":
            return Sample(_npy(path))
        if suffix == ".npz":
            return Sample(_npz(path, key, where))
        if suffix == ".csv":
            return Sample(_table(path, where))
        return load_media(path, size, where)
    except BadInput:
        raise
    except Exception as error:  # zlib.error, RecursionError: whatever damaged bytes provoke
        raise _unreadable(path, error, where) from None


def _npy(path: Path) -> NDArray[Any]:
    """Read an array; mapped first, so that its header is checked against the file's length."""
    mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    if mapped.nbytes > MAX_ROW_BYTES:
        raise ValueError(f"{mapped.nbytes} bytes, more than {MAX_ROW_BYTES}")
    return np.array(mapped)


def _npz(path: Path, key: str, where: str) -> NDArray[Any]:
    with zipfile.ZipFile(path) as archive:
        names = {i.filename.removesuffix(".npy"): i for i in archive.infolist()}
        if not key and len(names) != 1:
            raise BadInput(where, f"arrays {sorted(names)}", "one, or FILE.npz#NAME")
        wanted = key or next(iter(names))
        if wanted not in names:
            raise BadInput(where, f"no array {wanted!r}", f"one of {sorted(names)}")
        # 4096 for the header
        most = inflation(path, MAX_ROW_BYTES + 4096)
        if names[wanted].file_size > most:
            raise ValueError(f"{names[wanted].file_size} bytes of content, more than {most}")
        with archive.open(names[wanted]) as member:
            return _npy_stream(member, names[wanted].file_size)


def _npy_stream(member: Any, size: int) -> NDArray[Any]:
    version = np.lib.format.read_magic(member)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ValueError(f"npy version {version}")
    shape, fortran, dtype = read(member)
    count = int(np.prod(shape, dtype=object))
    if dtype.hasobject or count * dtype.itemsize > size:
        raise ValueError(f"{count} x {dtype} in {size} bytes")
    flat = np.frombuffer(member.read(count * dtype.itemsize), dtype, count)
    return flat.reshape(shape, order="F" if fortran else "C").copy()


def _table(path: Path, where: str) -> NDArray[np.float32]:
    if path.stat().st_size > _MAX_CSV_BYTES:
        raise ValueError(f"more than {_MAX_CSV_BYTES} bytes")
    rows: list[list[float]] = []
    with path.open(newline="", encoding="utf-8-sig") as handle:
        for number, cells in enumerate(csv.reader(handle), 1):
            try:
                row = [float(cell) for cell in cells]
            except ValueError:
                if number == 1:  # a header
                    continue
                raise BadInput(
                    f"{where}: {path.name} line {number}", repr(cells)[:60], "numbers"
                ) from None
            if row:
                rows.append(row)
    if not rows or len({len(row) for row in rows}) > 1:
        raise ValueError("no rows" if not rows else "rows of different lengths")
    table = np.array(rows, np.float32)
    return table.reshape(-1) if 1 in table.shape else table
