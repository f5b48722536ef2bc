"""The pixel model against what its formulas say of simple light."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_events.grids import count_frame
from stillage_events.pixel import NOISY, Pixel, lin_log, simulate, thresholds

PLAIN = Pixel(sigma=0.0, cutoff_hz=0.0, leak_hz=0.0, shot_hz=0.0, refractory_s=0.0)


def flicker(values: list[float], height: int = 4, width: int = 5) -> np.ndarray:
    return np.broadcast_to(
        np.array(values, np.float32)[:, None, None], (len(values), height, width)
    )


def test_a_step_makes_the_events_of_its_logarithm() -> None:
    for before, after in ((100.0, 200.0), (200.0, 40.0), (30.0, 250.0)):
        events = simulate(flicker([before, after]), np.array([0.0, 0.01]), PLAIN)
        each = math.floor(abs(math.log(after / before)) / 0.2)
        counts = count_frame(events)
        assert (counts[int(after > before)] == each).all()
        assert not counts[int(after < before)].any()


def test_events_come_where_the_line_crosses_their_thresholds() -> None:
    rise = math.exp(1.0)
    events = simulate(flicker([50.0, 50.0 * rise]), np.array([3.0, 3.01]), PLAIN)
    times = events.t[(events.x == 0) & (events.y == 0)]
    np.testing.assert_allclose(times, [2000, 4000, 6000, 8000, 10_000], atol=1)
    assert events.duration in {10_000, 10_001}


def test_what_is_left_over_is_kept_for_the_next_frame() -> None:
    levels = [100.0 * math.exp(0.15 * k) for k in range(6)]
    events = simulate(flicker(levels), 0.01 * np.arange(6.0), PLAIN)
    assert (count_frame(events)[1] == math.floor(0.75 / 0.2)).all()


def test_the_logarithm_is_a_line_in_the_dark() -> None:
    slope = math.log(20.0) / 20.0
    for value in (0.0, 5.0, 19.9):
        assert math.isclose(lin_log(value), slope * value)
    assert math.isclose(lin_log(21.0), math.log(21.0))
    events = simulate(flicker([0.0, 10.0]), np.array([0.0, 0.01]), PLAIN)
    assert (count_frame(events)[1] == math.floor(10.0 * slope / 0.2)).all()


def test_low_pass_is_slower_in_the_dark() -> None:
    pixel = Pixel(sigma=0.0, cutoff_hz=30.0, leak_hz=0.0, shot_hz=0.0, refractory_s=0.0)
    step, seconds = 1e-4, 1e-4 * np.arange(21.0)
    for dim in (1.0, 0.25):
        levels = [60.0 * dim] + [200.0 * dim] * 20
        events = simulate(flicker(levels), seconds, pixel)
        gain = (200.0 * dim + 20.0) / 275.0 * step * 2.0 * math.pi * 30.0
        reached = math.log(200.0 / 60.0) * (1.0 - (1.0 - gain) ** 20)
        assert (count_frame(events)[1] == math.floor(reached / 0.2)).all(), dim


def test_leak_makes_brighter_events_at_its_rate() -> None:
    pixel = Pixel(sigma=0.0, leak_hz=5.0, shot_hz=0.0)
    events = simulate(flicker([100.0] * 41), 0.05 * np.arange(41.0), pixel)
    assert events.p.all()
    assert (np.abs(count_frame(events)[1] - 10) <= 1).all()


def test_shot_noise_has_its_rate_and_either_polarity() -> None:
    pixel = Pixel(leak_hz=0.0, shot_hz=5.0, refractory_s=0.0)
    frames = flicker([100.0] * 11, 40, 50)
    events = simulate(frames, 0.1 * np.arange(11.0), pixel, seed=4)
    expected = 40 * 50 * 5.0
    assert abs(len(events.t) - expected) < 5.0 * math.sqrt(expected)
    assert abs(events.p.mean() - 0.5) < 0.03
    counts = count_frame(events).sum(0)
    assert abs(counts.var() / counts.mean() - 1.0) < 0.15  # Poisson
    other = simulate(frames, 0.1 * np.arange(11.0), pixel, seed=4, sample=1)
    assert not np.array_equal(events.t, other.t)


def test_refractory_pixels_lose_events() -> None:
    pixel = Pixel(sigma=0.0, cutoff_hz=0.0, leak_hz=0.0, shot_hz=0.0, refractory_s=0.0045)
    events = simulate(flicker([50.0, 50.0 * math.exp(1.01)]), np.array([0.0, 0.01]), pixel)
    assert (count_frame(events)[1] == 2).all()  # of five, 2 ms apart


def test_thresholds_belong_to_the_sensor() -> None:
    on, off = thresholds(60, 80, Pixel(), 5)
    again, _ = thresholds(60, 80, Pixel(), 5)
    other, _ = thresholds(60, 80, Pixel(), 6)
    assert np.array_equal(on, again)
    assert not np.array_equal(on, other)
    assert abs(np.corrcoef(on.ravel(), off.ravel())[0, 1]) < 0.05
    assert abs(on.std() - 0.03) < 0.002


def test_a_moving_edge_lights_up_where_it_goes() -> None:
    place = np.arange(20)[:, None]
    frames = np.where(np.arange(60)[None] < 20 + place, 200.0, 50.0)[:, None, :].repeat(8, 1)
    events = simulate(frames.astype(np.float32), 0.002 * np.arange(20.0), Pixel())
    inside = (events.x >= 20) & (events.x < 39)
    assert inside.mean() > 0.99
    assert events.p.all()
    assert np.corrcoef(events.x[inside], events.t[inside])[0, 1] > 0.99


def test_bytes_and_floats_give_the_same_and_order_is_time() -> None:
    random = np.random.default_rng(0)
    frames = random.integers(0, 256, (6, 30, 40)).astype(np.uint8)
    seconds = 0.01 * np.arange(6.0)
    one = simulate(frames, seconds, NOISY, 3, 8)
    other = simulate(frames.astype(np.float32), seconds, NOISY, 3, 8)
    for a, b in zip(one, other, strict=True):
        assert np.array_equal(np.asarray(a), np.asarray(b))
    assert (np.diff(one.t) >= 0).all()
    assert one.t[-1] < one.duration


@pytest.mark.parametrize(
    ("frames", "seconds"),
    [
        (np.zeros((1, 4, 4), np.uint8), [0.0]),
        (np.zeros((2, 4), np.uint8), [0.0, 1.0]),
        (np.zeros((2, 4, 4), np.uint8), [0.0, 0.0]),
        (np.zeros((2, 4, 4), np.uint8), [0.0, 1.0, 2.0]),
        (np.full((2, 4, 4), np.nan, np.float32), [0.0, 1.0]),
        (np.full((2, 4, 4), 300.0, np.float32), [0.0, 1.0]),
        (np.zeros((2, 4, 9000), np.uint8), [0.0, 1.0]),
        (np.zeros((2, 4, 4), np.uint8), [0.0, 1e9]),
    ],
)
def test_bad_frames_are_refused(frames: np.ndarray, seconds: list[float]) -> None:
    with pytest.raises(BadInput):
        simulate(frames, np.array(seconds))


def test_bad_pixels_are_refused() -> None:
    with pytest.raises(BadInput):
        Pixel(theta=0.0)
    with pytest.raises(BadInput):
        Pixel(leak_hz=math.nan)
