"""Offsets and drifts that were put in are found; where nothing goes together, none is sure."""

from __future__ import annotations

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_audiovideo.synchrony import Offset, synchronise
from tests.plugins.audiovideo.av_scenes import RATE, Bounces, bounces

HALF_FRAME = 0.5 / 25.0


def found(scene: Bounces, **options: float) -> Offset:
    return synchronise(scene.wave, RATE, scene.frames, scene.times, **options)


@pytest.mark.parametrize("offset", [-0.5, -0.045, 0.0, 0.125, 0.8])
@pytest.mark.parametrize("seed", [0, 1])
def test_offset_is_found_to_half_a_frame(offset: float, seed: int) -> None:
    told = found(bounces(offset, seed=seed))
    assert told.seconds == pytest.approx(offset, abs=HALF_FRAME)
    assert told.sure
    assert told.at(10.0) == pytest.approx(offset, abs=HALF_FRAME)


@pytest.mark.parametrize("drift", [-0.004, 0.005])
def test_drift_is_followed(drift: float) -> None:
    told = found(bounces(0.1, drift, seconds=30.0, count=25, seed=1))
    assert told.drift == pytest.approx(drift, abs=0.0012)
    for time in (2.0, 15.0, 28.0):
        assert told.at(time) == pytest.approx(0.1 + drift * (time - 15.0), abs=1.5 * HALF_FRAME)


def test_no_drift_is_made_up() -> None:
    assert all(abs(found(bounces(0.2, seed=seed)).drift) * 20 < 3 * HALF_FRAME for seed in range(4))
    assert found(bounces(0.2), max_drift=0.0).drift == 0.0


def test_timestamps_come_first() -> None:
    scene = bounces(0.1)
    later = scene._replace(times=scene.times + 3.0)
    told = found(later, audio_start=3.05)
    assert told.seconds == pytest.approx(0.15, abs=HALF_FRAME)
    assert told.middle == pytest.approx(13.0, abs=0.1)


def test_uneven_frames_do_no_harm() -> None:
    scene = bounces(0.1)
    kept = np.sort(np.random.default_rng(0).permutation(len(scene.times))[:400])
    told = found(Bounces(scene.frames[kept], scene.times[kept], scene.wave))
    assert told.seconds == pytest.approx(0.1, abs=2 * HALF_FRAME)


def test_sound_of_something_else_is_not_sure() -> None:
    for seed in range(5):
        told = found(bounces(seed=seed)._replace(wave=bounces(seed=seed + 50).wave))
        assert not told.sure
    assert found(bounces()._replace(wave=np.zeros(20 * RATE, np.float32))).confidence == 0.0


def test_loudness_does_not_matter() -> None:
    scene = bounces(0.1)
    quiet = found(scene._replace(wave=scene.wave * 0.02))
    assert quiet.seconds == pytest.approx(found(scene).seconds, abs=1e-3)


def test_distance_is_told_apart_from_the_clocks() -> None:
    told = found(bounces(0.1), distance_m=10.0)
    assert told.travel == pytest.approx(0.029, abs=0.0005)  # 2.9 ms a metre
    assert told.clocks == pytest.approx(told.seconds - told.travel)


def test_too_little_is_refused_in_one_line() -> None:
    scene = bounces()
    with pytest.raises(BadInput, match="3 or more"):
        found(Bounces(scene.frames[:2], scene.times[:2], scene.wave))
    with pytest.raises(BadInput, match="growing"):
        found(scene._replace(times=scene.times[::-1].copy()))
    with pytest.raises(BadInput, match="an overlap of 0 s"):
        found(scene, audio_start=100.0)
