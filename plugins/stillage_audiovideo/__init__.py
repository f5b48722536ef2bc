"""The plugin of cameras and microphones: video, knocks and machine sounds.

What is named here is imported when it is first touched, so that loading the plugin is light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stillage_audiovideo.audio import Audio, MachineSound
    from stillage_audiovideo.fusion import AudioVideoGated
    from stillage_audiovideo.modality import Video
    from stillage_audiovideo.synchrony import Offset, synchronise

__all__ = [
    "Audio",
    "AudioVideoGated",
    "MachineSound",
    "Offset",
    "Video",
    "synchronise",
]

_HOMES = {
    "Audio": "audio",
    "AudioVideoGated": "fusion",
    "MachineSound": "audio",
    "Offset": "synchrony",
    "Video": "modality",
    "synchronise": "synchrony",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
