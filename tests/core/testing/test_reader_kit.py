"""Each promise of readers is broken once on purpose, and the message names the cause."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.plugin.spec import ReaderSpec
from stillage.recording import Stream, TargetColumn, write_recording
from stillage.testing import PROMISES, Failing, check_reader, reader
from stillage.testing.reader import reader_results
from tests.core.testing.common import Broken, why

ROWS = 12
SPEC = ReaderSpec(
    name="probe",
    summary="a count, then rows of a group and eight numbers",
    factory=f"{__name__}:current",
    modalities=("led",),
    formats=("trk",),
)
made: Any = None


def current(path: Path, out: Path, **parameters: Any) -> Any:
    return made(path, out, **parameters)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    table = np.c_[np.arange(ROWS) // 2, rng.random((ROWS, 8))].astype("<f4")
    path = tmp_path / "set.trk"
    path.write_bytes(np.array([ROWS], "<u4").tobytes() + table.tobytes())
    return path


def parse(path: Path) -> np.ndarray[Any, Any]:
    content = path.read_bytes()
    return np.frombuffer(content[4:][: (len(content) - 4) // 36 * 36], "<f4").reshape(-1, 9)


def good(path: Path, out: Path, **changes: Any) -> None:
    if not path.is_file():
        raise BadInput(path, "no such file", "a track")
    content = path.read_bytes()
    if len(content) < 4 or len(content) != 4 + 36 * int(np.frombuffer(content[:4], "<u4")[0]):
        raise BadInput(path, f"{len(content)} bytes", "a count and as many rows")
    write(parse(path), out, **changes)


def write(table: np.ndarray[Any, Any], out: Path, **changes: Any) -> None:
    stream = {"name": "led", "data": table[:, 1:], "unit": "1", "axes": ("diode",)}
    stream |= {k: changes.pop(k) for k in ("name", "data", "unit", "index") if k in changes}
    rest = {"reader": "probe", "provenance": {"source": "a bench"}, "defaults": {"task": "side"}}
    rest["groups"] = [f"item-{int(code)}" for code in table[:, 0]]
    side = TargetColumn("side", "classification", np.arange(len(table)) % 2, classes=("a", "b"))
    write_recording(out, [Stream(**stream)], [side], **{**rest, **changes})  # type: ignore[arg-type]


def undeclared(path: Path, out: Path) -> None:
    good(path, out, name="sonar")


def volts(path: Path, out: Path) -> None:
    good(path, out, unit="V")


def doubles(path: Path, out: Path) -> None:
    good(path, out, data=np.ones((ROWS, 8)))


def absent(path: Path, out: Path) -> None:
    good(path, out, index=np.full(ROWS, -1))


def one_group(path: Path, out: Path) -> None:
    good(path, out, groups=["all"] * ROWS)


def odd_split(path: Path, out: Path) -> None:
    good(path, out, split=["learn"] * 6 + ["exam"] * 6)


def nameless(path: Path, out: Path) -> None:
    good(path, out, reader="")


def sourceless(path: Path, out: Path) -> None:
    good(path, out, provenance={})


def other_task(path: Path, out: Path) -> None:
    good(path, out, defaults={"task": "grade"})


def unordered(path: Path, out: Path) -> None:
    good(path, out, data=np.random.default_rng().random((ROWS, 8), np.float32))


def unguarded(path: Path, out: Path) -> None:
    write(parse(path), out)


def counting(path: Path, out: Path) -> None:
    count = int(np.frombuffer(path.read_bytes()[:4], "<u4")[0]) if path.is_file() else 0
    write(parse(path)[:count], out)


def lenient(path: Path, out: Path) -> None:
    if not path.is_file() or not path.stat().st_size:
        raise BadInput(path, "nothing", "a track")
    write(parse(path), out)


def invents(path: Path, out: Path) -> None:
    if path.exists() and not path.stat().st_size:
        write(np.zeros((4, 9), np.float32), out)
    else:
        good(path, out)


def litters(path: Path, out: Path) -> None:
    out.with_suffix(".tmp").write_bytes(b"half")
    good(path, out)


BROKEN = (
    Broken(reader.gives_declared_modalities, undeclared, "sonar undeclared; likely cause: Reader"),
    Broken(reader.gives_registered_samples, volts, "led in 'V', registered is '1'"),
    Broken(reader.gives_registered_samples, doubles, "led: float64 (8,), registered is float32"),
    Broken(reader.gives_whole_recording, absent, "led is absent everywhere"),
    Broken(reader.gives_groups_and_split, one_group, "the whole set as one group"),
    Broken(reader.gives_groups_and_split, odd_split, "other words than 'train' and 'test'"),
    Broken(reader.says_where_it_is_from, nameless, "write_recording without reader=NAME"),
    Broken(reader.says_where_it_is_from, sourceless, "no provenance"),
    Broken(reader.says_where_it_is_from, other_task, "'grade', targets are ['side']"),
    Broken(reader.reads_repeatably, unordered, "another fingerprint; likely cause: files taken"),
    Broken(reader.refuses_missing_path, unguarded, "a missing path raises FileNotFoundError"),
    Broken(reader.refuses_missing_path, litters, "a missing path leaves ['a.tmp']"),
    Broken(reader.refuses_empty_example, counting, "an empty file raises IndexError"),
    Broken(reader.refuses_empty_example, invents, "an empty file is read as if it were whole"),
    Broken(reader.refuses_truncated_file, lenient, "a file cut short is read as if it were whole"),
)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda b: b.id)
def test_broken_reader_is_told_why(
    monkeypatch: pytest.MonkeyPatch, example: Path, broken: Broken
) -> None:
    monkeypatch.setitem(globals(), "made", broken.make)
    assert broken.told in why(reader_results(SPEC, example), broken.check)


def test_good_reader_passes_and_the_example_is_untouched(
    monkeypatch: pytest.MonkeyPatch, example: Path
) -> None:
    monkeypatch.setitem(globals(), "made", good)
    before = example.read_bytes()
    assert len(check_reader(SPEC, example)) == len(PROMISES["reader"])
    assert example.read_bytes() == before
    assert [path.name for path in example.parent.iterdir()] == ["set.trk"]


def folder_reader(path: Path, out: Path) -> None:
    files = sorted(path.glob("*.trk")) if path.is_dir() else []
    if not files:
        raise BadInput(path, "no .trk file", "a folder of them")
    parts = []
    for file in files:
        good(file, out)
        parts.append(parse(file))
    write(np.concatenate(parts), out)


def test_folders_are_emptied_and_one_file_cut(
    monkeypatch: pytest.MonkeyPatch, example: Path
) -> None:
    home = example.parent / "set"
    home.mkdir()
    for name in ("a", "b"):
        (home / f"{name}.trk").write_bytes(example.read_bytes())
    (home / "readme.txt").write_text("words\n" * 1000)
    monkeypatch.setitem(globals(), "made", folder_reader)
    with pytest.raises(Failing) as caught:
        check_reader(SPEC, home)
    found = str(caught.value)
    assert "a file cut short is read as if it were whole" in found, "the readme is no reading"
    monkeypatch.setitem(globals(), "made", tidy_folder_reader)
    assert check_reader(SPEC, home, cut="b.trk")
    monkeypatch.setattr(reader, "COPIED_BYTES", 0)
    assert check_reader(SPEC, home, cut="b.trk"), "linked, not copied"


def tidy_folder_reader(path: Path, out: Path) -> None:
    scratch = out.parent.parent / f"scratch-{next(NUMBERS)}.h5"
    files = sorted(path.glob("*.trk")) if path.is_dir() else []
    if not files:
        raise BadInput(path, "no .trk file", "a folder of them")
    for file in files:
        good(file, scratch)
        scratch.unlink()
    write(np.concatenate([parse(file) for file in files]), out)


NUMBERS = itertools.count()


def test_texts_are_cut_inside_a_line(tmp_path: Path) -> None:
    source, target = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_text("".join(f"{k},{k},{k}\n" for k in range(100, 200)))
    reader._cut(source, target)
    kept = target.read_text().splitlines()
    assert all(line.count(",") == 2 for line in kept[:-1])
    assert kept[-1] == "1"


def test_an_example_that_cannot_be_read_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(globals(), "made", good)
    with pytest.raises(Failing, match="the reader turns the example into a recording: raised"):
        check_reader(SPEC, tmp_path / "none.trk")
