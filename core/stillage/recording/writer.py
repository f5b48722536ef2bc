"""Write a recording beside its place and rename it when it is whole."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import h5py
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from stillage.atomic import atomic_file
from stillage.errors import BadInput
from stillage.recording import schema
from stillage.recording.columns import Stream, TargetColumn

Compression = Literal["none", "gzip", "lzf"]


class _Sink(io.RawIOBase):
    """The file under HDF5; keeps an error of the disk for us instead of failing HDF5.

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
        self._file.close()
        super().close()


class _Flat:
    """A dataset that grows along its first axis, and the digest of what went in."""

    def __init__(
        self,
        group: h5py.Group,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        compression: Compression,
    ) -> None:
        options: dict[str, Any] = {"fletcher32": True}
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


class _Modality:
    """What has been written of one modality so far."""

    def __init__(self, group: h5py.Group, first: Stream, before: int, compression: Compression):
        shape = first.shape[1:] if first.ragged else first.shape
        sizes = tuple(size for size in shape if size is not None)
        self.first = first
        self.values = _Flat(group, first.dtype, sizes, compression)
        self.rows = 0
        self.lengths: list[NDArray[np.int64]] = []
        self.index = [np.full(before, -1, np.int64)]
        self.timestamps: list[NDArray[np.float64]] = []

    def append(self, stream: Stream, count: int) -> None:
        first = self.first
        for what in ("dtype", "shape", "unit", "rate_hz"):
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
        )

    def columns(self) -> dict[str, NDArray[Any]]:
        columns: dict[str, NDArray[Any]] = {"index": np.concatenate(self.index)}
        if self.first.ragged:
            columns["offsets"] = np.concatenate([[0], np.cumsum(np.concatenate(self.lengths))])
        if self.first.timestamps is not None:
            columns["timestamps"] = np.concatenate(self.timestamps)
        return columns


