"""The generic reader ``manifest`` turns a CSV of paths, groups and targets into a recording.

One line is one sample. The header says what each column is::

    group,split,path:led[1],time:led,path:video,target:polymer,target:mass[g],target:grade{C<B<A}
    item-1,train,led/1.npy,12.5,photos/1.jpg,PET,4.1,A

* ``group`` (required): what must stay together in a split (item, block, unit).
* ``split``: the set's own split (``train``, ``test``; other parts are used by neither side).
* ``path:MODALITY`` or ``path:MODALITY[unit]``: a file inside the CSV's folder; empty: absent.
  The unit may be left out where the modality is registered.
* ``time:MODALITY``: seconds of acquisition.
* ``target:NAME``: classes, named as they come; ``{A|B}``: these classes in this order, all
  others out of set; ``{C<B<A}``: ordinal, least first; ``[unit]``: a number. Empty: unlabelled.
* ``comment``: anything, ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.plugin.host import get_host
from stillage.plugin.spec import ModalitySpec
from stillage.recording.columns import Stream, TargetColumn
from stillage.recording.manifest.cleaning import Mark, clean_lines, registrations
from stillage.recording.manifest.files import load_sample, locate, read_own
from stillage.recording.manifest.header import Column, Line, only, parse
from stillage.recording.media import Sample
from stillage.recording.registration import Registration
from stillage.recording.specs import ManifestOptions
from stillage.recording.writer import RecordingWriter
from stillage.sensing.modality import get_modality
from stillage.task import LabelState, TaskKind

if TYPE_CHECKING:
    from stillage.plugin.spec import SampleSpec

KEEP_BYTES = 2**26
"""Most bytes of a modality's readings that are kept after the first pass; and bytes at which a run
of lines ends with its group."""

_MAX_AXES = 8
MOST_BYTES = 2**27
"""Bytes at which a run ends even in the middle of a group."""

BATCH = 256


@dataclass
class _Source:
    """A modality of the manifest: its files, loaded at most twice, and their samples' shapes."""

    name: str
    unit: str
    spec: SampleSpec | None
    load: Callable[[str, str], Sample]
    kept: dict[str, Sample] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    shapes: set[tuple[int, ...]] = field(default_factory=set)
    marks: dict[str, Mark] = field(default_factory=dict)
    rate_hz: float | None = None
    held: int = 0
    registration: Registration | None = None

    def probe(self, cell: str, where: str) -> None:
        if cell in self.marks:
            return
        sample = self.fetch(cell, where)
        self.marks[cell] = Mark.of(sample.data)
        self.sizes[cell] = sample.data.nbytes
        self.shapes.add(sample.data.shape)
        self.rate_hz = self.rate_hz or sample.rate_hz
        if sample.rate_hz and sample.rate_hz != self.rate_hz:
            raise BadInput(where, f"{sample.rate_hz} Hz", f"{self.rate_hz} Hz as before")
        if self.held + sample.data.nbytes <= KEEP_BYTES:
            self.kept[cell] = sample
            self.held += sample.data.nbytes

    def fetch(self, cell: str, where: str) -> Sample:
        if cell in self.kept:
            return self.kept[cell]
        sample = self.load(cell, where)
        return Sample(_fit(sample.data, self.spec, where), sample.rate_hz)

    @property
    def ragged(self) -> bool:
        return bool(self.spec and self.spec.ragged) or len(self.shapes) > 1

    def check(self, path: Path) -> None:
        kinds = {(len(s), s[1:]) for s in self.shapes}
        if self.ragged and len(kinds) > 1:
            some = sorted(self.shapes)[:2]
            raise BadInput(
                f"{path} {self.name}",
                f"readings of shapes {some[0]} and {some[-1]}",
                "one shape, but for the first axis (pictures: -o width= -o height=)",
            )


