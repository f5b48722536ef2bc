"""Event files that promise more than they hold, or times that no clock shows."""

from __future__ import annotations

import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_events.readers.decoding import read_events
from stillage_events.reading import MAX_EVENTS, events_of


def test_columns_of_nothing_but_compressed_zeros_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        for name in "xytp":  # no chunk is ever written: 3 KB that promise 16 million events
            file.create_dataset(f"events/{name}", (MAX_EVENTS,), "u2", chunks=(2**16,))
    with pytest.raises(BadInput, match=r"16777215 events in \d+ bytes, expected at most 4 a byte"):
        read_events(path)


@pytest.mark.parametrize(
    ("t", "told"),
    [
        (np.array([0.0, 1e290]), "times from 0 to 1e\\+290 us"),
        (np.array([0, 2**64 - 1], np.uint64), "times from 0 to 1.84467e\\+19 us"),
        (np.array([-(2**63), 2**62]), "times from -9.22337e\\+18"),
    ],
)
def test_times_that_64_bits_cannot_tell_apart_are_refused(t: np.ndarray, told: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BadInput, match=told):
            events_of([1, 2], [1, 2], t, [0, 1])


@pytest.mark.parametrize("x", [1e300, 2.0**63, 8192.0])
def test_pixels_beyond_any_sensor_are_refused(x: float) -> None:
    with pytest.raises(BadInput, match="expected pixels below 8192"):
        events_of([1.0, x], [1, 2], [0, 1], [0, 1])


@pytest.mark.parametrize("text", ["\n" * 500, "# none\n" * 200, "240 180\n\n"])
def test_text_without_events_is_refused_without_warnings(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BadInput, match="found no event"):
            read_events(tmp_path / "a.txt")
