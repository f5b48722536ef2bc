"""Draw ``docs/plugins/events.png``: a raw and a prepared sample of the sensor model.

python docs/plugins/draw_events.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch

from stillage.sensing.modality import get_modality
from stillage_events.modality import BINS
from stillage_events.reading import unpack
from stillage_scenarios.items.scene import build_scene

ITEM = 4
DARKER, BRIGHTER = "#2c6fbb", "#d1495b"


def main() -> None:
    """Render one item of the sorting belt and show what becomes of it."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    modality = get_modality("events")
    row = modality.render(build_scene(12, 1), 1)[ITEM]
    events = unpack(row)
    prepared = modality.prepare(torch.from_numpy(modality.collate([row])))[0].numpy()
    shown = [prepared[k] for k in (0, BINS // 2, BINS - 1)]
    figure, axes = plt.subplots(1, 6, figsize=(11.0, 2.3), width_ratios=[1.7, 1, 1, 1, 1, 1])
    colours = np.where(events.p, BRIGHTER, DARKER)
    axes[0].scatter(events.t / 1000.0, events.x, c=colours, s=1.5, linewidths=0)
    axes[0].set(xlabel="t, ms", ylabel="x, px", xlim=(0, 20), ylim=(0, events.width))
    axes[0].set_title(f"raw: {len(events.t)} events", fontsize=8)
    most = max(float(np.abs(picture).max()) for picture in shown)
    titles = [f"bin {k}" for k in (0, BINS // 2, BINS - 1)]
    for axis, picture, title in zip(axes[1:4], shown, titles, strict=True):
        axis.imshow(picture, cmap="RdBu_r", vmin=-most, vmax=most)
        axis.set_title(f"prepared: {title}", fontsize=8)
    for axis, k, title in ((axes[4], BINS, "darker"), (axes[5], BINS + 1, "brighter")):
        axis.imshow(prepared[k], cmap="gray")
        axis.set_title(f"ln(1 + count), {title}", fontsize=8)
    for axis in axes[1:]:
        axis.set(xticks=[], yticks=[])
    figure.tight_layout()
    figure.savefig(Path(__file__).with_name("events.png"), dpi=80)


if __name__ == "__main__":
    main()
