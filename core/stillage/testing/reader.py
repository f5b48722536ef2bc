"""The promises of readers: a whole recording of a good example, one line for a bad one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stillage.plugin.host import get_host
from stillage.plugin.options import Options
from stillage.plugin.resolve import last_line, resolve
from stillage.plugin.spec import ModalitySpec, ReaderSpec
from stillage.recording import Recording
from stillage.recording.splits import HELD_OUT, TRAIN
from stillage.testing.results import Failed, Result, demand, demand_refusal, results_of

_SAMPLED = 8
COPIED_BYTES = 2**26
"""An example up to this size is copied; of a larger one, all files but the cut one are linked."""


@dataclass(frozen=True)
class Reading:
    """A reader, an example that it reads, a folder to work in, and the recording it made."""

    spec: ReaderSpec
    run: Callable[..., Any]
    path: Path
    options: tuple[Options, ...]
    work: Path
    cut: str
    recording: Recording

    def read(self, path: Path, out: Path) -> None:
        """Run the reader with the example's options."""
        self.run(path, out, *self.options)


def gives_declared_modalities(case: Reading) -> None:
    """The recording holds modalities that the spec declares, and no other."""
    found, declared = set(case.recording.modalities), set(case.spec.modalities)
    if not declared:
        return
    demand(
        found <= declared,
        f"{', '.join(sorted(found - declared))} undeclared",
        "ReaderSpec.modalities left behind",
    )


def gives_registered_samples(case: Reading) -> None:
    """Readings of registered modalities have their unit, dtype and shape."""
    known = {spec.name: spec for spec in get_host().specs(ModalitySpec)}
    for name, info in case.recording.modalities.items():
        if name not in known:
            continue
        sample = known[name].sample
        demand(
            info.unit == sample.unit,
            f"{name} in {info.unit!r}, registered is {sample.unit!r}",
            "a unit of the file that was not converted",
        )
        fits = len(info.shape) == len(sample.shape) and all(
            want is None or have is None or want == have
            for want, have in zip(sample.shape, info.shape, strict=True)
        )
        demand(
            fits and info.dtype == sample.dtype and info.ragged == sample.ragged,
            f"{name}: {info.dtype} {info.shape}, registered is {sample.describe()}"
            f"{' ragged' if sample.ragged else ''}",
            "a missing astype, an axis too many, or rows of one length kept as one array",
        )


def gives_whole_recording(case: Reading) -> None:
    """The recording holds what its digests say, and its readings can be read."""
    case.recording.verify()
    some = np.unique(np.linspace(0, case.recording.samples - 1, _SAMPLED).astype(np.int64))
    for name in case.recording.modalities:
        case.recording.read(name, some)
        demand(
            bool(case.recording.presence(name).any()),
            f"{name} is absent everywhere",
            "an index of -1 only",
        )


def gives_groups_and_split(case: Reading) -> None:
    """There are several groups, and a split, where there is one, has both sides."""
    demand(
        len(case.recording.group_names) > 1,
        "one group",
        "the whole set as one group, which cannot be held out; name items, units or blocks",
    )
    split = case.recording.split
    if split is not None:
        parts = set(split.tolist())
        demand(
            bool(parts & set(TRAIN)) and bool(parts & set(HELD_OUT)),
            f"parts {sorted(parts)}",
            f"other words than {TRAIN[0]!r} and {HELD_OUT[0]!r}",
        )


def says_where_it_is_from(case: Reading) -> None:
    """The recording names its reader and its source; defaults are of what it holds."""
    recording, defaults = case.recording, case.recording.defaults
    demand(
        recording.reader == case.spec.name,
        f"reader {recording.reader!r}",
        "write_recording without reader=NAME",
    )
    demand(bool(recording.provenance), "no provenance", "write_recording without provenance=")
    demand(
        not defaults["task"] or defaults["task"] in recording.targets,
        f"default task {defaults['task']!r}, targets are {sorted(recording.targets)}",
        "a target that was renamed",
    )