class RecordingWriter:
    """Write a recording batch by batch; the file appears when the ``with`` block ends well.

    Parameters
    ----------
    path : path
        Where the recording will be; an older file there is replaced only at the end.
    reader : str
        What made it (a reader's or a scenario's name).
    provenance : mapping of str to str
        Where the readings come from.
    notes : sequence of str
        What a user should know; :meth:`note` adds more.
    defaults : mapping
        ``{"teacher": [...], "student": [...], "task": ...}``.
    compression : {"none", "gzip", "lzf"}
        Of the readings; "none" reads fastest, "lzf" is read by h5py alone.

    Raises
    ------
    BadInput
        If the folder cannot be written, or batches do not fit each other.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        reader: str = "",
        provenance: Mapping[str, str] | None = None,
        notes: Sequence[str] = (),
        defaults: Mapping[str, Any] | None = None,
        compression: Compression = "none",
    ) -> None:
        self.path = Path(path)
        self._reader = reader
        self._provenance = dict(provenance or {})
        self._notes = list(notes)
        self._defaults = dict(defaults or {})
        self._compression = compression
        self._modalities: dict[str, _Modality] = {}
        self._targets: dict[str, list[TargetColumn]] = {}
        self._codes: dict[str, int] = {}
        self._groups: list[int] = []
        self._split_codes: dict[str, int] = {}
        self._split: list[int] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        folder = self.path.parent
        if not folder.is_dir():
            raise BadInput(folder, "no such folder", "an existing folder to write into")
        if self.path.is_dir():
            raise BadInput(self.path, "a folder", "a file to write")
        try:
            part = self._stack.enter_context(atomic_file(self.path))
            self._sink = self._stack.enter_context(closing(_Sink(part)))
            self._file = self._stack.enter_context(
                h5py.File(self._sink, "w", libver=("earliest", "v110"))
            )
        except OSError as error:
            self._stack.close()
            raise BadInput(folder, _reason(error), "a folder that can be written") from None
        self._file.create_group("modalities")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._finish()
                self._file.close()
            self._raise_disk_error()
        except BaseException as problem:
            self._stack.__exit__(type(problem), problem, problem.__traceback__)
            raise
        self._stack.__exit__(kind, error, trace)

    def _raise_disk_error(self) -> None:
        if self._sink.error is not None:
            reason = _reason(self._sink.error)
            raise BadInput(self.path, reason, "room for the recording") from None

    def note(self, text: str) -> None:
        """Add a note for users of the recording."""
        self._notes.append(text)

    def add(
        self,
        streams: Sequence[Stream],
        targets: Sequence[TargetColumn],
        groups: Sequence[str],
        split: Sequence[str] | None = None,
    ) -> None:
        """Append samples: all columns have one entry for each of ``groups`` (B,).

        A stream's index refers to the rows of this batch; a modality without a stream is
        absent from the whole batch. Targets must be the same in every batch.

        Raises
        ------
        BadInput
            If lengths, shapes, units or targets do not fit each other or earlier batches.
        """
        count, before = len(groups), len(self._groups)
        self._check_batch(streams, targets, count, split)
        for stream in streams:
            if stream.name not in self._modalities:
                group = self._file["modalities"].create_group(stream.name)
                self._modalities[stream.name] = _Modality(group, stream, before, self._compression)
            self._modalities[stream.name].append(stream, count)
        for name in set(self._modalities) - {stream.name for stream in streams}:
            self._modalities[name].skip(count)
        self._raise_disk_error()
        for column in targets:
            self._targets.setdefault(column.name, []).append(column)
        self._groups += [self._codes.setdefault(str(g), len(self._codes)) for g in groups]
        if split is not None:
            codes = self._split_codes
            self._split += [codes.setdefault(str(s), len(codes)) for s in split]

    def _check_batch(
        self,
        streams: Sequence[Stream],
        targets: Sequence[TargetColumn],
        count: int,
        split: Sequence[str] | None,
    ) -> None:
        names = [stream.name for stream in streams]
        if len(set(names)) < len(names):
            raise BadInput("modalities", f"{sorted(names)}", "each once")
        for column in targets:
            if len(column.values) != count:
                raise BadInput(
                    f"target {column.name!r}",
                    f"{len(column.values)} values",
                    f"{count}, one for each group",
                )
        found = {column.name: column.task for column in targets}
        if len(found) < len(targets):
            raise BadInput("targets", f"{[t.name for t in targets]}", "each once")
        known = {name: columns[0].task for name, columns in self._targets.items()}
        if self._groups and found != known:
            raise BadInput("targets", f"{sorted(found)}", f"{sorted(known)}, as in earlier batches")
        if split is not None and len(split) != count:
            raise BadInput("split", f"{len(split)} names", f"{count}, one for each group")
        if self._groups and (split is None) == bool(self._split):
            raise BadInput("split", "some batches without", "all or none")

    def _finish(self) -> None:
        if not self._groups or not self._modalities:
            raise BadInput(self.path, "nothing to write", "at least one sample and one modality")
        columns: dict[str, NDArray[Any]] = {"samples/groups": np.array(self._groups, np.int64)}
        if self._split:
            columns["samples/split"] = np.array(self._split, np.int64)
            _check_straddling(columns["samples/groups"], columns["samples/split"], self._codes)
        digests = {}
        for name, modality in self._modalities.items():
            columns |= {f"modalities/{name}/{k}": v for k, v in modality.columns().items()}
            digests[f"modalities/{name}/values"] = modality.values.digest.hexdigest()
        for name, parts in self._targets.items():
            columns[f"targets/{name}/values"] = np.concatenate([p.values for p in parts])
            columns[f"targets/{name}/states"] = np.concatenate([p.states for p in parts])
        for where, column in columns.items():
            self._file.create_dataset(where, data=schema.canonical(column))
            digests[where] = schema.digest(column)
        metadata = self._metadata(digests)
        text = metadata.model_dump_json().encode()
        if len(text) > schema.MAX_METADATA_BYTES:
            raise BadInput(
                self.path, f"{len(text)} bytes of names", f"<= {schema.MAX_METADATA_BYTES}"
            )
        self._file.create_dataset("metadata", data=np.frombuffer(text, np.uint8))
        self._file.attrs["format"] = np.bytes_(schema.FORMAT)
        self._file.attrs["version"] = np.int64(schema.VERSION)
        self._file.attrs["fingerprint"] = np.bytes_(metadata.fingerprint())

    def _metadata(self, digests: dict[str, str]) -> schema.Metadata:
        targets = {
            name: {"kind": p[0].kind, "classes": tuple(map(str, p[0].classes)), "unit": p[0].unit}
            for name, p in self._targets.items()
        }
        defaults = {k: tuple(v) if k != "task" else v for k, v in self._defaults.items()}
        for where in ("teacher", "student"):
            unknown = set(defaults.get(where, ())) - set(self._modalities)
            if unknown:
                raise BadInput(f"defaults {where}", sorted(unknown), sorted(self._modalities))
        try:
            return schema.Metadata.model_validate(
                {
                    "samples": len(self._groups),
                    "reader": self._reader,
                    "modalities": {k: m.meta() for k, m in self._modalities.items()},
                    "targets": targets,
                    "group_names": tuple(self._codes),
                    "split_names": tuple(self._split_codes) if self._split else None,
                    "provenance": self._provenance,
                    "notes": tuple(self._notes),
                    "defaults": defaults,
                    "digests": digests,
                }
            )
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise BadInput(
                f"{self.path} {place}", repr(first["input"])[:80], first["msg"]
            ) from None


def _blocks(rows: Sequence[NDArray[Any]], budget: int = 2**23) -> Iterator[Sequence[NDArray[Any]]]:
    """Runs of rows of about ``budget`` bytes, so that joining them stays cheap."""
    start = size = 0
    for stop, row in enumerate(rows, 1):
        size += row.nbytes
        if size >= budget or stop == len(rows):
            yield rows[start:stop]
            start, size = stop, 0


def _check_straddling(
    groups: NDArray[np.int64], split: NDArray[np.int64], names: Mapping[str, int]
) -> None:
    """A group in two parts of the split would leak."""
    pairs = np.unique(np.stack([groups, split]), axis=1)
    code, count = np.unique(pairs[0], return_counts=True)
    if (count > 1).any():
        name = list(names)[int(code[count > 1][0])]
        raise BadInput("split", f"group {name!r} in two parts", "each group in one part")


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def write_recording(
    path: str | Path,
    streams: Sequence[Stream],
    targets: Sequence[TargetColumn],
    groups: Sequence[str],
    *,
    split: Sequence[str] | None = None,
    provenance: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    reader: str = "",
    defaults: Mapping[str, Any] | None = None,
    compression: Compression = "none",
) -> Path:
    """Write a whole recording of N samples at once; see :class:`RecordingWriter`.

    ``groups`` (N,) names what must stay together in a split (item, block, unit); ``split``
    (N,) is the set's own split, if it has one.
    """
    with RecordingWriter(
        path,
        reader=reader,
        provenance=provenance,
        notes=notes,
        defaults=defaults,
        compression=compression,
    ) as writer:
        writer.add(streams, targets, groups, split)
    return Path(path)
