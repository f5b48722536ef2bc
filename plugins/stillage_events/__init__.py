"""The plugin of event cameras.

What is named here is imported when it is first touched, so that loading the plugin is light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillage.lazy import lazily

if TYPE_CHECKING:
    from stillage_events.grids import count_frame, polar_grid, time_surface, voxel_grid
    from stillage_events.modality import EventStream
    from stillage_events.pixel import Pixel, simulate
    from stillage_events.reading import Events, events_of, pack, unpack

__all__ = [
    "EventStream",
    "Events",
    "Pixel",
    "count_frame",
    "events_of",
    "pack",
    "polar_grid",
    "simulate",
    "time_surface",
    "unpack",
    "voxel_grid",
]

__getattr__ = lazily(
    __name__,
    {
        "grids": ["count_frame", "polar_grid", "time_surface", "voxel_grid"],
        "modality": ["EventStream"],
        "pixel": ["Pixel", "simulate"],
        "reading": ["Events", "events_of", "pack", "unpack"],
    },
)
