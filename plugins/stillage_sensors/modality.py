"""The modalities of machines, rigs and cells: how their raw values become what encoders read."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage.sensing.augment import View, move_in_time
from stillage.sensing.modality import Modality
from stillage.sensing.scene import Scene
from stillage_sensors import plugin
from stillage_sensors.channel_statistics import STATISTICS, with_statistics
from stillage_sensors.frames import describe


class Waves(Modality):
    """A modality of series: float32 ``(channels, time)``, in the unit of the modality.

    Prepared: eight statistics of each channel, then the channel: ``(channels, 8 + time)``; each
    element is standardised with the training samples.
    """

    def prepare(self, raw: Tensor) -> Tensor:
        return with_statistics(raw.to(torch.float32))

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        """Shift in time, by the same share as every series and camera of the sample.

        The statistics stay: those of the reading that was taken.
        """
        if view.identity:
            return prepared
        moved = move_in_time(prepared[:, :, STATISTICS:], view)
        return torch.cat([prepared[:, :, :STATISTICS], moved], 2)

    def render(self, scene: Scene, seed: int, samples: NDArray[np.int64] | None = None) -> Any:
        from stillage_sensors.sensor import render

        return render(self.name, scene, seed, scene.sample_numbers(samples))


class Series(Waves):
    """Any channels together, each in a unit of its own: float32 ``(channels, time)``.

    >>> Series().prepare(torch.zeros(2, 3, 50)).shape
    torch.Size([2, 3, 58])
    """

    spec = plugin.SERIES


class Temperature(Waves):
    """Thermometers: float32 ``(channels, time)``, degC."""

    spec = plugin.TEMPERATURE


class Pressure(Waves):
    """Pressure transmitters: float32 ``(channels, time)``, bar."""

    spec = plugin.PRESSURE


class Flow(Waves):
    """Flow meters: float32 ``(channels, time)``, l/min."""

    spec = plugin.FLOW


class Power(Waves):
    """Power meters: float32 ``(channels, time)``, W."""

    spec = plugin.POWER


class VibrationLevel(Waves):
    """Vibration severity, the RMS of velocity: float32 ``(channels, time)``, mm/s."""

    spec = plugin.VIBRATION_LEVEL


class Vibration(Waves):
    """Accelerometer: float32 ``(channels, time)``, g.

    Prepared: level, kurtosis, crest factor and 16 band energies of half-overlapping frames
    (:func:`stillage_sensors.frames.describe`), and the statistics of each over the frames:
    float32 ``(19 channels, 8 + frames)``.

    >>> Vibration().prepare(torch.rand(2, 2, 2560)).shape
    torch.Size([2, 38, 12])
    """

    spec = plugin.VIBRATION
    standardise = "channel"  # bands at the floor hardly vary: their own spread is rounding

    def prepare(self, raw: Tensor) -> Tensor:
        # Features are logarithms, so a variance of 1e-4 is a spread of 1 %: below it is rounding.
        return with_statistics(describe(raw.to(torch.float32)), small=1e-4)


class Points(Waves):
    """A modality of a few values ``(points,)``, each with a meaning of its own."""

    def prepare(self, raw: Tensor) -> Tensor:
        return raw.to(torch.float32)

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        """Leave them: they have neither time nor place to move in."""
        return prepared


class Setting(Points):
    """Known settings (speed, load, rating): float32 ``(points,)``."""

    spec = plugin.SETTING


class RestVoltage(Points):
    """Open-circuit voltage of a rested cell: float32 ``(points,)``, V."""

    spec = plugin.REST_VOLTAGE


class _Pulsed(Points):
    """Voltages of which the first is at rest; the others are read relative to it."""

    def prepare(self, raw: Tensor) -> Tensor:
        volts = raw.to(torch.float32)
        return torch.cat([volts[:, :1], volts[:, 1:] - volts[:, :1]], 1)


class Pulse(_Pulsed):
    """Voltages at the turning points of one current pulse: float32 ``(points,)``, V.

    Prepared: the rest voltage (first point), then every other point less it.

    >>> Pulse().prepare(torch.tensor([[3.0, 3.1, 3.2]]))
    tensor([[3.0000, 0.1000, 0.2000]])
    """

    spec = plugin.PULSE


class PulseSweep(_Pulsed):
    """Voltages at the turning points of several pulses of growing current, V, as :class:`Pulse`."""

    spec = plugin.PULSE_SWEEP
