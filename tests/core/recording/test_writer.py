"""A recording is written whole or not at all, and nothing untrue gets in."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.recording import Recording, RecordingWriter, Stream, TargetColumn, write_recording

LABELS = TargetColumn("t", "classification", np.array([0, 1]), classes=("x", "y"))


def stream(**change: Any) -> Stream:
    parts: dict[str, Any] = {"name": "led", "data": np.ones((2, 3), np.float32), "unit": "1"}
    return Stream(**(parts | change))


BAD_STREAMS: dict[str, tuple[dict[str, Any], str]] = {
    "nan": ({"data": np.array([[1.0], [np.nan]])}, r"'led' row 1: found NaN or infinity at \(0,\)"),
    "infinity": (
        {"data": [np.ones(2), np.array([0, np.inf])]},
        r"row 1: found NaN or inf.* \(1,\)",
    ),
    "path": ({"name": "../led"}, "modality: found name '../led'"),
    "text": ({"data": np.array(["a", "b"])}, "found dtype <U1, expected one of float16"),
    "object": ({"data": np.array([None, None])}, "found dtype object"),
    "bool": ({"data": np.array([True, False])}, "found dtype bool"),
    "complex": ({"data": np.ones(2, complex)}, "found dtype complex128"),
    "mixed": ({"data": [np.ones((1, 2)), np.ones((1, 3))]}, "found rows of 2 kinds"),
    "empty axis": ({"data": np.ones((2, 0))}, "no axis of size 0"),
    "index": ({"index": np.array([0, 2])}, "found rows 0 to 2, expected -1 .absent. to 1"),
    "float index": ({"index": np.array([0.0, 1.0])}, "index: found float64"),
    "axes": ({"axes": ("a", "b")}, "expected 1 names"),
    "rate": ({"rate_hz": 0.0}, "found rate 0.0 Hz"),
    "timestamps": ({"timestamps": np.array([0.0, np.nan])}, "expected 2 finite seconds"),
}


@pytest.mark.parametrize("kind", BAD_STREAMS)
def test_bad_readings_are_refused_with_their_place(kind: str) -> None:
    change, message = BAD_STREAMS[kind]
    with pytest.raises(BadInput, match=message):
        stream(**change)


BAD_TARGETS: dict[str, tuple[dict[str, Any], str]] = {
    "class": ({"values": np.array([0, 2])}, "found classes 0 to 2, expected 0 to 1"),
    "twice": ({"classes": ("x", "x")}, "two or more different names"),
    "nan": (
        {"kind": "regression", "classes": (), "values": np.array([0, np.nan])},
        "sample 1: found NaN",
    ),
    "kind": ({"kind": "regression"}, "regression with classes"),
    "float": ({"values": np.array([0.0, 1.0])}, "found values float64"),
    "state": ({"states": np.array([1, 5])}, "states"),
    "name": ({"name": "a/b"}, "target: found name 'a/b'"),
}


@pytest.mark.parametrize("kind", BAD_TARGETS)
def test_bad_targets_are_refused(kind: str) -> None:
    change, message = BAD_TARGETS[kind]
    parts: dict[str, Any] = {
        "name": "t", "kind": "classification", "values": np.array([0, 1]), "classes": ("x", "y"),
    }  # fmt: skip
    with pytest.raises(BadInput, match=message):
        TargetColumn(**(parts | change))


def test_a_hidden_label_is_not_in_the_file(tmp_path: Path) -> None:
    column = TargetColumn("t", "classification", np.array([1, 1]), np.array([1, 0]), ("x", "y"))
    path = write_recording(tmp_path / "a.h5", [stream()], [column], ["g", "h"])
    assert Recording.open(path).targets["t"].values.tolist() == [1, -1]


BAD_RECORDINGS: dict[str, tuple[dict[str, Any], str]] = {
    "lengths": ({"groups": ["g"]}, "found 2 values, expected 1"),
    "index": ({"streams": [stream(index=np.zeros(3, np.int64))]}, "found 3 samples, expected 2"),
    "streams": ({"streams": [stream(), stream()]}, "each once"),
    "targets": ({"targets": [LABELS, LABELS]}, "each once"),
    "nothing": ({"streams": [], "targets": [], "groups": []}, "nothing to write"),
    "split": ({"split": ["train"]}, "split: found 1 names"),
    "leak": ({"groups": ["g", "g"], "split": ["train", "test"]}, "group 'g' in two parts"),
    "group": ({"groups": ["g", ""]}, "group_names"),
    "control": ({"groups": ["g", "a\nb"]}, "group_names"),
    "teacher": (
        {"defaults": {"teacher": ["nir"]}},
        "defaults teacher: found .*nir.*expected .*led",
    ),
    "defaults": ({"defaults": {"pupil": ["led"]}}, "defaults.pupil"),
}


@pytest.mark.parametrize("kind", BAD_RECORDINGS)
def test_a_refused_recording_leaves_nothing(tmp_path: Path, kind: str) -> None:
    change, message = BAD_RECORDINGS[kind]
    parts: dict[str, Any] = {"streams": [stream()], "targets": [LABELS], "groups": ["g", "h"]}
    with pytest.raises(BadInput, match=message) as error:
        write_recording(tmp_path / "a.h5", **(parts | change))
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def write_two(
    path: Path, second: Stream, target: TargetColumn, error: BaseException | None = None
) -> None:
    with RecordingWriter(path) as writer:
        writer.add([stream()], [LABELS], ["g", "h"])
        writer.add([second], [target], ["i", "j"])
        if error is not None:
            raise error


def test_batches_must_fit_each_other(tmp_path: Path) -> None:
    other = TargetColumn("u", "classification", np.array([0, 1]), classes=("x", "y"))
    cases: list[tuple[Any, Any, str]] = [
        (
            stream(data=np.ones((2, 4), np.float32)),
            LABELS,
            "shape: found .4,., expected .3,. as before",
        ),
        (stream(unit="V"), LABELS, "unit: found V, expected 1 as before"),
        (stream(timestamps=np.zeros(2)), LABELS, "all or none"),
        (stream(), other, r"found \['u'\], expected \['t'\], as in earlier batches"),
    ]
    for bad, target, message in cases:
        with pytest.raises(BadInput, match=message):
            write_two(tmp_path / "a.h5", bad, target)
    assert list(tmp_path.iterdir()) == []


def test_an_error_keeps_the_older_recording(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.h5", [stream()], [LABELS], ["g", "h"])
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        write_two(path, stream(), LABELS, KeyboardInterrupt())
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "none" / "a.h5", tmp_path / "file" / "a.h5", tmp_path):
        with pytest.raises(BadInput, match=re.escape(str(tmp_path))):
            write_recording(path, [stream()], [LABELS], ["g", "h"])


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    script = """
        import resource, signal, sys
        import numpy as np
        from stillage.errors import BadInput
        from stillage.recording import Stream, write_recording
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        try:
            big = Stream("a", np.ones((9, 40_000)), "1")
            write_recording(sys.argv[1], [big], [], list("abcdefghi"))
        except BadInput as error:
            print(error)
    """
    done = python(script, tmp_path / "a.h5")
    assert done.returncode == 0, done.stderr
    assert "found file too large, expected room for the recording" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


WRITER = """
    import sys
    import numpy as np
    from stillage.recording import RecordingWriter, Stream
    with RecordingWriter(sys.argv[1]) as writer:
        for batch in range(60):
            data = np.full((4, 20_000), batch, np.float64)
            writer.add([Stream("a", data, "1")], [], [f"{batch}-{k}" for k in range(4)])
            print(batch, flush=True)
    print("done", flush=True)
"""


def python(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("batches", [1, 20, 58, 60])
def test_kill_leaves_the_whole_file_or_none(tmp_path: Path, batches: int) -> None:
    path = tmp_path / "a.h5"
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(batches):
            process.stdout.readline()
        time.sleep(0.002 * (batches == 60))
        os.kill(process.pid, signal.SIGKILL)
    if path.exists():
        with Recording.open(path) as recording:
            assert recording.samples == 240
            recording.verify()
    rest = [p.name for p in tmp_path.iterdir() if p != path]
    assert all(name.startswith(".a.h5.") and name.endswith(".part") for name in rest)
    again = python(WRITER, path)
    assert again.stdout.endswith("done\n"), again.stderr
    assert Recording.open(path).samples == 240
