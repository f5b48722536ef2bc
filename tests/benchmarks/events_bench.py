"""Events: a voxel grid beside tonic's, count frames, and the pixel model beside v2e's figure.

tonic spreads time over ``bins`` intervals and drops the last right half; ours, told the window
that makes the same of it, gives the same grid (asserted to 1e-5), for polarities of int8 (tonic
loses those of its own default, bool).

v2e is not run: 1,159 ms for 60 frames of 346 x 260, measured once, is the published figure that
five times as many frames a second are asked of. Frames are 30 a second: a texture that drifts
3 pixels a frame and makes some 700,000 events.
"""

from __future__ import annotations

import numpy as np

from stillage_events.grids import count_frame, voxel_grid
from stillage_events.pixel import simulate
from stillage_events.reading import events_of
from tests.benchmarks.harness import Benchmark

COUNT, WIDTH, HEIGHT, BINS = 1_000_000, 640, 480, 10
FRAMES, RATE_HZ, V2E_S = 60, 30.0, 1.159


def benchmarks() -> list[Benchmark]:
    import tonic
    from tonic.functional import to_frame_numpy, to_voxel_grid_numpy

    random = np.random.default_rng(0)
    x, y = random.integers(0, WIDTH, COUNT), random.integers(0, HEIGHT, COUNT)
    t = np.sort(random.integers(0, 1_000_000, COUNT))
    p = random.integers(0, 2, COUNT)
    events = events_of(x, y, t, p, WIDTH, HEIGHT)
    kinds = [("x", "i2"), ("y", "i2"), ("t", "i8"), ("p", "i1")]
    theirs = np.zeros(COUNT, kinds)
    theirs["x"], theirs["y"], theirs["t"], theirs["p"] = x, y, t, p
    counted = theirs.copy()  # tonic's voxel grid writes into its argument
    size = (WIDTH, HEIGHT, 2)
    start, span = float(t[0]), float(t[-1] - t[0])
    window = (start, start + span * (BINS - 1) / BINS)
    np.testing.assert_allclose(
        voxel_grid(events, BINS, window), to_voxel_grid_numpy(theirs, size, BINS)[:, 0], atol=1e-5
    )
    frame = to_frame_numpy(counted, size, event_count=COUNT)[0]
    np.testing.assert_array_equal(count_frame(events), frame)
    row, column = np.mgrid[:260, :346]
    drift = [np.sin((column + 3 * k) / 40.0) * np.cos(row / 33.0) for k in range(FRAMES)]
    frames = (128.0 + 100.0 * np.stack(drift)).astype(np.uint8)
    seconds = np.arange(FRAMES) / RATE_HZ
    version = f"tonic {tonic.__version__}"
    return [
        Benchmark(
            name="events: 1 M to a voxel grid 640x480x10",
            unit="ms",
            ours=lambda: void(voxel_grid(events, BINS, window)),
            peer=lambda: void(to_voxel_grid_numpy(theirs, size, BINS)),
            peer_version=version,
            target=4.0,
        ),
        Benchmark(
            name="events: 1 M to a count frame 640x480",
            unit="ms",
            ours=lambda: void(count_frame(events)),
            peer=lambda: void(to_frame_numpy(counted, size, event_count=COUNT)),
            peer_version=version,
        ),
        Benchmark(
            name="events: pixel model, 346x260 at 30 frames/s (v2e: 52 frames/s)",
            unit="frames/s",
            ours=lambda: void(simulate(frames, seconds)),
            target=5.0 * FRAMES / V2E_S,
            higher_is_better=True,
            amount=float(FRAMES),
        ),
    ]


def void(made: object) -> None:
    """Forget what was made: the harness takes the time."""
