"""Draw ``audiovideo.png``: raw and prepared sounds of the sensor models.

``python docs/plugins/draw_audiovideo.py`` writes it beside this file.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from PIL import Image

from stillage.sensing.scene import Scene
from stillage_audiovideo.audio import Audio, MachineSound
from stillage_audiovideo.mel import HOP, RATE_HZ

mpl.use("Agg")


def sounds() -> list[tuple[str, np.ndarray]]:
    """Three sounds: knocks on steel and PP, and a bearing with a worn outer race."""
    units = {"material": "", "length": "mm", "width": "mm", "thickness": "mm", "damage": "1"}
    items = Scene(
        {
            "material": np.array(["steel", "PP"]),
            "length": np.array([120.0, 120.0]),
            "width": np.array([80.0, 80.0]),
            "thickness": np.array([2.0, 2.0]),
            "damage": np.zeros(2),
        },
        units,
    )
    bearing = Scene(
        {"speed": np.array([29.95]), "fault": np.array(["outer"]), "health": np.array([0.2])},
        {"speed": "Hz", "fault": "", "health": "1"},
    )
    knocks = Audio().render(items, 1)
    return [
        ("knock, steel", knocks[0]),
        ("knock, PP", knocks[1]),
        ("bearing, outer race", MachineSound().render(bearing, 1)[0]),
    ]


def main() -> None:
    """Write the picture."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(9, 4), sharex=True, layout="constrained")
    for column, (title, wave) in enumerate(sounds()):
        axes[0, column].plot(np.arange(len(wave)) / RATE_HZ, wave, lw=0.3, color="#1f4e79")
        axes[0, column].set_title(title, fontsize=9)
        bands = Audio().prepare(torch.from_numpy(wave[None]))[0].numpy()
        extent = (0.0, bands.shape[1] * HOP / RATE_HZ, 0.0, 64.0)
        axes[1, column].imshow(
            bands, origin="lower", aspect="auto", extent=extent, vmin=-5, vmax=1, cmap="magma"
        )
        axes[1, column].set_xlabel("time, s", fontsize=8)
    axes[0, 0].set_ylabel("raw, of full scale", fontsize=8)
    axes[1, 0].set_ylabel("prepared: mel band", fontsize=8)
    for axis in axes.flat:
        axis.tick_params(labelsize=7)
    drawn = BytesIO()
    figure.savefig(drawn, dpi=70)
    few = Image.open(drawn).convert("RGB").quantize(48, dither=Image.Dither.NONE)
    few.save(Path(__file__).with_name("audiovideo.png"), optimize=True)


if __name__ == "__main__":
    main()