def read_manifest(
    path: str | Path, out: str | Path, options: ManifestOptions = ManifestOptions()
) -> Path:
    """Turn the CSV at ``path`` into a recording at ``out``; the header is described above.

    Raises
    ------
    BadInput
        One line with the CSV's line and column at fault; nothing is written then.
    """
    path = Path(path)
    columns, lines = parse(path)
    sources = _sources(path, columns, (options.width, options.height))
    for number, cells in lines:
        for column in columns:
            if column.role == "path" and cells[column.place]:
                where = f"{path} line {number} {column.name}"
                sources[column.name].probe(cells[column.place], where)
    for source in sources.values():
        source.check(path)
    for name, mapping in registrations(path.parent, options.registration, list(sources)).items():
        sources[name].registration = mapping
    notes: list[str] = []
    if options.clean:
        marks = {name: source.marks for name, source in sources.items()}
        lines, notes = clean_lines(columns, lines, marks)
    task = options.task
    defaults = {
        "teacher": _listed(options.teacher),
        "student": _listed(options.student),
        "task": task,
    }
    targets = [
        _target_classes(path, column, lines) for column in columns if column.role == "target"
    ]
    if task and task not in [target.name for target in targets]:
        raise BadInput("task", repr(task), f"one of {[target.name for target in targets]}")
    notes += [note for target in targets for note in target.doubts(lines)]
    with RecordingWriter(
        out,
        reader="manifest",
        provenance={"manifest": path.name},
        notes=notes,
        defaults=defaults,
    ) as writer:
        sizes = {c.place: sources[c.name].sizes for c in columns if c.role == "path"}
        for batch in _batches(lines, only(columns, "group"), sizes):
            _add(writer, path, columns, sources, targets, batch)
    return Path(out)


def _sources(path: Path, columns: list[Column], size: tuple[int, int]) -> dict[str, _Source]:
    known = {spec.name: spec for spec in get_host().specs(ModalitySpec)}
    sources = {}
    for column in columns:
        if column.role != "path":
            continue
        modality = known.get(column.name)
        spec = modality.sample if modality else None
        if column.unit is None and spec is None:
            raise BadInput(
                f"{path} header",
                f"path:{column.name} without a unit",
                f"path:{column.name}[unit], or one of {sorted(known)}",
            )
        unit = column.unit if column.unit is not None else spec.unit if spec else ""
        if spec and unit != spec.unit:
            raise BadInput(f"{path} header", f"{column.name} in {unit!r}", f"{spec.unit!r}")

        load = _loader(path.parent, size, column.name, modality.suffixes if modality else ())
        sources[column.name] = _Source(column.name, unit, spec, load)
    return sources


def _loader(
    folder: Path, size: tuple[int, int], name: str, suffixes: tuple[str, ...]
) -> Callable[[str, str], Sample]:
    """Make the function that loads a cell of a modality's column; own files by its own decoder."""

    def load(cell: str, where: str) -> Sample:
        file, _, key = cell.partition("#")
        place = locate(folder, file, where)
        if place.suffix.lower() in suffixes and not key:
            return read_own(get_modality(name), place, where)
        return load_sample(place, key, size, where, suffixes)

    return load


def _fit(data: NDArray[Any], spec: SampleSpec | None, where: str) -> NDArray[Any]:
    """Cast a reading to the registered dtype and axes, or leave it where none is registered."""
    if data.dtype.kind not in "fiu":
        raise BadInput(where, f"dtype {data.dtype}", "integers or floats")
    if data.dtype.kind == "f" and not np.isfinite(data).all():
        place = tuple(map(int, np.argwhere(~np.isfinite(data))[0]))
        raise BadInput(where, f"NaN or infinity at {place}", "finite readings, or no path")
    if data.ndim > _MAX_AXES:
        raise BadInput(where, f"a reading of {data.ndim} axes", f"at most {_MAX_AXES}")
    if not data.size:
        raise BadInput(where, f"an empty reading {data.shape}", "numbers, or no path")
    if spec is None:
        return data
    if data.ndim == len(spec.shape) + 1 and data.shape[-1] == 1:  # one channel, or one column
        data = data[..., 0]
    fits = data.ndim == len(spec.shape) and all(
        want in (None, have) for want, have in zip(spec.shape, data.shape, strict=True)
    )
    if not fits:
        raise BadInput(where, f"a reading of shape {data.shape}", spec.describe())
    wanted = np.dtype(spec.dtype)
    if data.dtype != wanted:
        with np.errstate(over="ignore", invalid="ignore"):  # refused in the next lines
            cast = data.astype(wanted)
        close = wanted.kind == "f" or (np.asarray(cast, data.dtype) == data).all()
        if not close or (wanted.kind == "f" and not np.isfinite(cast).all()):
            raise BadInput(where, f"{data.dtype} values outside {wanted}", spec.describe())
        data = cast
    return data


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


