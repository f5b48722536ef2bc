"""The plugin of event cameras.

What is named here is imported when it is first touched, so that loading the plugin is light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

_HOMES = {
    "EventStream": "modality",
    "Events": "reading",
    "Pixel": "pixel",
    "count_frame": "grids",
    "events_of": "reading",
    "pack": "reading",
    "polar_grid": "grids",
    "simulate": "pixel",
    "time_surface": "grids",
    "unpack": "reading",
    "voxel_grid": "grids",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
