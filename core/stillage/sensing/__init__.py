"""Sensing: modalities, the scenes that their sensor models render, and augmented views."""

from stillage.sensing.augment import View, move_frames, move_in_time
from stillage.sensing.footprint import Footprint, footprint
from stillage.sensing.modality import Modality, get_modality
from stillage.sensing.scene import Scene

__all__ = [
    "Footprint",
    "Modality",
    "Scene",
    "View",
    "footprint",
    "get_modality",
    "move_frames",
    "move_in_time",
]
