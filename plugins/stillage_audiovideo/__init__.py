"""The plugin of cameras and microphones: video, knocks and machine sounds.

What is named here is imported when it is first touched, so that loading the plugin is light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillage.lazy import lazily

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

__getattr__ = lazily(
    __name__,
    {
        "audio": ["Audio", "MachineSound"],
        "fusion": ["AudioVideoGated"],
        "modality": ["Video"],
        "synchrony": ["Offset", "synchronise"],
    },
)
