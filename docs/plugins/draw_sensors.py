"""Draw ``sensors.png``: raw and prepared readings of the sensor models, no real data.

python docs/plugins/draw_sensors.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch

from stillage.sensing.scene import Scene
from stillage_sensors.channel_statistics import STATISTICS
from stillage_sensors.modality import Pressure, Vibration
from stillage_sensors.physics.bearing import SKF_6205, envelope_spectrum


def main() -> None:
    """Write the picture beside this file."""
    torch.set_num_threads(1)
    machines = Scene(
        {
            "shaft_speed": np.array([30.0, 30.0]),
            "load": np.array([4000.0, 4000.0]),
            "fault": np.array(["none", "outer"]),
            "defect_size": np.array([0.0, 1.0]),
        },
        {"shaft_speed": "Hz", "load": "N", "fault": "", "defect_size": "mm"},
    )
    raw = Vibration().render(machines, 1)
    prepared = Vibration().prepare(torch.from_numpy(raw)).numpy()
    rigs = Scene(
        {
            "valve_condition": np.array([1.0, 0.73]),
            "pump_leak": np.zeros(2),
            "accumulator_pressure": np.full(2, 130.0),
            "oil_temperature": np.full(2, 45.0),
        },
        {
            "valve_condition": "1",
            "pump_leak": "1",
            "accumulator_pressure": "bar",
            "oil_temperature": "degC",
        },
    )
    bars = Pressure().render(rigs, 1)
    figure, axes = plt.subplots(2, 2, figsize=(9, 5), layout="constrained")
    time = np.arange(2560) / 25.6
    for row, (name, colour) in enumerate((("sound", "tab:gray"), ("outer race", "tab:red"))):
        axes[0, 0].plot(time, raw[row, 0] + 4 * row, colour, lw=0.4, label=name)
    axes[0, 0].set(title="vibration, raw", xlabel="ms", ylabel="g (shifted)")
    axes[0, 0].legend(loc="upper right", fontsize=7)
    shown = prepared[1, :19, STATISTICS:]
    axes[0, 1].imshow(shown, aspect="auto", interpolation="nearest")
    axes[0, 1].set(title="vibration, prepared (one channel, outer race)", xlabel="frame")
    axes[0, 1].set_yticks([0, 1, 2, 3, 18], ["ln RMS", "ln kurtosis", "ln crest", "band 1", "16"])
    long = np.concatenate([Vibration().render(machines, seed)[1, :1] for seed in range(10)])
    frequency, amplitude = envelope_spectrum(long.astype(np.float64), 25_600.0)
    axes[1, 0].plot(frequency[:60], amplitude.mean(0)[:60], "tab:red")
    axes[1, 0].axvline(30.0 * SKF_6205.multiples()["outer"], color="k", ls=":", lw=0.8)
    axes[1, 0].set(title="envelope spectrum; dotted: BPFO", xlabel="Hz", ylabel="g")
    for row, (name, colour) in enumerate((("good valve", "tab:gray"), ("slow valve", "tab:blue"))):
        axes[1, 1].plot(bars[row, 1], colour, label=name)
    axes[1, 1].set(title="pressure behind the valve, raw", xlabel="s", ylabel="bar")
    axes[1, 1].legend(fontsize=7)
    figure.savefig(Path(__file__).with_name("sensors.png"), dpi=64, metadata={"Software": None})


if __name__ == "__main__":
    main()
