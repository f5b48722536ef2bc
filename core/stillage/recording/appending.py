"""Grow a recording's datasets while it is written, and guard the file under HDF5."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import schema
from stillage.recording.columns import Stream
from stillage.recording.registration import Registration

Compression = Literal["none", "gzip", "lzf"]


class Sink(io.RawIOBase):
    """A file for HDF5 to write to, which keeps an error of the disk instead of raising it.

    HDF5 cannot close a file whose last blocks do not fit on the disk: the library is then
    left broken, and the process falls over at its end. So nothing more is written after the
    first error, which the writer raises.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b", buffering=0)
        self.error: OSError | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(buffer) or 0

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        done = 0
        try:
            while done < len(view) and self.error is None:
                done += self._file.write(view[done:]) or 0
        except OSError as error:
            self.error = error
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        try:
            return self._file.truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0

    def close(self) -> None:
        if hasattr(self, "_file"):  # Python closes also what could not be opened
            self._file.close()
        super().close()


class _Flat:
    """A dataset that grows along its first axis, with the digest of all that was appended."""

    def __init__(
        self,
        group: h5py.Group,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        compression: Compression,
    ) -> None:
        options: dict[str, Any] = {"fletcher32": True}  # HDF5 checks each chunk as it is read
        if compression != "none":
            options |= {"compression": compression, "shuffle": True}
        if compression == "gzip":
            options["compression_opts"] = 1
        self.dataset = group.create_dataset(
            "values",
            shape=(0, *shape),
            maxshape=(None, *shape),
            dtype=dtype.newbyteorder("<"),
            chunks=schema.chunk_shape(shape, dtype.itemsize),
            **options,
        )
        self.digest = hashlib.sha256()

    def append(self, values: NDArray[Any]) -> None:
        if not len(values):
            return
        start = self.dataset.shape[0]
        values = schema.canonical(values)
        self.dataset.resize(start + len(values), axis=0)
        self.dataset.write_direct(values, dest_sel=np.s_[start : start + len(values)])
        self.digest.update(values.data.cast("B"))


class GrowingModality:
    """A modality that is being written: its dataset and columns so far."""

    def __init__(self, group: h5py.Group, first: Stream, before: int, compression: Compression):
        shape = first.shape[1:] if first.ragged else first.shape
        sizes = tuple(size for size in shape if size is not None)
        self.first = first
        self.values = _Flat(group, first.dtype, sizes, compression)
        self.rows = 0
        self.lengths: list[NDArray[np.int64]] = []
        self.index = [np.full(before, -1, np.int64)]  # absent in all samples of earlier batches
        self.timestamps: list[NDArray[np.float64]] = []

    def append(self, stream: Stream, count: int) -> None:
        first = self.first
        for what in ("dtype", "shape", "unit", "rate_hz", "registration"):
            if getattr(stream, what) != getattr(first, what):
                raise BadInput(
                    f"{stream.where} {what}",
                    getattr(stream, what),
                    f"{getattr(first, what)} as before",
                )
        if (stream.timestamps is None) != (first.timestamps is None):
            raise BadInput(f"{stream.where} timestamps", "some batches without", "all or none")
        index = np.arange(stream.count) if stream.index is None else np.asarray(stream.index)
        if len(index) != count:
            raise BadInput(stream.where, f"{len(index)} samples", f"{count}, one for each group")
        self.index.append(np.where(index < 0, -1, index + self.rows).astype(np.int64))
        if isinstance(stream.data, np.ndarray):
            self._room(stream.where, stream.data[0].nbytes if stream.count else 0)
            self.values.append(stream.data)
        else:
            for row in stream.data:
                self._room(stream.where, row.nbytes)
            for block in _blocks(stream.data):
                self.values.append(np.concatenate(block))
            self.lengths.append(np.array([len(row) for row in stream.data], np.int64))
        if stream.timestamps is not None:
            self.timestamps.append(np.asarray(stream.timestamps, np.float64))
        self.rows += stream.count

    def _room(self, where: str, nbytes: int) -> None:
        if nbytes > schema.MAX_ROW_BYTES:
            raise BadInput(where, f"a reading of {nbytes} bytes", f"<= {schema.MAX_ROW_BYTES}")

    def skip(self, count: int) -> None:
        self.index.append(np.full(count, -1, np.int64))

    def meta(self) -> schema.ModalityMeta:
        first = self.first
        axes = tuple(first.axes) or tuple(f"axis{k}" for k in range(len(first.shape)))
        rate = None if first.rate_hz is None else float(first.rate_hz)
        return schema.ModalityMeta(
            shape=first.shape,
            dtype=first.dtype.name,
            unit=first.unit,
            axes=axes,
            rate_hz=rate,
            rows=self.rows,
            registration=_registration(first.registration),
        )

    def columns(self) -> dict[str, NDArray[Any]]:
        columns: dict[str, NDArray[Any]] = {"index": np.concatenate(self.index)}
        if self.first.ragged:
            columns["offsets"] = np.concatenate([[0], np.cumsum(np.concatenate(self.lengths))])
        if self.first.timestamps is not None:
            columns["timestamps"] = np.concatenate(self.timestamps)
        return columns


def _registration(found: Registration | None) -> schema.RegistrationMeta | None:
    if found is None:
        return None
    matrix = tuple(map(float, found.matrix))
    return schema.RegistrationMeta(onto=found.onto, matrix=matrix, error_px=found.error_px)


def _blocks(rows: Sequence[NDArray[Any]], budget: int = 2**23) -> Iterator[Sequence[NDArray[Any]]]:
    """Yield runs of rows of about ``budget`` bytes, so that joining them stays cheap."""
    start = size = 0
    for stop, row in enumerate(rows, 1):
        size += row.nbytes
        if size >= budget or stop == len(rows):
            yield rows[start:stop]
            start, size = stop, 0
