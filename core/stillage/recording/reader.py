"""Read a recording: lazily, a batch at a time in file order, from any number of processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import schema
from stillage.recording.columns import StreamInfo, TargetColumn
from stillage.recording.content import Content, load_content
from stillage.recording.guard import damage, open_guarded
from stillage.recording.registration import Registration

KEEP_BYTES = 2**24
"""A modality of at most this size is kept in memory once read."""


class Recording:
    """An open recording of N samples; :meth:`open` makes one.

    A recording can be pickled and used in other processes: each opens the file for itself at
    its first read. Columns (groups, targets, timestamps) are in memory, readings are not.

    >>> Recording.open("/missing.h5")
    Traceback (most recent call last):
        ...
    stillage.errors.BadInput: /missing.h5: found no such file, expected a recording (HDF5)
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._content: Content | None = None
        self._file: h5py.File | None = None
        self._pid = 0
        self._inherited: list[h5py.File] = []
        self._kept: dict[str, NDArray[Any]] = {}
        self._expected = ""

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open and check the recording at ``path``.

        Raises
        ------
        BadInput
            If the file is missing, damaged, foreign, hostile or of another version.
        """
        recording = cls(Path(path))
        recording._load()
        return recording

    def _load(self) -> Content:
        if self._content is None:
            self._handle()
        assert self._content is not None  # noqa: S101
        return self._content

    def _handle(self) -> h5py.File:
        """Give the file as opened by this very process."""
        if self._file is not None and self._pid == os.getpid():
            return self._file
        if self._file is not None:
            self._inherited.append(self._file)  # the parent's handle: neither used nor closed
        file = open_guarded(self.path)
        try:
            with damage(self.path):
                content = load_content(self.path, file)
            if self._expected and content.fingerprint != self._expected:
                raise BadInput(
                    self.path,
                    f"content {content.fingerprint[:12]}",
                    f"{self._expected[:12]} as before",
                )
        except BaseException:
            file.close()
            raise
        self._content, self._expected = content, content.fingerprint
        self._file, self._pid = file, os.getpid()
        return file

    def close(self) -> None:
        """Close the file; a later read opens it again."""
        if self._file is not None and self._pid == os.getpid():
            self._file.close()
        self._file = None
        self._kept = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:  # the fingerprint: no other file may take its place
        return _reopen, (type(self), self.path, self.fingerprint)

    def __len__(self) -> int:
        return self.samples

    @property
    def samples(self) -> int:
        """Number of samples N."""
        return self._load().metadata.samples

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the content: equal for equal content, however it was written.

        Provenance, notes, reader and defaults are no content. Opening checks it against all
        columns; :meth:`verify` against the readings too.
        """
        return self._load().fingerprint

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes that a user should read."""
        return self._load().metadata.notes

    @property
    def provenance(self) -> dict[str, str]:
        """Where the readings come from."""
        return dict(self._load().metadata.provenance)

    @property
    def reader(self) -> str:
        """Name of the reader or scenario that made the recording."""
        return self._load().metadata.reader

    @property
    def defaults(self) -> dict[str, Any]:
        """``{"teacher": [...], "student": [...], "task": ...}`` as its maker set them."""
        return self._load().metadata.defaults.model_dump(mode="json")

    @property
    def modalities(self) -> dict[str, StreamInfo]:
        """Description of every modality, by name."""
        return {
            name: StreamInfo(
                shape=meta.shape,
                dtype=meta.dtype,
                unit=meta.unit,
                rate_hz=meta.rate_hz,
                count=meta.rows,
                ragged=None in meta.shape,
                axes=meta.axes,
                registration=_registration(meta.registration),
            )
            for name, meta in self._load().metadata.modalities.items()
        }

    @property
    def targets(self) -> dict[str, TargetColumn]:
        """The target columns, each (N,)."""
        return dict(self._load().targets)

    def target(self, name: str) -> TargetColumn:
        """Give one target column (N,).

        Raises
        ------
        BadInput
            If there is none of that name.
        """
        found = self.targets
        if name not in found:
            raise BadInput(self.path, f"no target {name!r}", f"one of {sorted(found)}")
        return found[name]

    @property
    def group_names(self) -> tuple[str, ...]:
        """Names of the groups, in order of first appearance."""
        return self._load().metadata.group_names

    @property
    def group_index(self) -> NDArray[np.int64]:
        """(N,) position of each sample's group in :attr:`group_names`."""
        return self._load().columns["samples/groups"]

    @property
    def groups(self) -> NDArray[np.str_]:
        """(N,) name of each sample's group."""
        return _named(self.group_names, self.group_index)

    @property
    def split(self) -> NDArray[np.str_] | None:
        """(N,) the set's own split, if it has one."""
        content = self._load()
        if content.metadata.split_names is None:
            return None
        return _named(content.metadata.split_names, content.columns["samples/split"])

    def _meta(self, modality: str) -> schema.ModalityMeta:
        known = self._load().metadata.modalities
        if modality not in known:
            raise BadInput(self.path, f"no modality {modality!r}", f"one of {sorted(known)}")
        return known[modality]

    def rows(self, modality: str) -> NDArray[np.int64]:
        """Give the row (N,) of each sample's reading, -1 where absent; equal rows are shared."""
        self._meta(modality)
        return self._load().columns[f"modalities/{modality}/index"]

    def presence(self, modality: str) -> NDArray[np.bool_]:
        """Give a mask (N,): whether a sample has a reading of the modality."""
        return np.asarray(self.rows(modality) >= 0)

    def timestamps(self, modality: str) -> NDArray[np.float64] | None:
        """Give seconds of acquisition (N,), NaN where absent; None if they were not recorded."""
        index = self.rows(modality)
        stamps = self._load().columns.get(f"modalities/{modality}/timestamps")
        if stamps is None:
            return None
        out = np.full(self.samples, np.nan)
        out[index >= 0] = stamps[index[index >= 0]]
        return out

    def read(
        self, modality: str, samples: NDArray[np.int64] | None = None
    ) -> NDArray[Any] | list[NDArray[Any]]:
        """Read raw readings of ``samples`` (B,), default all: (B, *shape), absent rows zero.

        A ragged modality gives a list of B arrays (T, *rest), T = 0 where absent. Rows are
        read once each, in file order, whatever the order of ``samples``.

        Raises
        ------
        BadInput
            If the modality is unknown, a sample is out of range, or stored bytes are damaged.
        """
        meta = self._meta(modality)
        index = self.rows(modality)
        samples = np.arange(self.samples) if samples is None else np.asarray(samples)
        if samples.ndim != 1 or samples.dtype.kind not in "iu":
            raise BadInput("samples", f"{samples.dtype} {samples.shape}", "integers (B,)")
        if samples.size and not 0 <= samples.min() <= samples.max() < self.samples:
            raise BadInput(
                f"{self.path} samples",
                f"{samples.min()} to {samples.max()}",
                f"0 to {self.samples - 1}",
            )
        rows = index[samples]
        wanted, where = np.unique(rows[rows >= 0], return_inverse=True)
        if None in meta.shape:
            return self._ragged(modality, meta, rows, wanted, where)
        found = self._values(modality, wanted, wanted + 1)
        if len(wanted) == len(rows) and (where[1:] > where[:-1]).all():
            return found  # in order, none absent or shared: as it was read
        out = np.zeros((len(rows), *found.shape[1:]), found.dtype)
        out[rows >= 0] = found[where]
        return out

    def _ragged(
        self,
        modality: str,
        meta: schema.ModalityMeta,
        rows: NDArray[np.int64],
        wanted: NDArray[np.int64],
        where: NDArray[np.int64],
    ) -> list[NDArray[Any]]:
        offsets = self._load().columns[f"modalities/{modality}/offsets"]
        starts, stops = offsets[wanted], offsets[wanted + 1]
        flat = self._values(modality, starts, stops)
        pieces = np.split(flat, np.cumsum(stops - starts)[:-1]) if len(wanted) else []
        rest = tuple(size for size in meta.shape[1:] if size is not None)
        out = [np.zeros((0, *rest), meta.dtype) for _ in rows]
        for place, piece in zip(np.flatnonzero(rows >= 0), where, strict=True):
            out[place] = pieces[piece].copy()  # a view would keep the whole block in memory
        return out

    def _values(
        self, modality: str, starts: NDArray[np.int64], stops: NDArray[np.int64]
    ) -> NDArray[Any]:
        """Read stored values of increasing ranges, joined; neighbours are read in one go."""
        file = self._handle()
        with damage(f"{self.path} modality {modality!r}"):
            dataset = file[f"modalities/{modality}/values"]
            if modality not in self._kept and dataset.nbytes <= KEEP_BYTES:
                self._kept[modality] = dataset[...]
            kept = self._kept.get(modality)
            shape = (int((stops - starts).sum()), *dataset.shape[1:])
            out = np.empty(shape, dataset.dtype)
            place = 0
            for start, stop in _runs(starts, stops):
                if kept is not None:
                    out[place : place + stop - start] = kept[start:stop]
                else:
                    _read_rows(dataset.id, out, start, stop, place)
                place += stop - start
        return out

    def verify(self) -> None:
        """Read everything once, and check it against the stored digests.

        Raises
        ------
        BadInput
            If the readings are not those that were written.
        """
        for name in self._load().metadata.modalities:
            self._load().verify_values(self.path, self._handle(), name)


