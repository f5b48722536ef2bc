"""What goes in comes out, whatever it is; and its fingerprint says when it is the same."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from stillage.recording import (
    Recording,
    RecordingWriter,
    Stream,
    TargetColumn,
    write_recording,
)
from stillage.recording.appending import Compression
from stillage.recording.schema import DTYPES
from stillage.task import LabelState

TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\x7f"),
    min_size=1,
    max_size=12,
)
COMPRESSIONS: tuple[Compression, ...] = ("none", "gzip", "lzf")


def finite(dtype: np.dtype[Any]) -> st.SearchStrategy[Any]:
    if dtype.kind == "f":
        return st.floats(
            allow_nan=False,
            allow_infinity=False,
            width=dtype.itemsize * 8,  # type: ignore[arg-type]
        )
    info = np.iinfo(dtype)
    return st.integers(int(info.min), int(info.max))


@st.composite
def streams(draw: st.DrawFn, name: str, samples: int) -> Stream:
    dtype = np.dtype(draw(st.sampled_from(DTYPES))).newbyteorder(draw(st.sampled_from("<>")))
    rest = tuple(draw(st.lists(st.integers(1, 3), max_size=2)))
    rows = draw(st.integers(1, 5))
    data: Any
    if draw(st.booleans()):
        lengths = draw(st.lists(st.integers(0, 4), min_size=rows, max_size=rows))
        data = [draw(hnp.arrays(dtype, (n, *rest), elements=finite(dtype))) for n in lengths]
    else:
        data = draw(hnp.arrays(dtype, (rows, *rest), elements=finite(dtype)))
    index = draw(hnp.arrays(np.int64, samples, elements=st.integers(-1, rows - 1)))
    stamps = st.none() | hnp.arrays(np.float64, rows, elements=st.floats(-1e9, 1e9))
    rate = draw(st.none() | st.floats(1e-3, 1e6))
    return Stream(name, data, draw(TEXT), index, draw(stamps), rate)


@st.composite
def recordings(draw: st.DrawFn) -> dict[str, Any]:
    samples = draw(st.integers(1, 8))
    states = hnp.arrays(np.int8, samples, elements=st.sampled_from([-1, 0, 1]))
    classes = draw(st.lists(TEXT, min_size=2, max_size=4, unique=True))
    whole = st.integers(0, len(classes) - 1)
    groups = draw(st.lists(TEXT, min_size=samples, max_size=samples))
    parts = {group: draw(st.sampled_from(["train", "test"])) for group in sorted(set(groups))}
    return {
        "streams": [draw(streams("left", samples)), draw(streams("right-2", samples))],
        "targets": [
            TargetColumn(
                "kind",
                draw(st.sampled_from(["classification", "ordinal"])),
                draw(hnp.arrays(np.int64, samples, elements=whole)),
                draw(states),
                classes,
            ),
            TargetColumn(
                "mass",
                "regression",
                draw(hnp.arrays(np.float64, samples, elements=st.floats(-1e9, 1e9))),
                draw(states),
                (),
                draw(TEXT),
            ),
        ],
        "groups": groups,
        "split": draw(st.none() | st.just([parts[group] for group in groups])),
        "provenance": draw(
            st.dictionaries(TEXT, st.text(max_size=20).filter(_encodable), max_size=2)
        ),
        "notes": draw(st.lists(TEXT, max_size=2)),
    }


def _encodable(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def rows_of(stream: Stream, sample: int) -> Any:
    assert stream.index is not None
    row = stream.index[sample]
    if row < 0:
        shape = tuple(size or 0 for size in stream.shape)
        return np.zeros(shape, stream.dtype)
    return stream.data[row]


@settings(max_examples=30, deadline=None)
@given(parts=recordings(), compression=st.sampled_from(COMPRESSIONS), data=st.data())
def test_round_trip(parts: dict[str, Any], compression: Any, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_recording(Path(folder) / "a.h5", **parts, compression=compression)
        with Recording.open(path) as recording:
            check_same(recording, parts, data)
            recording.verify()


def check_same(recording: Recording, parts: dict[str, Any], data: st.DataObject) -> None:
    count = len(parts["groups"])
    assert recording.samples == len(recording) == count
    assert recording.groups.tolist() == parts["groups"]
    split = recording.split
    assert (None if split is None else split.tolist()) == parts["split"]
    assert recording.provenance == parts["provenance"]
    assert list(recording.notes) == parts["notes"]
    for wanted in parts["targets"]:
        found = recording.targets[wanted.name]
        assert found.task == wanted.task
        np.testing.assert_array_equal(found.states, wanted.states)
        known = wanted.states == LabelState.LABELLED
        np.testing.assert_array_equal(found.values[known], wanted.values[known])
    chosen = data.draw(st.lists(st.integers(0, count - 1), max_size=12))
    for stream in parts["streams"]:
        info = recording.modalities[stream.name]
        assert (info.shape, info.dtype, info.unit) == (stream.shape, stream.dtype.name, stream.unit)
        assert (info.rate_hz, info.count, info.ragged) == (
            stream.rate_hz,
            stream.count,
            stream.ragged,
        )
        np.testing.assert_array_equal(recording.presence(stream.name), stream.index >= 0)
        read = recording.read(stream.name, np.array(chosen, np.int64))
        assert len(read) == len(chosen)
        for got, sample in zip(read, chosen, strict=True):
            assert got.dtype == stream.dtype
            np.testing.assert_array_equal(got, rows_of(stream, sample))
        stamps = recording.timestamps(stream.name)
        if stream.timestamps is None:
            assert stamps is None
        else:
            wanted = np.where(stream.index < 0, np.nan, stream.timestamps[stream.index])
            np.testing.assert_array_equal(stamps, wanted)


def test_fingerprint_is_of_the_content_alone(tmp_path: Path, small_parts: dict[str, Any]) -> None:
    seen = set()
    for compression in COMPRESSIONS:
        parts = small_parts | {"notes": [compression], "provenance": {}, "reader": compression}
        path = write_recording(tmp_path / f"{compression}.h5", **parts, compression=compression)
        seen.add(Recording.open(path).fingerprint)
    assert len(seen) == 1


@pytest.mark.parametrize("change", ["reading", "unit", "class", "group", "label", "state", "index"])
def test_fingerprint_changes_with_the_content(tmp_path: Path, change: str) -> None:
    def written(name: str, **new: Any) -> str:
        values = np.arange(8.0).reshape(4, 2)
        values[0, 0] = new.get("reading", 0.0)
        index = np.arange(4)
        index[3] = new.get("index", 3)
        path = write_recording(
            tmp_path / f"{name}.h5",
            [Stream("a", values, new.get("unit", "1"), index)],
            [
                TargetColumn(
                    "t",
                    "classification",
                    np.array([0, 1, 0, new.get("label", 1)]),
                    np.array([1, 1, 1, new.get("state", 1)]),
                    ("x", new.get("class", "y")),
                )
            ],
            ["g", "h", "i", new.get("group", "j")],
        )
        return Recording.open(path).fingerprint

    changes = {
        "reading": 1.0,
        "unit": "V",
        "class": "z",
        "group": "k",
        "label": 0,
        "state": 0,
        "index": -1,
    }
    assert written("a") == written("b")
    assert written("a") != written("c", **{change: changes[change]})


def test_streamed_is_the_same_file_as_written_at_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    video = rng.integers(0, 255, (10, 4, 4), np.uint8)
    ragged = [rng.normal(size=k) for k in range(10)]
    index = np.array([0, 1, 2, 3, 4, -1, -1, 5, 6, 7])
    labels = np.arange(10) % 2
    groups = [f"g{k}" for k in range(10)]
    once = write_recording(
        tmp_path / "once.h5",
        [
            Stream("video", video, "1"),
            Stream("late", ragged[2:], "V", np.maximum(np.arange(10) - 2, -1)),
            Stream("nir", np.arange(8.0), "1", index),
        ],
        [TargetColumn("t", "classification", labels, classes=("x", "y"))],
        groups,
    )
    with RecordingWriter(tmp_path / "streamed.h5") as writer:
        for part, rows in ((slice(0, 2), 2), (slice(2, 7), 3), (slice(7, 10), 3)):
            first = {0: 0, 2: 2, 7: 5}[part.start]
            nir = np.arange(8.0)[first : first + rows]
            local = np.where(index[part] < 0, -1, index[part] - first)
            batch = [Stream("video", video[part], "1")]
            if part.start:
                batch.append(Stream("late", ragged[part], "V"))
            batch.append(Stream("nir", nir, "1", local))
            column = TargetColumn("t", "classification", labels[part], classes=("x", "y"))
            writer.add(batch, [column], groups[part])
    a, b = Recording.open(once), Recording.open(tmp_path / "streamed.h5")
    np.testing.assert_array_equal(b.rows("late"), [-1, -1, *range(8)])
    assert a.fingerprint == b.fingerprint
    np.testing.assert_array_equal(a.read("video"), b.read("video"))
    b.verify()


def test_writing_twice_gives_the_same_bytes(
    tmp_path: Path, small_file: Path, small_parts: dict[str, Any]
) -> None:
    again = write_recording(tmp_path / "again.h5", **small_parts)
    assert again.read_bytes() == small_file.read_bytes()
