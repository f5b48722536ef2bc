"""A recording of paired ``led`` and ``radar`` readings: ``python -m stillage_radar.pairs OUT.h5``.

The items are those of the scenario ``sorting``; height and belt speed, which it does not know,
are drawn here. Every modality is found through the registry, this one too.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from stillage.counter import stream, uniform
from stillage.plugin.host import get_host
from stillage.plugin.spec import ScenarioSpec
from stillage.recording import Stream, TargetColumn, write_recording
from stillage.sensing.modality import get_modality
from stillage.sensing.scene import Scene


def main(out: str | Path, items: int = 240, seed: int = 0) -> Path:
    """Render ``items`` items with both sensors to ``out``."""
    host = get_host()
    belt = host.create(ScenarioSpec, "sorting").scene(items, seed)
    rows = np.arange(items)
    height = 20.0 + 100.0 * uniform(seed, rows, stream("height"))
    speed = 0.8 + 0.4 * uniform(seed, rows, stream("speed"))
    scene = Scene(
        {**belt.fields, "height": height, "speed": speed},
        {**belt.units, "height": "mm", "speed": "m/s"},
    )
    streams = []
    for name in ("led", "radar"):
        modality = get_modality(name, host)
        sample = modality.sample
        streams.append(Stream(name, modality.render(scene, seed), sample.unit, axes=sample.axes))
    classes = tuple(sorted(set(scene["material"].tolist())))
    codes = np.searchsorted(np.array(classes), scene["material"])
    return write_recording(
        out,
        streams,
        [TargetColumn("material", "classification", codes, classes=classes)],
        [f"item-{row}" for row in rows],
        provenance={"source": "sensor models; no real reading"},
        defaults={"teacher": ["led", "radar"], "student": ["radar"], "task": "material"},
    )


if __name__ == "__main__":
    main(sys.argv[1])
