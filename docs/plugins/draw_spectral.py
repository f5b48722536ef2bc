"""Draw docs/plugins/spectral.png: raw and prepared spectra of the sensor model."""

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
from stillage_spectral.modality import Led, Nir
from stillage_spectral.sensor import DIODES_NM, WAVELENGTH_NM

MATERIALS = ("PET", "HDPE", "PP", "PS")
OTHERS = ("thickness", "transparency", "black", "dirt", "degradation", "moisture", "label_cover")


def scene(black: bool = False) -> Scene:
    """One item of each material, clean and 0.6 mm thick."""
    fields = {name: np.zeros(len(MATERIALS)) for name in OTHERS}
    fields["thickness"][:] = 0.6
    fields["black"][:] = black
    units = {**dict.fromkeys(OTHERS, "1"), "thickness": "mm", "material": ""}
    return Scene({**fields, "material": np.array(MATERIALS)}, units)


def main() -> None:
    """Write the picture beside this file."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 3), dpi=80, layout="constrained")
    raw, led = Nir().render(scene(), 3), Led().render(scene(), 3)
    prepared = Nir().prepare(torch.from_numpy(raw)).numpy()
    soot = Nir().render(scene(black=True), 3)
    for k, name in enumerate(MATERIALS):
        (line,) = axes[0].plot(WAVELENGTH_NM, raw[k], label=name, lw=1)
        axes[1].plot(WAVELENGTH_NM[7:-7], prepared[k], lw=1)
        axes[2].plot(DIODES_NM, led[k], "o-", lw=0.6, ms=4, color=line.get_color())
    axes[0].plot(WAVELENGTH_NM, soot[0], color="black", lw=1, label="black PET")
    titles = ("nir, raw reflectance", "nir, prepared", "led, raw reflectance")
    for axis, title in zip(axes, titles, strict=True):
        axis.set(title=title, xlabel="nm")
    axes[0].legend(fontsize=7, frameon=False, loc=(0.03, 0.15), ncols=3)
    held = io.BytesIO()
    figure.savefig(held, format="png")
    small = Image.open(held).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    small.save(Path(__file__).with_name("spectral.png"), optimize=True)


if __name__ == "__main__":
    main()
