"""Write a recording batch by batch; its file appears when it is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from stillage.errors import BadInput
from stillage.recording import schema
from stillage.recording.appending import Compression, GrowingModality, Sink
from stillage.recording.columns import Stream, TargetColumn
from stillage.storage.atomic import atomic_file


class RecordingWriter:
    """A writer of a recording, batch by batch; the file appears when its ``with`` block ends well.

    Parameters
    ----------
    path : path
        Where the recording will be; an older file there is replaced only at the end.
    reader : str
        Name of the reader or scenario that made it.
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
        self._modalities: dict[str, GrowingModality] = {}
        self._targets: dict[str, list[TargetColumn]] = {}
        self._codes: dict[str, int] = {}
        self._groups: list[int] = []
        self._split_codes: dict[str, int] = {}
        self._split: list[int] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        folder = self.path.parent
        if not folder.is_dir():
            found = "a file" if folder.exists() else "no such folder"
            raise BadInput(folder, found, "an existing folder to write into")
        if self.path.is_dir():
            raise BadInput(self.path, "a folder", "a file to write")
        try:
            part = self._stack.enter_context(atomic_file(self.path))
            self._sink = self._stack.enter_context(closing(Sink(part)))
            self._file = self._stack.enter_context(
                # readable from HDF5 1.10 on
                h5py.File(self._sink, "w", libver=("earliest", "v110"))
            )
        except OSError as error:
            self._stack.__exit__(type(error), error, error.__traceback__)
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
            self._raise_disk_error()  # last, since HDF5 writes its last blocks as it closes
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

    def source(self, key: str, text: str) -> None:
        """Add an entry to the provenance, for what is only known while writing."""
        self._provenance[key] = text

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
                self._modalities[stream.name] = GrowingModality(
                    group, stream, before, self._compression
                )
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
        text = json.dumps(metadata.plain(), separators=(",", ":")).encode()
        if len(text) > schema.MAX_METADATA_BYTES:
            raise BadInput(
                self.path, f"{len(text)} bytes of names", f"<= {schema.MAX_METADATA_BYTES}"
            )
        self._file.create_dataset("metadata", data=np.frombuffer(text, np.uint8))
        self._file.attrs["format"] = np.bytes_(schema.FORMAT)
        self._file.attrs["version"] = np.int64(metadata.version)
        self._file.attrs["fingerprint"] = np.bytes_(metadata.fingerprint())

    def _metadata(self, digests: dict[str, str]) -> schema.Metadata:
        for name, modality in self._modalities.items():
            registered = modality.first.registration
            if registered and (registered.onto == name or registered.onto not in self._modalities):
                others = sorted(set(self._modalities) - {name})
                raise BadInput(f"registration of {name!r}", f"onto {registered.onto!r}", others)
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


def _check_straddling(
    groups: NDArray[np.int64], split: NDArray[np.int64], names: Mapping[str, int]
) -> None:
    """Refuse a group in two parts of the split: it would leak from one to the other."""
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
