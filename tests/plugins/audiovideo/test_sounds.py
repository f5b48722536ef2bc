"""Sensor models of sound beside what physics says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.signal import hilbert

from stillage.errors import BadInput
from stillage.sensing.scene import Scene
from stillage_audiovideo.audio import Audio, MachineSound
from stillage_audiovideo.physics.bearing import blows, multiples
from stillage_audiovideo.physics.impact import SUPPORT_DECAY, modes_of
from stillage_audiovideo.physics.plates import MATERIALS, free_plate, frequencies
from stillage_audiovideo.physics.ringing import ring

UNITS = {"material": "", "length": "mm", "width": "mm", "thickness": "mm", "damage": "1"}


def items(count: int = 4, **fields: object) -> Scene:
    given = {"material": "steel", "length": 120.0, "width": 80.0, "thickness": 3.0, "damage": 0.0}
    values = {name: np.full(count, value) for name, value in {**given, **fields}.items()}
    return Scene(values, UNITS)


def bearings(
    count: int = 4, speed: float = 29.95, fault: str = "outer", health: float = 0.2
) -> Scene:
    fields = {"speed": speed, "fault": fault, "health": health}
    return Scene(
        {name: np.full(count, value) for name, value in fields.items()},
        {"speed": "Hz", "fault": "", "health": "1"},
    )


def test_square_plate_rings_at_the_published_frequencies() -> None:
    # A. W. Leissa, NASA SP-160, table 4.74, nu = 0.3: upper bounds of a Ritz of 1959-1973;
    # R. B. Bhat, J. Sound Vib. 102 (1985), with orthogonal polynomials, agrees to 0.4 %.
    wanted = [13.489, 19.789, 24.432, 35.024, 35.024, 61.526]
    found, _ = free_plate(np.array([1.0]), 0.3)
    assert (found[0, :6] <= np.array(wanted) + 0.01).all()
    np.testing.assert_allclose(found[0, :6], wanted, rtol=0.012)


def test_a_strip_rings_as_a_free_bar_does() -> None:
    # Euler and Bernoulli: (beta L)^2 of cosh x cos x = 1; without Poisson's ratio a plate is one.
    wanted = np.array([4.730041, 7.853205, 10.995608]) ** 2
    found, _ = free_plate(np.array([40.0]), 0.0)
    np.testing.assert_allclose(found[0, :3], wanted, rtol=2e-3)


def test_turning_the_plate_changes_nothing() -> None:
    one, _ = free_plate(np.array([1.6]))
    other, _ = free_plate(np.array([1 / 1.6]))
    np.testing.assert_allclose(one[0, :20], other[0, :20] * 1.6**2, rtol=1e-9)


def test_modes_are_of_unit_mean_square() -> None:
    _, shapes = free_plate(np.array([1.3]))
    np.testing.assert_allclose((shapes[0] ** 2).sum((1, 2)) / 4, 1.0, rtol=1e-9)


def test_frequency_follows_thickness_over_length_squared_and_the_speed_of_sound() -> None:
    factor, _ = free_plate(np.array([1.5]))
    size = (np.array([0.12]), np.array([0.003]))
    steel = frequencies(factor, MATERIALS["steel"], *size)
    twice = frequencies(factor, MATERIALS["steel"], size[0] * 2, size[1] * 2)
    np.testing.assert_allclose(twice, steel / 2)
    # By hand: lambda / (2 pi a^2) sqrt(E h^2 / (12 rho (1 - nu^2))).
    plain = np.sqrt(200e9 * 0.003**2 / (12 * 7850 * (1 - 0.33**2))) / (2 * np.pi * 0.12**2)
    np.testing.assert_allclose(steel[0], factor[0] * plain)


def test_ringing_is_the_sum_of_damped_sines() -> None:
    draw, time = np.random.default_rng(1), np.arange(4000) / 16000
    hertz, decay, gain = (draw.uniform(*span, (2, 5)) for span in ((50, 7900), (5, 900), (-1, 1)))
    push = np.zeros((2, 4000))
    push[:, 0] = 1.0
    wanted = np.einsum(
        "nm,nmt,nmt->nt",
        gain,
        np.exp(-decay[..., None] * time),
        np.sin(2 * np.pi * hertz[..., None] * time),
    )
    np.testing.assert_allclose(ring(push, 16000.0, hertz, decay, gain), wanted, atol=1e-9)


def test_loss_factor_is_the_decay_of_each_mode() -> None:
    for name, loss in (("steel", 0.006), ("glass", 0.006), ("aluminium", 0.014), ("wood", 0.1)):
        hertz, decay, _ = modes_of(items(1, material=name), 1, np.arange(1))
        np.testing.assert_allclose((decay - SUPPORT_DECAY) / (np.pi * hertz), loss)


def test_steel_rings_on_and_rubber_does_not() -> None:
    def rings(material: str) -> float:
        """Seconds for which the loudness in 5 ms stays above a fifth of its peak."""
        wave = Audio().render(items(8, material=material), 2).astype(np.float64)
        loud = np.sqrt((wave.reshape(8, -1, 80) ** 2).mean(2))
        return float(np.median((loud > 0.2 * loud.max(1, keepdims=True)).sum(1)) * 0.005)

    assert rings("steel") > 1.3 * rings("aluminium") > 2 * rings("ceramic")
    assert rings("rubber") <= 0.02


def test_knock_has_its_modes_in_the_spectrum() -> None:
    scene = items(1, thickness=6.0)
    hertz, _, gain = modes_of(scene, 5, np.arange(1))
    wave = Audio().render(scene, 5)[0]
    wave = wave[np.abs(wave).argmax() :][:8000]
    power = np.abs(np.fft.rfft(wave, 16000)) ** 2
    audible = np.flatnonzero((hertz[0] < 7000) & (hertz[0] > 100))
    loudest = audible[np.abs(gain[0, audible]).argsort()[-3:]]
    for mode in loudest:
        near = power[int(hertz[0, mode]) - 4 : int(hertz[0, mode]) + 5]
        assert near.max() > 100 * np.median(power)


def test_cracks_soften_and_damp() -> None:
    whole, cracked = (modes_of(items(1, damage=d), 1, np.arange(1)) for d in (0.0, 1.0))
    assert (cracked[0] < whole[0]).all()
    assert (cracked[1] / cracked[0] > whole[1] / whole[0]).all()


def test_unknown_names_are_refused_in_one_line() -> None:
    with pytest.raises(BadInput, match="'unobtainium'"):
        Audio().render(items(1, material="unobtainium"), 1)
    with pytest.raises(BadInput, match="found worn"):
        MachineSound().render(bearings(1, fault="worn"), 1)
    with pytest.raises(BadInput, match="0 to 400 Hz"):
        MachineSound().render(bearings(1, speed=0.0), 1)


def test_bearing_multiples_are_the_published_ones_of_the_6205() -> None:
    # Case Western Reserve University Bearing Data Center, drive end, SKF 6205-2RS JEM.
    published = {"inner": 5.4152, "outer": 3.5848, "cage": 0.39828, "ball": 4.7135}
    for name, value in published.items():
        assert multiples()[name] == pytest.approx(value, abs=1.5e-4)


@pytest.mark.parametrize("fault", ["outer", "inner", "ball", "cage"])
def test_blows_come_at_the_fault_s_frequency(fault: str) -> None:
    count = 12
    push = blows(np.full(count, 29.95), np.full(count, fault), 3, np.arange(count))
    mean = (push > 0).sum(1).mean()
    assert mean == pytest.approx(multiples()[fault] * 29.95, rel=0.06)


def test_envelope_spectrum_shows_the_outer_race() -> None:
    wave = MachineSound().render(bearings(6, health=0.1), 4).astype(np.float64)
    envelope = np.abs(hilbert(wave, axis=1))
    spectrum = np.abs(np.fft.rfft(envelope - envelope.mean(1, keepdims=True), axis=1)).mean(0)
    low = spectrum[60:250]  # 1 Hz a bin; above the shaft's hum
    assert int(low.argmax()) + 60 == pytest.approx(3.5848 * 29.95, abs=3)


def test_wear_is_louder_and_no_fault_only_hisses() -> None:
    def level(**fields: Any) -> float:
        return float(np.std(MachineSound().render(bearings(6, **fields), 4)))

    assert level(health=0.1) > 1.5 * level(health=0.8)
    assert level(fault="none", health=0.1) < 0.7 * level(health=0.1)
