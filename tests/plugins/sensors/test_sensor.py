"""The sensor models follow the physics that they claim."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.plugin.host import get_host
from stillage.sensing.scene import Scene
from stillage_sensors.modality import (
    Flow,
    Power,
    Pressure,
    Pulse,
    PulseSweep,
    RestVoltage,
    Temperature,
    Vibration,
    VibrationLevel,
)
from stillage_sensors.physics.bearing import envelope_spectrum
from stillage_sensors.plugin import POINTS, WAVES


def scene(**fields: Any) -> Scene:
    arrays = {name: np.asarray(values) for name, values in fields.items()}
    return Scene(arrays, dict.fromkeys(arrays, "1"))


def machines(count: int, **fields: Any) -> Scene:
    base = {
        "shaft_speed": np.full(count, 30.0),
        "load": np.full(count, 4000.0),
        "fault": np.full(count, "outer"),
        "defect_size": np.full(count, 1.0),
        "ambient_temperature": np.full(count, 20.0),
    }
    return scene(**(base | {name: np.asarray(v) for name, v in fields.items()}))


def test_a_defect_is_heard_at_its_frequency_and_grows() -> None:
    size = np.array([0.0, 0.3, 1.0])
    raw = Vibration().render(machines(3, defect_size=size), 1).astype(np.float64)
    rms = raw[:, 0].std(1)
    assert (np.diff(rms) > 0).all()
    long = np.concatenate(
        [Vibration().render(machines(1), seed)[:, 0].astype(np.float64) for seed in range(20)]
    )
    frequency, amplitude = envelope_spectrum(long, 25_600.0)
    mean = amplitude.mean(0)
    near = (frequency > 60) & (frequency < 200)
    assert frequency[near][mean[near].argmax()] == pytest.approx(3.5848 * 30.0, abs=10.0)


def test_friction_heats_and_the_ambient_adds() -> None:
    speed, ambient = np.array([10.0, 30.0, 30.0]), np.array([20.0, 20.0, 35.0])
    raw = Temperature().render(
        machines(3, shaft_speed=speed, ambient_temperature=ambient, fault=["none"] * 3), 2
    )
    mean = raw.mean((1, 2)).astype(np.float64)
    assert mean[2] - mean[1] == pytest.approx(15.0, abs=0.3)
    heat = 2.0 * 2 * np.pi * 30.0 * 0.0015 * 4000.0 * 0.0125
    assert mean[1] - 20.0 == pytest.approx(heat, abs=0.3)
    assert mean[1] > mean[0]


def test_severity_grows_with_the_defect() -> None:
    raw = VibrationLevel().render(machines(2, defect_size=[0.2, 1.0]), 2)
    assert raw[1].mean() > raw[0].mean() + 1.0


def rigs(**fields: Any) -> Scene:
    base = {
        "valve_condition": [1.0, 0.73],
        "pump_leak": [0.0, 0.0],
        "accumulator_pressure": [130.0, 130.0],
        "oil_temperature": [45.0, 45.0],
    }
    return scene(**(base | fields))


def test_a_slow_valve_lags_and_a_leak_costs_flow() -> None:
    raw = Pressure().render(rigs(), 1).astype(np.float64)
    after = raw[:, 1, 11]  # one second after the demand rises
    assert after[1] < after[0] - 10.0
    leaky = rigs(valve_condition=[1.0, 1.0], pump_leak=[0.0, 2.0])
    litres = Flow().render(leaky, 1).mean((1, 2))
    assert litres[1] < litres[0] - 0.5
    watts = Power().render(leaky, 1).astype(np.float64)
    bars = Pressure().render(leaky, 1).astype(np.float64)[:, 0]
    flow = Flow().render(leaky, 1).astype(np.float64)[:, 0]
    np.testing.assert_allclose(watts[:, 0], bars * flow / 0.6 / 0.85, rtol=0.2, atol=40.0)


def test_a_weak_accumulator_lets_pressure_ripple() -> None:
    raw = Pressure().render(rigs(valve_condition=[1, 1], accumulator_pressure=[130, 90]), 1)
    ripple = np.diff(raw[:, 0, 11:19].astype(np.float64), axis=1).std(1)
    assert ripple[1] > 2 * ripple[0]


def test_a_worn_cell_gives_way_more() -> None:
    cells = scene(
        chemistry=np.array(["NMC", "NMC", "LFP"]),
        state_of_charge=np.full(3, 0.5),
        state_of_health=np.array([0.95, 0.6, 0.95]),
    )
    sweep = PulseSweep().render(cells, 4).astype(np.float64)
    step = sweep[:, 1] - sweep[:, 0]
    assert step[1] > 1.3 * step[0]
    np.testing.assert_allclose(sweep[:, 9] - sweep[:, 0], 2 * step, atol=2e-3)  # Ohm: 1 C, .5 C
    np.testing.assert_array_equal(Pulse().render(cells, 4), sweep[:, :5].astype(np.float32))
    np.testing.assert_array_equal(RestVoltage().render(cells, 4), sweep[:, :1].astype(np.float32))


def test_names_that_the_models_do_not_know_are_refused() -> None:
    with pytest.raises(BadInput, match="tilted"):
        Vibration().render(machines(1, fault=["tilted"]), 1)
    cells = scene(
        chemistry=np.array(["lead"]),
        state_of_charge=np.array([0.5]),
        state_of_health=np.array([0.9]),
    )
    with pytest.raises(BadInput, match="lead"):
        Pulse().render(cells, 1)


def test_every_modality_has_its_sizes() -> None:
    host = get_host()
    for spec in (*WAVES, *POINTS):
        sizes = ("linear", "small", "large", *(("gru", "tcn") if spec in WAVES else ()))
        for size in sizes:
            assert host.encoder(spec.name, size).name == f"{spec.name}-{size}"