def reads_repeatably(case: Reading) -> None:
    """Reading the example again gives the same content."""
    again = case.work / "again.h5"
    case.read(case.path, again)
    with Recording.open(again) as second:
        demand(
            second.fingerprint == case.recording.fingerprint,
            "another fingerprint",
            "files taken in the order of the folder, which no system promises; sort them",
        )


def refuses_missing_path(case: Reading) -> None:
    """A path that is not there is refused in one line, and nothing is written."""
    _demand_refusal(case, case.work / "not-there" / case.path.name, "a missing path")


def refuses_empty_example(case: Reading) -> None:
    """An empty file (or folder) is refused in one line, and nothing is written."""
    empty = case.work / "empty" / case.path.name
    empty.parent.mkdir()
    empty.mkdir() if case.path.is_dir() else empty.touch()
    _demand_refusal(case, empty, f"an empty {'folder' if case.path.is_dir() else 'file'}")


def refuses_truncated_file(case: Reading) -> None:
    """An example with a file that was cut short is refused in one line, and nothing is written."""
    spoilt = _spoilt(case)
    _demand_refusal(case, spoilt, "a file cut short")


def _demand_refusal(case: Reading, path: Path, what: str) -> None:
    out = case.work / "refused" / "a.h5"
    shutil.rmtree(out.parent, ignore_errors=True)
    out.parent.mkdir()
    demand_refusal(
        lambda: case.read(path, out),
        what,
        "read as if it were whole",
        "counts and lengths that are not held against each other, or files that are passed over"
        " in silence",
    )
    left = sorted(file.name for file in out.parent.iterdir())
    demand(not left, f"{what} leaves {left}", "a file written outside write_recording")


def _spoilt(case: Reading) -> Path:
    """Copy the example, with one file (the largest, unless named) cut short."""
    place = case.work / "spoilt" / case.path.name
    place.parent.mkdir()
    if case.path.is_file() and not case.cut:
        _cut(case.path, place)
        return place
    root = case.path if case.path.is_dir() else case.path.parent
    copy = place if case.path.is_dir() else place.parent
    files = sorted(file for file in root.rglob("*") if file.is_file())
    sizes = {file: file.stat().st_size for file in files}
    victim = root / case.cut if case.cut else max(files, key=lambda file: sizes[file])
    keep = shutil.copyfile if sum(sizes.values()) <= COPIED_BYTES else os.symlink
    for file in files:
        target = copy / file.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        _cut(file, target) if file == victim else keep(file, target)
    return place


def _cut(source: Path, target: Path) -> None:
    """Copy the first half of a file; of a text, up to the middle of a line's first cell."""
    half = source.stat().st_size // 2
    with source.open("rb") as handle:
        content = handle.read(half + 2)
    line = content.rfind(b"\n", 0, half)
    text = b"\x00" not in content[:4096] and line >= 0
    target.write_bytes(content[: line + 2 if text else half])


READER_CHECKS = (
    gives_declared_modalities,
    gives_registered_samples,
    gives_whole_recording,
    gives_groups_and_split,
    says_where_it_is_from,
    reads_repeatably,
    refuses_missing_path,
    refuses_empty_example,
    refuses_truncated_file,
)


def reader_results(
    spec: ReaderSpec, path: str | Path, cut: str = "", options: tuple[Options, ...] = ()
) -> Iterator[Result]:
    """Give the result of every promise of a reader on the example at ``path``."""
    made = "the reader turns the example into a recording"
    with tempfile.TemporaryDirectory() as folder:
        work, out = Path(folder), Path(folder) / "example.h5"
        try:
            run = resolve(spec.factory)
            run(Path(path), out, *options)
            recording = Recording.open(out)
        except Exception as error:
            yield Failed(made, f"raised {last_line(error)}")
            return
        with recording:
            case = Reading(spec, run, Path(path), options, work, cut, recording)
            yield from results_of(READER_CHECKS, case)