def _runs(starts: NDArray[np.int64], stops: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield increasing ranges with neighbours joined; empty ones are left out.

    >>> list(_runs(np.array([0, 1, 4, 7]), np.array([1, 3, 4, 9])))
    [(0, 3), (7, 9)]
    """
    keep = stops > starts
    starts, stops = starts[keep], stops[keep]
    first = np.flatnonzero(np.r_[True, starts[1:] != stops[:-1]]) if len(starts) else starts
    last = np.r_[first[1:] - 1, len(starts) - 1] if len(starts) else starts
    yield from zip(starts[first].tolist(), stops[last].tolist(), strict=True)


def _read_rows(
    dataset: h5py.h5d.DatasetID, out: NDArray[Any], start: int, stop: int, place: int
) -> None:
    """Read rows ``start`` to ``stop`` into ``out[place:]``, as read_direct does, 4 times faster."""
    inner = dataset.shape[1:]
    zeros = (0,) * len(inner)
    count = (stop - start, *inner)
    source = dataset.get_space()
    source.select_hyperslab((start, *zeros), count)
    target = h5py.h5s.create_simple(out.shape)
    target.select_hyperslab((place, *zeros), count)
    dataset.read(target, source, out)


def _registration(meta: schema.RegistrationMeta | None) -> Registration | None:
    if meta is None:
        return None
    return Registration(meta.onto, meta.matrix, meta.error_px)


def _named(names: tuple[str, ...], codes: NDArray[np.int64]) -> NDArray[np.str_]:
    return np.asarray(np.array(names, dtype=np.str_)[codes])


def _reopen(kind: type[Recording], path: Path, fingerprint: str) -> Recording:
    recording = kind(path)
    recording._expected = fingerprint
    return recording
