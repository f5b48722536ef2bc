"""Modelled latency and energy against the formula by hand."""

from __future__ import annotations

import pytest

from stillage.errors import BadInput
from stillage.perception.device import PROFILES, DeviceProfile, modelled, profile

BOX = DeviceProfile("box", (1e9, 4e9), 1e8, 0.001, 1.5, 2.0, 3e-9, "made up")


def test_the_slower_of_computing_and_moving_sets_the_time() -> None:
    assert modelled(5e6, 1e5, "fp32", BOX)[0] == pytest.approx(0.001 + 0.005)
    assert modelled(5e6, 1e5, "int8", BOX)[0] == pytest.approx(0.001 + 0.00125)
    assert modelled(1e3, 1e6, "fp32", BOX)[0] == pytest.approx(0.001 + 0.01)


def test_energy_is_power_over_time_and_bytes() -> None:
    assert modelled(5e6, 1e5, "fp32", BOX)[1] == pytest.approx(3.5 * 0.006 + 1e5 * 3e-9)


def test_every_profile_says_where_its_numbers_come_from() -> None:
    for name, one in PROFILES.items():
        assert one.name == name
        assert one.source.startswith(("assumed", "measured"))
        assert min(*one.macs_per_s, one.bytes_per_s, one.overhead_s, one.idle_w, one.active_w) > 0
        assert modelled(1e6, 1e5, "int8", one) < modelled(1e6, 4e5, "fp32", one)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(BadInput, match="raspberry-pi-zero-2w"):
        profile("toaster")
    with pytest.raises(BadInput, match="fp32, int8"):
        modelled(1, 1, "fp16", BOX)