@dataclass
class _Target:
    name: str
    kind: TaskKind
    unit: str
    classes: tuple[str, ...]
    place: int

    def column(self, path: Path, lines: list[Line]) -> TargetColumn:
        values = np.zeros(len(lines), np.float64 if self.kind == "regression" else np.int64)
        states = np.full(len(lines), LabelState.UNLABELLED, np.int8)
        for k, (number, cells) in enumerate(lines):
            cell = cells[self.place]
            if not cell:
                continue
            states[k] = LabelState.LABELLED
            if self.kind == "regression":
                try:
                    values[k] = float(cell)
                except ValueError:
                    values[k] = np.nan
                if not np.isfinite(values[k]):
                    where = f"{path} line {number} target {self.name}"
                    raise BadInput(where, repr(cell), f"a number in {self.unit}")
            elif cell in self.classes:
                values[k] = self.classes.index(cell)
            else:
                states[k] = LabelState.OUT_OF_SET
        return TargetColumn(self.name, self.kind, values, states, self.classes, self.unit)

    def doubts(self, lines: list[Line]) -> list[str]:
        """Write a note where numbers were taken for the names of classes, nearly one a line."""
        labelled = sum(bool(cells[self.place]) for _, cells in lines)
        if self.unit or len(self.classes) <= max(2, labelled // 2) or not _numbers(self.classes):
            return []
        return [
            f"target {self.name}: {len(self.classes)} numbers are taken for names of classes; "
            f"if they are quantities, write target:{self.name}[unit]"
        ]


def _numbers(names: tuple[str, ...]) -> bool:
    try:
        return all(np.isfinite(float(name)) for name in names)
    except ValueError:
        return False


def _target_classes(path: Path, column: Column, lines: list[Line]) -> _Target:
    if column.unit is not None:
        return _Target(column.name, "regression", column.unit, (), column.place)
    classes = column.classes or tuple(sorted({c[column.place] for _, c in lines} - {""}))
    if len(classes) < 2 or "" in classes or len(set(classes)) < len(classes):
        raise BadInput(f"{path} target {column.name}", f"classes {classes}", "two or more names")
    kind: TaskKind = "ordinal" if column.ordinal else "classification"
    return _Target(column.name, kind, "", classes, column.place)


def _batches(
    lines: list[Line], group: Column, sizes: Mapping[int, Mapping[str, int]]
) -> list[list[Line]]:
    """Cut the lines into runs that fit in memory; ``sizes`` are files' bytes by column's place.

    A run that is long enough ends with its group, so that a group's shared files are stored
    once; one of more than :data:`MOST_BYTES` ends where it is.
    """
    batches: list[list[Line]] = [[]]
    held = 0
    for line in lines:
        last = batches[-1]
        more = sum(known.get(line[1][place], 0) for place, known in sizes.items())
        enough = len(last) >= BATCH or held >= KEEP_BYTES
        ends = enough and last[-1][1][group.place] != line[1][group.place]
        if last and (ends or held + more > MOST_BYTES):
            batches.append([])
            held = 0
        batches[-1].append(line)
        held += more
    return batches


def _add(
    writer: RecordingWriter,
    path: Path,
    columns: list[Column],
    sources: dict[str, _Source],
    targets: list[_Target],
    lines: list[Line],
) -> None:
    times = {c.name: c.place for c in columns if c.role == "time"}
    streams = [
        _stream(path, column, sources[column.name], lines, times.get(column.name))
        for column in columns
        if column.role == "path"
    ]
    group = only(columns, "group").place
    for number, cells in lines:
        if not cells[group]:
            raise BadInput(f"{path} line {number} group", "an empty cell", "a name")
    splits = [c.place for c in columns if c.role == "split"]
    writer.add(
        [stream for stream in streams if stream is not None],
        [target.column(path, lines) for target in targets],
        [cells[group] for _, cells in lines],
        [cells[splits[0]] for _, cells in lines] if splits else None,
    )


def _stream(
    path: Path, column: Column, source: _Source, lines: list[Line], time: int | None
) -> Stream | None:
    rows: dict[tuple[str, str], int] = {}
    index = np.full(len(lines), -1, np.int64)
    data: list[NDArray[Any]] = []
    stamps: list[float] = []
    for k, (number, cells) in enumerate(lines):
        cell = cells[column.place]
        if not cell:
            continue
        where = f"{path} line {number} {column.name}"
        stamp = cells[time] if time is not None else ""
        if (cell, stamp) not in rows:
            rows[cell, stamp] = len(data)
            data.append(source.fetch(cell, where).data)
            if time is not None:
                stamps.append(_seconds(stamp, where))
        index[k] = rows[cell, stamp]
    if not data:
        return None
    if len({array.dtype for array in data}) > 1:
        raise BadInput(f"{path} {column.name}", "readings of different dtypes", "one dtype")
    return Stream(
        source.name,
        data if source.ragged else np.stack(data),
        source.unit,
        index,
        np.array(stamps) if time is not None else None,
        source.rate_hz or (source.spec.rate_hz if source.spec else None),
        source.spec.axes if source.spec else (),
        source.registration,
    )


def _seconds(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise BadInput(f"{where} time", repr(text), "seconds")
    return value
