"""Dynamic time warping beside dtaidistance, to every digit."""

from __future__ import annotations

import numpy as np
import pytest
from dtaidistance import dtw as peer

from stillage.errors import BadInput
from stillage_audiovideo.dtw import distance, warping_path

SIZES = ((1, 1), (1, 6), (6, 1), (2, 9), (17, 17), (40, 33), (33, 40), (300, 280))


def pair(n: int, m: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    return draw.standard_normal(n).cumsum(), draw.standard_normal(m).cumsum()


def peer_distance(a: np.ndarray, b: np.ndarray, **options: int) -> float:
    """Its C code says inf, at random, of series of one value (2.5.1); its Python does not."""
    fast = min(len(a), len(b)) > 1
    return float((peer.distance_fast if fast else peer.distance)(a, b, **options))


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_distance_is_the_peer_s_to_every_digit(n: int, m: int) -> None:
    for seed in range(4):
        a, b = pair(n, m, seed)
        assert distance(a, b) == peer_distance(a, b) == warping_path(a, b)[0]


@pytest.mark.parametrize("window", [1, 2, 3, 8, 25, 500])
@pytest.mark.parametrize(("n", "m"), SIZES)
def test_band_is_the_peer_s_to_every_digit(n: int, m: int, window: int) -> None:
    a, b = pair(n, m, 5)
    wanted = peer_distance(a, b, window=window)
    assert distance(a, b, window) == wanted
    assert warping_path(a, b, window)[0] == wanted


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_path_is_the_peer_s(n: int, m: int) -> None:
    a, b = pair(n, m, 7)
    found, path = warping_path(a, b)
    assert path.tolist() == [list(step) for step in peer.warping_path_fast(a, b)]
    cost = sum((a[i] - b[j]) ** 2 for i, j in path)
    assert found == pytest.approx(np.sqrt(cost), rel=1e-12)


def test_path_with_a_band_stays_in_it() -> None:
    a, b = pair(200, 200, 3)
    _, path = warping_path(a, b, 5)
    assert np.abs(path[:, 0] - path[:, 1]).max() <= 4
    assert {tuple(step) for step in np.diff(path, axis=0)} <= {(0, 1), (1, 0), (1, 1)}
    assert path[0].tolist() == [0, 0]
    assert path[-1].tolist() == [199, 199]


def test_refuses_what_has_no_distance_or_does_not_fit() -> None:
    for bad in (np.zeros(0), np.array([1.0, np.nan]), np.zeros((2, 2))):
        with pytest.raises(BadInput, match="finite numbers"):
            distance(bad, np.ones(3))
    with pytest.raises(BadInput, match="at least 1"):
        distance(np.ones(3), np.ones(3), 0)
    with pytest.raises(BadInput, match="give a window"):
        warping_path(np.zeros(20_000), np.zeros(20_000))
