"""Grids against plain loops that we wrote from the formulas, and on real recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from stillage_events.denoise import denoised, kept, neighbours, rested
from stillage_events.grids import count_frame, polar_grid, time_surface, voxel_grid
from stillage_events.reading import Events, events_of
from tests.plugins.events.test_reading import DTYPES, some


def voxels(events: Events, bins: int) -> NDArray[np.float64]:
    """The formula, one weight at a time for every bin."""
    out = np.zeros((bins, events.height, events.width))
    first, last = events.t[0], events.t[-1]
    place = (bins - 1) * (events.t - first) / (last - first)
    sign = np.where(events.p, 1.0, -1.0)
    for b in range(bins):
        weight = np.maximum(0.0, 1.0 - np.abs(place - b))
        flat = np.bincount(
            events.y * events.width + events.x, sign * weight, events.width * events.height
        )
        out[b] = flat.reshape(events.height, events.width)
    return out


@pytest.mark.parametrize("bins", [1, 2, 5, 10])
def test_voxel_grid_is_the_formula(bins: int) -> None:
    events = some(2000, seed=bins)
    np.testing.assert_allclose(voxel_grid(events, bins), voxels(events, bins), atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_polarity_survives_in_every_grid(dtype: str) -> None:
    events = some()
    p = events.p.astype(dtype)
    again = events_of(events.x, events.y, events.t, p, 30, 20)._replace(duration=10_000)
    for made in (count_frame, lambda e: voxel_grid(e, 5), lambda e: polar_grid(e, 5)):
        assert np.array_equal(made(again), made(events))
    grid = voxel_grid(again, 5)
    assert grid.min() < 0 < grid.max()
    assert np.isclose(grid.sum(), np.where(events.p, 1, -1).sum(), atol=1e-3)


def test_counts_and_polar_grid_agree() -> None:
    events = some(3000)
    counts, grid = count_frame(events), polar_grid(events, 8)
    assert counts.sum() == 3000
    for x, y, p in {(1, 1, 0), (7, 3, 1), (29, 19, 1)}:
        found = ((events.x == x) & (events.y == y) & (events.p == bool(p))).sum()
        assert counts[p, y, x] == found
    np.testing.assert_allclose(grid.sum(1), counts, atol=1e-4)
    signed = voxel_grid(events, 8, (0.0, events.duration - 1.0))
    np.testing.assert_allclose(grid[1] - grid[0], signed, atol=1e-5)


def test_a_window_leaves_out_what_came_before() -> None:
    events = some(500)
    late = events.t >= 4000
    part = kept(events, late)
    window = (4000.0, 9000.0)
    assert np.array_equal(voxel_grid(events, 4, window), voxel_grid(part, 4, window))


def test_edges() -> None:
    one = events_of([3], [2], [77], [1], 8, 4)
    assert voxel_grid(one, 3)[0, 2, 3] == 1.0 == voxel_grid(one, 3).sum()
    none = some().window(20_000, 20_001)
    for grid in (voxel_grid(none, 3), count_frame(none), polar_grid(none, 3)):
        assert not grid.any()
    assert not time_surface(none, 100.0).any()


def test_time_surface_is_the_formula() -> None:
    events, at, tau = some(800), 7000.0, 2500.0
    expected = np.zeros((2, 20, 30))
    for x, y, t, p in zip(*events[:4], strict=True):
        if t <= at:
            expected[int(p), y, x] = np.exp(-(at - t) / tau)
    np.testing.assert_allclose(time_surface(events, tau, at), expected, atol=1e-6)


def test_filters_are_what_plain_loops_give() -> None:
    events = some(1500)
    last: dict[tuple[int, int], int] = {}
    supported = []
    for x, y, t in zip(events.x.tolist(), events.y.tolist(), events.t.tolist(), strict=True):
        near = [(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy]
        supported.append(any(t - last[spot] <= 150 for spot in near if spot in last))
        last[x, y] = t
    assert neighbours(events, 150).tolist() == supported
    assert 0 < sum(supported) < len(supported)
    quiet: dict[tuple[int, int], int] = {}
    calm = []
    for x, y, t in zip(events.x.tolist(), events.y.tolist(), events.t.tolist(), strict=True):
        fine = (x, y) not in quiet or t - quiet[x, y] >= 3000
        calm.append(fine)
        if fine:
            quiet[x, y] = t
    assert rested(events, 3000).tolist() == calm


def test_noise_goes_and_an_edge_stays() -> None:
    random = np.random.default_rng(3)
    column = np.repeat(np.arange(60), 40)
    edge = (column, np.tile(np.arange(40), 60), 1000 * column + random.integers(0, 300, 2400))
    noise = tuple(random.integers(0, most, 300) for most in (60, 40, 60_000))
    x, y, t = (np.concatenate(pair) for pair in zip(edge, noise, strict=True))
    events = events_of(x, y, t, np.arange(2700) < 2400, 60, 40)
    left = denoised(events, within_us=1500)
    assert left.p.sum() > 0.95 * 2400
    assert (~left.p).sum() < 0.35 * 300


def test_real_grids_agree_with_the_formula(real_data: Path) -> None:
    folder = real_data / "event_small"
    with np.load(folder / "nmnist_1100.npz") as arrays:
        offsets, x, y, t, p = (arrays[k] for k in ("offsets", "x", "y", "t_us", "p"))
    for k in range(0, 1100, 137):
        part = slice(offsets[k], offsets[k + 1])
        events = events_of(x[part], y[part], t[part], p[part], 34, 34)
        np.testing.assert_allclose(voxel_grid(events, 9), voxels(events, 9), atol=2e-4)
    with np.load(folder / "slider_depth.npz") as arrays:
        x, y, t, p = (arrays[k] for k in ("ev_x", "ev_y", "ev_t_s", "ev_p"))
    events = events_of(x, y, t * 1e6, p, 240, 180)
    assert len(events.t) == 50_000
    np.testing.assert_allclose(voxel_grid(events, 10), voxels(events, 10), atol=1e-4)
    assert np.array_equal(count_frame(events).sum((1, 2)), [(p == 0).sum(), (p == 1).sum()])
