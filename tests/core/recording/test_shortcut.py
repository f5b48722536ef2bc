"""The check finds shortcuts that were put in, and none where there are none."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import Recording, Stream, TargetColumn, shortcut_check, write_recording

ITEMS = 60


def made(
    folder: Path,
    labels: NDArray[Any],
    times: NDArray[np.float64] | None = None,
    names: list[str] | None = None,
    kind: Any = "classification",
) -> Recording:
    count = len(labels)
    classes = () if kind == "regression" else ("a", "b", "c")
    path = write_recording(
        folder / "a.h5",
        [Stream("led", np.zeros((count, 2), np.float32), "1", timestamps=times)],
        [TargetColumn("t", kind, labels, classes=classes, unit="" if classes else "kg")],
        names or [f"item {k}" for k in range(count)],
    )
    return Recording.open(path)


def kinds(recording: Recording) -> set[str]:
    return {warning.kind for warning in shortcut_check(recording, "t")}


def test_blocks_in_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    order = rng.permutation(ITEMS)
    recording = made(tmp_path, order // 20, order.astype(float) * 60.0)
    (warning,) = shortcut_check(recording, "t")
    assert warning.kind == "acquisition_time"
    assert warning.score > 0.9
    assert abs(warning.chance - 1 / 3) < 0.1
    assert "the time of the led reading" in warning.message
    assert "\n" not in warning.message


def test_blocks_in_the_file(tmp_path: Path) -> None:
    assert kinds(made(tmp_path, np.arange(ITEMS) // 20)) == {"group_order"}


def test_numbers_in_names(tmp_path: Path) -> None:
    order = np.random.default_rng(1).permutation(ITEMS)
    recording = made(tmp_path, order // 20, names=[f"s{k:03d}.jpg" for k in order])
    (warning,) = shortcut_check(recording, "t")
    assert "number in the group's name" in warning.message


def test_regression_that_drifts(tmp_path: Path) -> None:
    order = np.random.default_rng(2).permutation(ITEMS)
    noise = np.random.default_rng(3).normal(size=ITEMS)
    assert kinds(made(tmp_path, order + noise, order.astype(float), None, "regression")) == {
        "acquisition_time"
    }


@pytest.mark.parametrize("kind", ["classification", "ordinal", "regression"])
def test_no_alarm_without_a_shortcut(tmp_path: Path, kind: str) -> None:
    alarms = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        labels: NDArray[Any] = rng.permutation(ITEMS) % 3
        if kind == "regression":
            labels = rng.normal(size=ITEMS)
        alarms += bool(kinds(made(tmp_path, labels, rng.normal(size=ITEMS), None, kind)))
    assert alarms <= 1


def test_alternating_classes_are_no_shortcut_of_equal_times(tmp_path: Path) -> None:
    """Times that are all the same tell nothing, and neither does the order of storing."""
    labels = np.random.default_rng(5).permutation(ITEMS) % 3
    assert kinds(made(tmp_path, labels, np.zeros(ITEMS))) == set()
    blocks = np.arange(ITEMS) // 20
    coarse = (np.arange(ITEMS) % 2).astype(float)
    found = {w.message for w in shortcut_check(made(tmp_path, blocks, coarse), "t")}
    assert not any("time" in message for message in found)


def test_too_little_to_say(tmp_path: Path) -> None:
    assert kinds(made(tmp_path, np.arange(6) // 2, np.arange(6.0))) == set()
    assert kinds(made(tmp_path, np.zeros(ITEMS, int), np.arange(60.0))) == set()
    with pytest.raises(BadInput, match="no target"):
        shortcut_check(made(tmp_path, np.zeros(ITEMS, int)), "u")


def test_scans_of_an_item_are_not_its_neighbours(tmp_path: Path) -> None:
    """Nine scans an item, seconds apart, say nothing about other items."""
    rng = np.random.default_rng(4)
    items = np.repeat(np.arange(40), 9)
    label = rng.permutation(40) % 3
    times = np.repeat(rng.permutation(40) * 100.0, 9) + np.tile(np.arange(9.0), 40)
    recording = made(tmp_path, label[items], times, [f"item {k}" for k in items])
    assert kinds(recording) == set()


def test_real_plastics_were_scanned_polymer_by_polymer(real_data: Path, tmp_path: Path) -> None:
    """The set's own flaw: the hour tells the polymer without a sensor."""
    classes = ("PP", "PET", "HDPE", "PS")
    with (real_data / "plastic_scanner_paired" / "led8.csv").open(newline="") as handle:
        rows = [r for r in csv.DictReader(handle) if r["PlasticType"] in classes]
    when = [datetime.strptime(r["DateTime"], "%Y-%m-%d %H:%M:%S") for r in rows]
    path = write_recording(
        tmp_path / "a.h5",
        [
            Stream(
                "led",
                np.array([[float(r["nm940"])] for r in rows]),
                "1",
                timestamps=np.array([(w - when[0]).total_seconds() for w in when]),
            )
        ],
        [
            TargetColumn(
                "polymer",
                "classification",
                np.array([classes.index(r["PlasticType"]) for r in rows]),
                classes=classes,
            )
        ],
        [r["sample"] for r in rows],
    )
    with Recording.open(path) as recording:
        found = shortcut_check(recording, "polymer")
    assert {warning.kind for warning in found} == {"acquisition_time", "group_order"}
    time = next(warning for warning in found if warning.kind == "acquisition_time")
    assert time.score > 0.95
    assert 0.2 < time.chance < 0.3
