"""Draw docs/plugins/thermal.png: raw and prepared clips and grey pictures of the sensor model."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from PIL import Image

mpl.use("agg")
import matplotlib.pyplot as plt

from stillage.sensing.scene import Scene
from stillage_thermal.modality import Thermal, ThermalImage

ITEMS = {
    "length": ([120.0, 70.0], "mm"),
    "width": ([60.0, 66.0], "mm"),
    "angle": ([0.5, 0.0], "rad"),
    "squareness": ([6.0, 3.0], "1"),
    "temperature": ([55.0, 55.0], "degC"),
    "ambient": ([21.0, 21.0], "degC"),
    "emissivity": ([0.94, 0.09], "1"),
    "density": ([955.0, 2700.0], "kg/m3"),
    "heat_capacity": ([1900.0, 900.0], "J/(kg K)"),
    "thickness": ([0.4, 0.3], "mm"),
    "dirt": ([0.0, 0.0], "1"),
    "label_cover": ([0.0, 0.0], "1"),
    "degradation": ([0.2, 0.2], "1"),
}
NAMES = ("HDPE", "aluminium")


def main() -> None:
    """Write the picture beside this file."""
    fields = {name: np.array(values) for name, (values, _) in ITEMS.items()}
    units = {name: unit for name, (_, unit) in ITEMS.items()}
    scene = Scene({**fields, "centre": np.zeros((2, 2))}, {**units, "centre": "mm"})
    raw, grey = Thermal().render(scene, 4), ThermalImage().render(scene, 4)
    prepared = Thermal().prepare(torch.from_numpy(raw)).numpy()
    flat = ThermalImage().prepare(torch.from_numpy(grey)).numpy()
    figure, axes = plt.subplots(2, 5, figsize=(10, 4), dpi=80, layout="constrained")
    for k, name in enumerate(NAMES):
        pictures = (raw[k, 0] / 100.0 - 273.15, prepared[k, 1], prepared[k, 3], grey[k], flat[k, 0])
        titles = ("raw at 0 s, degC", "prepared: change by 2 s", "change by 6 s, K",
                  "thermal-image, raw", "prepared")  # fmt: skip
        for axis, picture, title in zip(axes[k], pictures, titles, strict=True):
            shown = axis.imshow(picture, cmap="inferno")
            axis.set(xticks=[], yticks=[], title=title if k == 0 else "")
            axis.title.set_fontsize(9)
            figure.colorbar(shown, ax=axis, shrink=0.7).ax.tick_params(labelsize=7)
        axes[k, 0].set_ylabel(name)
    held = io.BytesIO()
    figure.savefig(held, format="png")
    small = Image.open(held).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    small.save(Path(__file__).with_name("thermal.png"), optimize=True)


if __name__ == "__main__":
    main()
