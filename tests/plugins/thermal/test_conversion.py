"""Counts to temperature: closed form and table against each other and against hand-made physics."""

from __future__ import annotations

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_thermal.conversion import (
    Scenery,
    centikelvin,
    converted,
    looked_up,
    received,
    table,
    transmission,
)
from stillage_thermal.radiometry import Planck, apparent

CAMERAS = [Planck(), Planck(14144.423, 0.027700, 1385.4, 1.0, -6091.0)]
SCENERIES = [Scenery(), Scenery(0.94, 295.0, 290.0, 0.97), Scenery(0.3, 310.0, 300.0, 0.8)]


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize("scenery", SCENERIES)
def test_temperature_survives_the_camera(camera: Planck, scenery: Scenery) -> None:
    kelvin = np.linspace(230.0, 600.0, 371)
    counts = received(kelvin, camera, scenery)
    np.testing.assert_allclose(converted(counts, camera, scenery), kelvin, rtol=1e-12)


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize("scenery", SCENERIES)
def test_every_count_survives_closed_form_and_table(camera: Planck, scenery: Scenery) -> None:
    counts = np.arange(65536)
    closed = converted(counts, camera, scenery)
    known = np.isfinite(closed)
    assert known.mean() > 0.5
    assert (np.diff(closed[known]) > 0).all()
    back = received(closed[known], camera, scenery)
    np.testing.assert_array_equal(np.rint(back), counts[known])
    looked = table(camera, scenery)
    np.testing.assert_array_equal(np.isfinite(looked), known)
    usual = known & (closed < 1000.0)
    assert np.abs(looked[usual] - closed[usual]).max() < 0.006
    again = received(looked[usual].astype(np.float64), camera, scenery)
    np.testing.assert_array_equal(np.rint(again), counts[usual])


def test_a_picture_by_the_table_is_the_closed_form_within_6_mk() -> None:
    counts = np.random.default_rng(0).integers(13000, 30000, (64, 80)).astype(np.uint16)
    ours = looked_up(counts, Planck(), SCENERIES[1])
    assert ours.dtype == np.float32
    assert np.abs(ours - converted(counts, Planck(), SCENERIES[1])).max() < 0.006
    room = np.empty(counts.shape, np.float32)
    assert looked_up(counts, Planck(), SCENERIES[1], out=room) is room
    with pytest.raises(BadInput, match="expected uint16"):
        looked_up(counts.astype(np.int32), Planck(), Scenery())


def test_it_is_the_radiometry_that_the_sensor_model_uses() -> None:
    kelvin = np.linspace(280.0, 380.0, 11)
    seen = apparent(kelvin, 0.7, 295.0, 290.0, 0.9)
    counts = Planck().signal(seen)
    scenery = Scenery(0.7, 295.0, 290.0, 0.9)
    np.testing.assert_allclose(converted(counts, Planck(), scenery), kelvin, rtol=1e-10)


def test_counts_below_any_temperature_are_nan_and_refused() -> None:
    found = converted([0, 7000, 18000], Planck(), Scenery())
    assert np.isnan(found[:2]).all()
    with pytest.raises(BadInput, match=r"2 pixels without a temperature, the first at \(0,\)"):
        centikelvin(found, "here")
    with pytest.raises(BadInput, match=r"655\.35 K"):
        centikelvin([700.0], "here")
    assert centikelvin([0.0, 273.15, 655.35], "here").tolist() == [0, 27315, 65535]


def test_air_takes_more_over_longer_and_damper_ways() -> None:
    ways = [transmission(d, 293.15, 0.5) for d in (0.0, 1.0, 10.0, 100.0)]
    assert ways[0] == 1.0
    assert (np.diff(ways) < 0).all()
    assert transmission(50.0, 303.15, 0.9) < transmission(50.0, 303.15, 0.2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Planck(r1=0.0), "R1, R2, B above 0"),
        (lambda: Planck(b=float("nan")), "finite"),
        (lambda: Scenery(emissivity=0.0), "emissivity: found 0.0"),
        (lambda: Scenery(transmission=1.2), "transmission: found 1.2"),
        (lambda: Scenery(reflected=20.0), "50 to 5000 K"),
        (lambda: transmission(-1.0, 293.0, 0.5), "m >= 0"),
    ],
)
def test_impossible_physics_is_refused(make: object, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        make()  # type: ignore[operator]
