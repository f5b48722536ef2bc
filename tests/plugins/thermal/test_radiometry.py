"""Radiometry and cooling against closed forms and against what a table of errors says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from stillage_thermal.conversion import Scenery, converted
from stillage_thermal.radiometry import ZERO_CELSIUS, Planck, apparent, cooled, time_constant

KELVIN = np.linspace(250.0, 420.0, 35)


def corrected(reported: np.ndarray, scenery: Scenery) -> np.ndarray:
    """What the readers make of temperatures that a camera set to emissivity 1 reported."""
    return converted(Planck().signal(reported), Planck(), scenery)


def test_temperature_inverts_signal() -> None:
    np.testing.assert_allclose(Planck().temperature(Planck().signal(KELVIN)), KELVIN, rtol=1e-12)


def test_a_black_body_and_an_isothermal_scene_report_the_truth() -> None:
    np.testing.assert_allclose(apparent(KELVIN, 1.0, 293.15), KELVIN, rtol=1e-12)
    np.testing.assert_allclose(apparent(300.0, 0.3, 300.0, 300.0, 0.8), 300.0, rtol=1e-12)


def test_a_perfect_mirror_reports_what_it_reflects() -> None:
    np.testing.assert_allclose(apparent(KELVIN, 0.0, 293.15), 293.15, rtol=1e-12)


def test_apparent_temperature_equals_the_radiance_balance_solved_by_hand() -> None:
    e, tau, item, around, air = 0.7, 0.9, 340.0, 295.0, 290.0
    r = [21106.77 / 0.012545258 / (np.exp(1501.0 / t) - 1.0) for t in (item, around, air)]
    total = e * tau * r[0] + (1.0 - e) * tau * r[1] + (1.0 - tau) * r[2]
    expected = 1501.0 / np.log(21106.77 / (0.012545258 * total) + 1.0)
    assert float(apparent(item, e, around, air, tau)) == pytest.approx(expected, rel=1e-12)


def test_correction_inverts_appearance() -> None:
    seen = apparent(KELVIN, 0.62, 293.15, 288.0, 0.95)
    np.testing.assert_allclose(
        corrected(seen, Scenery(0.62, 293.15, 288.0, 0.95)), KELVIN, rtol=1e-10
    )


def test_a_wrong_emissivity_is_off_by_8_to_58_kelvin() -> None:
    truth = np.array([30.0, 100.0]) + ZERO_CELSIUS
    believed = corrected(apparent(truth, 0.20, 293.15), Scenery(0.95))
    error = truth - believed
    assert error[0] == pytest.approx(8.0, abs=1.0)
    assert error[1] == pytest.approx(58.0, abs=4.0)


def test_cooling_follows_the_differential_equation() -> None:
    rho, c, d, h, ambient, start = 955.0, 1900.0, 0.8e-3, 12.0, 21.0, 55.0
    constant = float(time_constant(rho, c, d, h))
    assert constant == pytest.approx(rho * c * d / h)
    seconds = np.array([0.0, 2.0, 6.0, 60.0, 600.0])
    solved = solve_ivp(
        lambda _, t: -h * (t - ambient) / (rho * c * d),
        (0.0, 600.0), [start], t_eval=seconds, rtol=1e-10, atol=1e-10,
    )  # fmt: skip
    np.testing.assert_allclose(cooled(start, ambient, seconds, constant), solved.y[0], atol=1e-6)
    assert float(cooled(start, ambient, constant, constant)) == pytest.approx(
        ambient + (start - ambient) / np.e
    )
