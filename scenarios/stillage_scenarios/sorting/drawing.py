"""Draw the belt: a small raster and a line of text, without any plotting library."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage_scenarios.sorting.plant import (
    BELT,
    COUNTS,
    EMPTY_S,
    ITEM,
    LEFT,
    MISSED,
    PICKED,
    PLANT,
    RELEASED,
    SEEN,
    Items,
    Plant,
    State,
)
from stillage_sim.devices.power import BATTERY, DAY_S

HEIGHT, WIDTH = 240, 400
BACKGROUND, INK, BELT_GREY = (250, 249, 246), (60, 60, 64), (206, 204, 198)
COLOURS = np.array(
    [
        (76, 120, 168), (245, 133, 24), (84, 162, 75), (228, 87, 86), (114, 183, 178),
        (178, 121, 162), (238, 202, 59), (157, 117, 93), (255, 157, 166),
    ],
    np.uint8,
)  # fmt: skip
_RESIDUE = (130, 128, 124)


def colour(material: int, materials: int) -> tuple[int, int, int] | NDArray[np.uint8]:
    """Return a material's colour; grey for none of them."""
    return _RESIDUE if material >= materials else COLOURS[material % len(COLOURS)]


def fill(
    canvas: NDArray[np.uint8], x: float, y: float, width: float, height: float, ink: Any
) -> None:
    """Paint a rectangle given in pixels, clipped to the canvas."""
    top, left = max(round(y), 0), max(round(x), 0)
    canvas[top : max(round(y + height), top), left : max(round(x + width), left)] = ink


def picture(plant: Plant, items: Items, state: State, r: int) -> NDArray[np.uint8]:
    """Draw the belt of replica r, uint8 (240, 400, 3).

    Above the belt with its items (framed once perceived; the further right, the nearer the end
    of the robot's reach), below the chutes filled by kind of content, at the right the battery.
    """
    canvas = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    canvas[:] = BACKGROUND
    materials = plant.chutes - 1
    grades = plant.price.shape[1] // plant.chutes
    fill(canvas, 10, 38, 340, 52, BELT_GREY)
    size = min(20.0, 300.0 / plant.slots)
    lane = 340.0 - size - 8
    for slot in range(plant.slots):
        item = state.slots[r, slot, ITEM]
        if item < 0:
            continue
        gone = 1.0 - state.slots[r, slot, LEFT] / plant.reach_s
        x = 14 + lane * (gone + slot / (4.0 * plant.slots)) / 1.25
        y = 46 if slot % 2 == 0 else 82 - size
        if state.slots[r, slot, SEEN]:
            fill(canvas, x - 2, y - 2, size + 4, size + 4, INK)
        fill(canvas, x, y, size, size, colour(items.kind[item] // grades, materials))
    contents = state.mass[r, 2:].reshape(plant.chutes, plant.chutes, grades).sum(2)
    scale = 100.0 / max(float(contents[:-1].sum(1).max()), float(contents[-1].sum()), 1e-9)
    step = 340.0 / plant.chutes
    for chute in range(plant.chutes):
        base = 220.0
        for material in range(plant.chutes):
            part = float(contents[chute, material]) * scale
            fill(
                canvas, 10 + chute * step, base - part, step - 6, part, colour(material, materials)
            )
            base -= part
        fill(canvas, 10 + chute * step, 222, step - 6, 5, colour(chute, materials))
    charge = state.energy[r, BATTERY, 0] / plant.capacity_j if plant.capacity_j > 0 else 0.0
    fill(canvas, 366, 38, 24, 190, INK)
    fill(canvas, 369, 41, 18, 184, BACKGROUND)
    ink = COLOURS[3] if state.asleep[r] else COLOURS[2]
    fill(canvas, 369, 225 - 184 * min(charge, 1.0), 18, 184 * min(charge, 1.0), ink)
    share = (state.step[r] % DAY_S) / DAY_S
    fill(canvas, 10, 12, 380 * share, 6, COLOURS[6])
    return canvas


def text(plant: Plant, items: Items, labels: tuple[str, ...], state: State, r: int) -> str:
    """Describe replica r in words: its slots, chutes, battery and counts."""
    grades = plant.price.shape[1] // plant.chutes
    names = (*labels, "other")
    slots = []
    for slot in range(plant.slots):
        item = state.slots[r, slot, ITEM]
        if item < 0:
            slots.append("-")
            continue
        name = names[items.kind[item] // grades]
        seen = "" if state.slots[r, slot, SEEN] else "?"
        slots.append(f"{name}{seen}:{state.slots[r, slot, LEFT]}s")
    chutes = [
        f"{name} {state.mass[r, 2 + c].sum():.2f}" for c, name in enumerate((*labels, "residue"))
    ]
    charge = state.energy[r, BATTERY, 0] / 3600.0
    counts = [f"{COUNTS[k]} {state.counts[r, k]}" for k in (PICKED, RELEASED, MISSED, EMPTY_S)]
    return "\n".join(
        [
            f"second {state.step[r]}  " + " ".join(slots),
            f"kg: {', '.join(chutes)}, belt {state.mass[r, BELT].sum():.2f}",
            f"battery {charge:.1f} Wh{' asleep' if state.asleep[r] else ''}  "
            f"EUR {state.money[r, PLANT, 0]:.2f}  " + ", ".join(counts),
        ]
    )
