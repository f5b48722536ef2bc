"""A reading of events: its frame, its columns, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_events.reading import (
    MAX_EVENTS,
    Events,
    check_inside,
    events_of,
    from_start,
    pack,
    polarity,
    unpack,
)

DTYPES = ("bool", "int8", "uint8", "int16", "uint16", "int64", "float32", "float64")


def some(count: int = 200, seed: int = 0) -> Events:
    random = np.random.default_rng(seed)
    t = np.sort(random.integers(0, 10_000, count))
    x, y, p = (
        random.integers(0, 30, count),
        random.integers(0, 20, count),
        random.random(count) < 0.5,
    )
    return events_of(x, y, t, p, 30, 20)._replace(duration=10_000)


@pytest.mark.parametrize("dtype", DTYPES)
def test_polarity_survives_every_dtype(dtype: str) -> None:
    assert polarity(np.array([0, 1, 1, 0]).astype(dtype)).tolist() == [False, True, True, False]
    if np.dtype(dtype).kind in "if":
        assert polarity(np.array([-1, 1, 1, -1]).astype(dtype)).tolist() == [0, 1, 1, 0]


def test_a_reading_comes_back_as_it_was() -> None:
    events = some()
    row = pack(events)
    assert row.dtype == np.int32
    assert row[0].tolist() == [30, 20, 10_000, -1]
    back = unpack(row)
    for name, one, other in zip(Events._fields, events, back, strict=True):
        assert np.array_equal(np.asarray(one), np.asarray(other)), name


def test_an_empty_reading_keeps_its_frame() -> None:
    empty = some().window(20_000, 20_500)
    assert len(empty.t) == 0
    assert unpack(pack(empty))[4:] == (30, 20, 500)


def test_windows_cut_time_without_loss() -> None:
    events = some()
    cut = [events.window(start, start + 1000) for start in range(0, 10_000, 1000)]
    assert sum(len(part.t) for part in cut) == len(events.t)
    joined = np.concatenate([part.t + 1000 * k for k, part in enumerate(cut)])
    assert np.array_equal(joined, events.t)
    assert all(part.t.max(initial=0) < 1000 == part.duration for part in cut)


def test_events_are_put_in_order_and_ties_keep_theirs() -> None:
    events = events_of([1, 2, 3, 4], [0] * 4, [9, 5, 5, 7], [1] * 4, 8, 8)
    assert events.x.tolist() == [2, 3, 4, 1]
    assert from_start(events).t.tolist() == [0, 0, 2, 4]
    assert events.duration == 5


def test_readings_joined_end_to_end_are_a_longer_one() -> None:
    events = some()
    parts = [pack(events.window(a, b)) for a, b in ((0, 2500), (2500, 2600), (2600, 10_000))]
    whole = unpack(np.concatenate(parts))
    for one, other in zip(whole, events, strict=True):
        assert np.array_equal(np.asarray(one), np.asarray(other))
    wider = pack(events._replace(width=40))
    with pytest.raises(BadInput, match="one size"):
        unpack(np.concatenate([parts[0], wider]))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (np.zeros((3, 4), np.int32), "first: width, height"),
        (np.zeros((3, 5), np.int32), "first: width, height"),
        (np.array([[34, 34, 9, -1], [34, 0, 0, 1]], np.int32), "event 0"),
        (np.array([[34, 34, 9, -1], [0, 0, 0, 1], [0, -1, 0, 1]], np.int32), "event 1"),
        (np.array([[34, 34, 9, -1], [0, 0, 9, 1]], np.int32), "event 0"),
        (np.array([[34, 34, 9, -1], [0, 0, 0, 2]], np.int32), "event 0"),
        (np.array([[2**30, 34, 9, -1]], np.int32), "sides of 1 to 8192"),
        (np.array([[34, 34, 0, -1]], np.int32), "duration"),
    ],
)
def test_a_row_that_is_none_is_refused(row: np.ndarray, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        unpack(row)


def test_columns_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadInput, match="one length"):
        events_of([1, 2], [1], [1], [1])
    with pytest.raises(BadInput, match="negative"):
        events_of([-1], [1], [1], [1], 4, 4)
    with pytest.raises(BadInput, match=r"pixel \(4, 1\)"):
        events_of([4], [1], [1], [1], 4, 4)
    with pytest.raises(BadInput, match="NaN"):
        events_of([1], [1], [np.nan], [1], 4, 4)
    huge = np.broadcast_to(np.uint8(0), MAX_EVENTS + 1)  # no memory behind it
    with pytest.raises(BadInput, match="at most"):
        events_of(huge, huge, huge, huge, 4, 4)
    with pytest.raises(BadInput, match="2\\^31"):
        pack(some()._replace(duration=2**31))
    with pytest.raises(BadInput, match="outside"):
        pack(some()._replace(duration=5))


def test_kernels_are_not_given_events_outside_the_sensor() -> None:
    events = some()
    for wrong in ({"width": 5}, {"x": -events.x}, {"y": events.y[:5]}):
        with pytest.raises(BadInput):
            check_inside(events._replace(**wrong))
