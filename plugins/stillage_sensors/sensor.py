"""Sensor models: they render what sensors of machines, rigs and cells read of a scene.

Bearing kinematics, friction heat, orifice and leak flow, and equivalent circuits of cells are
physics; most strengths are assumed: docs/plugins/sensors.md says which.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.counter import normal, stream, uniform
from stillage.errors import BadInput
from stillage.sensing.scene import Scene
from stillage_sensors.physics.bearing import FAULTS, fault_signal

Array = NDArray[np.float64]
Samples = NDArray[np.int64]

RATE_HZ, LENGTH = 25_600.0, 2560
"""Rate and values of the modelled accelerometer: 0.1 s."""

SECONDS = 60
"""Values, one a second, of the modelled slow sensors."""

SEVERITY = {"none": 0.0, "outer": 1.0, "inner": 0.9, "ball": 0.7, "cage": 0.4}
"""Vibration velocity of a defect by its place, relative to the outer race (assumed)."""


def _wander(
    seed: int, samples: Samples, name: str, channels: int, steps: int, memory: float
) -> Array:
    """Draw noise ``(N, channels, steps)`` of unit deviation; ``memory`` links steps (AR(1))."""
    from scipy.signal import lfilter

    count = np.arange(channels)[:, None]
    white = normal(seed, samples[:, None, None], stream(name), count, np.arange(steps))
    white[..., 1:] *= np.sqrt(1.0 - memory**2)  # so that every step has the same deviation
    return np.asarray(lfilter([1.0], [1.0, -memory], white, axis=2))


def _defect(scene: Scene) -> tuple[NDArray[np.str_], Array]:
    fault = np.asarray(scene["fault"], np.str_)
    unknown = sorted(set(map(str, fault)) - set(FAULTS))
    if unknown:
        raise BadInput("scene field 'fault'", repr(unknown[0]), f"one of {', '.join(FAULTS)}")
    return fault, np.where(fault == "none", 0.0, scene["defect_size"])


def vibration(scene: Scene, seed: int, samples: Samples) -> Array:
    """Render acceleration (N, 2, 2560) in g, horizontal and vertical, at 25.6 kHz.

    Unbalance turns with the shaft and grows with its speed squared; the defect rings at 3 kHz.
    """
    speed, load = scene["shaft_speed"], scene["load"]
    fault, size = _defect(scene)
    struck = fault_signal(speed, fault, seed, samples, RATE_HZ, LENGTH)
    # Assumed: 2.5 g a millimetre of defect, .05 g of unbalance, .06 g of noise, at 30 Hz and 4 kN.
    strength = 2.5 * size * np.sqrt(load / 4000.0) * (speed / 30.0)
    time = np.arange(LENGTH) / RATE_HZ
    phase = 2.0 * np.pi * uniform(seed, samples[:, None], stream("shaft"), np.arange(2))
    unbalance = 0.05 * (speed / 30.0) ** 2
    quiet = 0.06 * (speed / 30.0) * np.sqrt(load / 4000.0)
    noise = _wander(seed, samples, "vibration", 2, LENGTH, 0.3)
    out = quiet[:, None, None] * noise
    for channel, passed in enumerate((1.0, 0.6)):  # the load points down the first (assumed)
        turning = 2.0 * np.pi * speed[:, None] * time + phase[:, :1] + channel * np.pi / 2.0
        out[:, channel] += unbalance[:, None] * (np.sin(turning) + 0.3 * np.sin(2.0 * turning))
        out[:, channel] += passed * strength[:, None] * struck
    return out


def temperature(scene: Scene, seed: int, samples: Samples) -> Array:
    """Render the outer ring's temperature (N, 1, 60) in degC, one a second.

    Friction heat ``2 pi f * mu F d / 2`` (mu .0015, bore 25 mm: SKF's estimate) through 2 K/W
    (assumed), grown by half for each millimetre of defect; 0.1 K of slow noise.
    """
    _, size = _defect(scene)
    torque = 0.0015 * scene["load"] * 0.0125
    rise = 2.0 * 2.0 * np.pi * scene["shaft_speed"] * torque * (1.0 + 0.5 * size)
    steady = scene["ambient_temperature"] + rise
    noise = _wander(seed, samples, "temperature", 1, SECONDS, 0.95)
    return np.asarray(steady[:, None, None] + 0.1 * noise)


def vibration_level(scene: Scene, seed: int, samples: Samples) -> Array:
    """Render velocity RMS (N, 1, 60) in mm/s: 0.03 a hertz, plus the defect's share (assumed)."""
    fault, size = _defect(scene)
    place = np.array([SEVERITY[str(name)] for name in fault])
    level = 0.03 * scene["shaft_speed"]
    level = level + 2.0 * place * size * np.sqrt(scene["load"] / 4000.0)
    noise = _wander(seed, samples, "vibration level", 1, SECONDS, 0.6)
    return np.asarray(level[:, None, None] * (1.0 + 0.03 * noise))


DEMAND = np.repeat([0.2, 0.9, 0.5, 1.0, 0.3, 0.7], 10)
"""Load of the rig's 60 s cycle, as a share of its largest (assumed)."""


def _rig(scene: Scene, seed: int, samples: Samples) -> tuple[Array, Array, Array]:
    """Compute pump pressure, pressure behind the valve (N, 60) in bar, and flow in l/min."""
    warm = np.exp(0.02 * (scene["oil_temperature"] - 45.0))  # thinner oil leaks more
    leak = scene["pump_leak"] * warm
    # Seconds (assumed): a good valve follows within a second, one that has failed takes three more.
    lag = 0.3 + 3.0 * (1.0 - scene["valve_condition"])
    follow = 1.0 - np.exp(-1.0 / lag)
    ripple = np.maximum(0.4 + 0.03 * (130.0 - scene["accumulator_pressure"]), 0.1)
    noise = _wander(seed, samples, "rig", 2, SECONDS, 0.2)
    pump = 160.0 * DEMAND * (1.0 - 0.06 * leak[:, None]) + ripple[:, None] * noise[:, 0]
    behind = np.empty_like(pump)
    state = pump[:, 0]
    for second in range(SECONDS):
        state = state + follow * (pump[:, second] - state)
        behind[:, second] = state
    flow = 10.0 * (1.0 - 0.15 * leak[:, None] * pump / 160.0) + 0.05 * noise[:, 1]
    return pump, 0.95 * behind, flow * (0.9 + 0.1 * behind / 160.0)


def pressure(scene: Scene, seed: int, samples: Samples) -> Array:
    """Render pressure (N, 2, 60) in bar, before and behind the valve, one a second."""
    pump, behind, _ = _rig(scene, seed, samples)
    noise = _wander(seed, samples, "pressure", 2, SECONDS, 0.0)
    return np.asarray(np.stack([pump, behind], 1) + 0.1 * noise)


def flow(scene: Scene, seed: int, samples: Samples) -> Array:
    """Render flow (N, 1, 60) in l/min, one a second."""
    noise = _wander(seed, samples, "flow", 1, SECONDS, 0.0)
    return np.asarray(_rig(scene, seed, samples)[2][:, None] + 0.02 * noise)


def power(scene: Scene, seed: int, samples: Samples) -> Array:
    """Render motor power (N, 1, 60) in W: ``p q / 600`` kW over an efficiency of .85 (assumed)."""
    pump, _, litres = _rig(scene, seed, samples)
    noise = _wander(seed, samples, "power", 1, SECONDS, 0.0)
    return np.asarray((pump * litres / 600.0 * 1000.0 / 0.85)[:, None] + 5.0 * noise)


CHEMISTRIES = {
    "LFP": (3.15, 0.22, 0.02, 0.010),
    "LMO": (3.60, 0.55, 0.06, 0.014),
    "NMC": (3.45, 0.70, 0.04, 0.012),
}
"""Rest voltage (V) at no charge, its rise to full charge, its fall with lost health, and the
resistance at one C: V a C-rate (all assumed, of the usual order)."""

CURRENTS = (0.5, -0.5, 1.0, -1.0, 1.5)
"""C-rates of the half pulses; each has four turning points."""

PULSE_S, RELAXATION_S = 5.0, 3.0
"""Length of a half pulse, and time constant of the resistor-capacitor pair (assumed), s."""


def pulse_sweep(scene: Scene, seed: int, samples: Samples) -> Array:
    """Render voltage (N, 21) at rest and at the turning points of five 5 s half pulses.

    One resistor and one resistor-capacitor pair (Thevenin): the step, the end of the pulse,
    the step back, the end of the rest. Both resistances grow with lost health.
    """
    names = [str(name) for name in scene["chemistry"]]
    unknown = sorted(set(names) - set(CHEMISTRIES))
    if unknown:
        where = "scene field 'chemistry'"
        raise BadInput(where, repr(unknown[0]), f"one of {', '.join(CHEMISTRIES)}")
    base, rise, fall, resistance = (
        np.array([CHEMISTRIES[name] for name in names], np.float64).reshape(-1, 4).T
    )
    charge, lost = scene["state_of_charge"], 1.0 - scene["state_of_health"]
    # The curve of rest voltage by charge: it drops steeply below some 10 % (form usual, assumed).
    rest = base + rise * charge**0.7 - 0.1 * np.exp(-charge / 0.05) - fall * lost
    spread = 1.0 + 0.05 * normal(seed, samples, stream("cell"))
    step = resistance * spread * (1.0 + 1.5 * lost) * (1.0 + 0.6 * np.exp(-charge / 0.1))
    slow, decay = 0.8 * step * (1.0 + lost), np.exp(-PULSE_S / RELAXATION_S)
    points = [rest]
    for current in CURRENTS:
        end = step + slow * (1.0 - decay)
        after = slow * (1.0 - decay)
        points += [rest + current * v for v in (step, end, after, after * decay)]
    noise = 2e-4 * normal(seed, samples[:, None], stream("pulse"), np.arange(21))
    return np.asarray(np.stack(points, 1) + noise)


def pulse(scene: Scene, seed: int, samples: Samples) -> Array:
    """Render the first five points (N, 5) of the sweep: rest and one half pulse of 0.5 C."""
    return pulse_sweep(scene, seed, samples)[:, :5]


def rest_voltage(scene: Scene, seed: int, samples: Samples) -> Array:
    """Render the first point (N, 1) of the sweep."""
    return pulse_sweep(scene, seed, samples)[:, :1]


GAINS = np.array([[1.0, 0.8, 0.2], [0.5, -0.6, 0.5], [2.0, 0.3, -0.4], [0.0, 0.1, 1.0]])
"""Level, and response to lost health and to load, of the generic machine's four channels."""


def series(scene: Scene, seed: int, samples: Samples) -> Array:
    """Render four channels (N, 4, 30) of a generic machine, one a cycle (assumed throughout)."""
    lost, load = 1.0 - scene["health"], scene["load_share"]
    clean = GAINS[:, 0] + np.outer(lost, GAINS[:, 1]) + np.outer(load, GAINS[:, 2])
    noise = _wander(seed, samples, "series", 4, 30, 0.3)
    return np.asarray(clean[:, :, None] + 0.05 * noise)


def setting(scene: Scene, seed: int, samples: Samples) -> Array:
    """Give shaft speed (Hz) and load (kN) as set (N, 2): known, so free of noise."""
    del seed, samples
    return np.stack([scene["shaft_speed"], scene["load"] / 1000.0], 1).astype(np.float64)


MODELS: dict[str, Callable[[Scene, int, Samples], Array]] = {
    "vibration": vibration,
    "vibration_level": vibration_level,
    "temperature": temperature,
    "pressure": pressure,
    "flow": flow,
    "power": power,
    "rest_voltage": rest_voltage,
    "pulse": pulse,
    "pulse_sweep": pulse_sweep,
    "series": series,
    "setting": setting,
}


def render(name: str, scene: Scene, seed: int, samples: Samples) -> NDArray[Any]:
    """Render readings float32 (N, channels, time), or (N, points), of a modality by its name."""
    return MODELS[name](scene, seed, samples).astype(np.float32)
