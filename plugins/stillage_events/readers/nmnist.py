"""N-MNIST (Orchard et al., 2015): handwritten digits before an ATIS camera of 34 x 34 pixels.

A ``.bin`` file holds 5 bytes an event: x, y, then, most significant bit first, 1 bit polarity
and 23 bits time in us. An event in row 240 is none: the counter of 2^13 us ran over there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import RecordingWriter, Stream, TargetColumn
from stillage.recording.readings import inflation, load_arrays
from stillage_events.plugin import EVENTS
from stillage_events.readers.files import check_count, file_size
from stillage_events.reading import Events, events_of, from_start, pack

_SIDE = 34
_OVERFLOW_ROW, _OVERFLOW_US = 240, 2**13
_DIGITS = tuple(str(digit) for digit in range(10))
_BATCH = 256
MAX_NPZ_BYTES = 2**30

NOTES = (
    "the digits can be told from events summed over time: no claim about timing rests on them",
    "the digits stood still: three movements of the camera, at 0, 100 and 200 ms, made the events",
    "a group is one recording of one digit; who wrote it is not known, so a writer may be on "
    "either side of the split",
    "split: the set's own (MNIST's), which distill honours",
    "polarity 1 is brighter; in row 240 of a .bin file stand overflows of the counter, no events",
)

Row = tuple[str, str, int, Events]
"""Group, split, digit and events of one recording."""


def read_bin(path: Path) -> Events:
    """Read the events of a ``.bin`` file, times in us.

    Raises
    ------
    BadInput
        If it does not hold whole events of 34 x 34 pixels.
    """
    size = file_size(path)
    if size % 5:
        raise BadInput(path, f"{size} bytes", "5 bytes an event")
    check_count(path, size // 5)
    raw = np.frombuffer(path.read_bytes(), np.uint8).reshape(-1, 5).astype(np.int64)
    t = (raw[:, 2] & 0x7F) << 16 | raw[:, 3] << 8 | raw[:, 4]
    over = raw[:, 1] == _OVERFLOW_ROW
    t = (t + _OVERFLOW_US * np.cumsum(over))[~over]
    x, y, p = raw[~over, 0], raw[~over, 1], raw[~over, 2] >> 7
    if not len(t):
        raise BadInput(path, "no event", "events of 5 bytes")
    return events_of(x, y, t, p, _SIDE, _SIDE, where=path)


def read(path: str | Path, out: str | Path) -> Path:
    """Import N-MNIST at ``path`` into the recording ``out``.

    Modality ``events``, target ``digit``, the set's own split. ``path`` is the folder with
    ``Train/0/*.bin`` .. ``Test/9/*.bin``, an NPZ of packed recordings (arrays x, y, p, t_us,
    offsets, label, sample_id, split), or a folder with one such ``nmnist_*.npz``.

    Raises
    ------
    BadInput
        One line for a file that is missing, damaged or does not fit.
    """
    path = Path(path)
    packed = _packed(path)
    rows = _from_npz(packed) if packed else _from_folders(path)
    defaults = {"teacher": ["events"], "student": ["events"], "task": "digit"}
    with RecordingWriter(
        out,
        reader="nmnist",
        provenance={
            "origin": "N-MNIST, Orchard, Jayawant, Cohen and Thakor 2015 (ATIS, 34 x 34 pixels)",
            "licence": "CC BY-SA 4.0 by its authors",
            "files": packed.name if packed else "folders of .bin files",
        },
        notes=NOTES,
        defaults=defaults,
    ) as writer:
        batch: list[Row] = []
        for row in rows:
            batch.append(row)
            if len(batch) == _BATCH:
                _add(writer, batch)
                batch = []
        if batch:
            _add(writer, batch)
    return Path(out)


def _add(writer: RecordingWriter, rows: list[Row]) -> None:
    samples = [pack(from_start(events)) for _, _, _, events in rows]
    digits = np.array([digit for _, _, digit, _ in rows])
    spec = EVENTS.sample
    writer.add(
        [Stream("events", samples, spec.unit, axes=spec.axes)],
        [TargetColumn("digit", "classification", digits, classes=_DIGITS)],
        [group for group, _, _, _ in rows],
        [split for _, split, _, _ in rows],
    )


def _packed(path: Path) -> Path | None:
    """Find the NPZ that is meant, if one is."""
    if path.is_dir():
        found = sorted(p for p in path.glob("nmnist_*.npz") if p.is_file())
        if len(found) > 1:
            raise BadInput(path, f"{len(found)} files nmnist_*.npz", "one of them as the path")
        return found[0] if found else None
    if not path.is_file():
        raise BadInput(path, "no such file or folder", "N-MNIST")
    return path


def _from_folders(path: Path) -> Iterator[Row]:
    found = False
    for split in ("Train", "Test"):
        for digit in _DIGITS:
            for file in sorted((path / split / digit).glob("*.bin")):
                found = True
                group = f"{split.lower()}-{digit}-{file.stem}"
                yield group, split.lower(), int(digit), read_bin(file)
    if not found:
        raise BadInput(path, "no Train/<digit>/*.bin and no nmnist_*.npz", "N-MNIST")


_COLUMNS = {"x": "u", "y": "u", "p": "ub", "t_us": "u", "offsets": "iu"}
_LABELS = {"label": "iu", "sample_id": "iu", "split": "U"}


def _from_npz(path: Path) -> Iterator[Row]:
    arrays = load_arrays(path, inflation(path, MAX_NPZ_BYTES))
    for name, kinds in (_COLUMNS | _LABELS).items():
        if name not in arrays or arrays[name].ndim != 1 or arrays[name].dtype.kind not in kinds:
            shown = f"{arrays[name].dtype} {arrays[name].shape}" if name in arrays else "nothing"
            raise BadInput(f"{path}: {name}", shown, "a column of packed N-MNIST")
    offsets, count = arrays["offsets"].astype(np.int64), len(arrays["label"])
    events = len(arrays["x"])
    ordered = len(offsets) == count + 1 and offsets[0] == 0 and offsets[-1] == events
    if not ordered or (np.diff(offsets) < 1).any():
        raise BadInput(f"{path}: offsets", f"{len(offsets)} of {events} events", "rising, 0 to all")
    for name in _COLUMNS:
        if name != "offsets" and len(arrays[name]) != events:
            raise BadInput(f"{path}: {name}", f"{len(arrays[name])} values", f"{events}")
    for name in _LABELS:
        if len(arrays[name]) != count:
            raise BadInput(f"{path}: {name}", f"{len(arrays[name])} values", f"{count}")
    labels: NDArray[Any] = arrays["label"]
    if not ((labels >= 0) & (labels < 10)).all():
        raise BadInput(f"{path}: label", f"{labels.min()} to {labels.max()}", "0 to 9")
    for k in range(count):
        part = slice(int(offsets[k]), int(offsets[k + 1]))
        x, y, t, p = (arrays[name][part] for name in ("x", "y", "t_us", "p"))
        split, number = str(arrays["split"][k]), int(arrays["sample_id"][k])
        where = f"{path}: recording {number}"
        seen = events_of(x, y, t, p, _SIDE, _SIDE, where)
        yield f"{split}-{number}", split, int(labels[k]), seen
