"""Stillage: fusion, cross-modal distillation and simulation of circular supply chains.

Everything here is imported when it is first touched, so that ``import stillage`` is light:
``Modality``, ``Teacher``, ``Student`` and ``Fusion`` are the four faces of core, and the
functions mirror the commands of the same name.

>>> import stillage
>>> stillage.Task(target="polymer", kind="classification", classes=("PP", "PET")).width
2
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stillage.api import evaluate, resume, run
    from stillage.distillation import distill
    from stillage.exporting import export
    from stillage.network.fusion.base import Fusion
    from stillage.network.student import Student
    from stillage.recording import Recording
    from stillage.sensing.modality import Modality
    from stillage.sensing.scene import Scene
    from stillage.task import Task
    from stillage.teaching.teacher import Teacher

_HOMES = {
    "Fusion": "stillage.network.fusion.base",
    "Modality": "stillage.sensing.modality",
    "Recording": "stillage.recording",
    "Scene": "stillage.sensing.scene",
    "Student": "stillage.network.student",
    "Task": "stillage.task",
    "Teacher": "stillage.teaching.teacher",
    "distill": "stillage.distillation",
    "evaluate": "stillage.api",
    "export": "stillage.exporting",
    "resume": "stillage.api",
    "run": "stillage.api",
}

__all__ = [
    "Fusion",
    "Modality",
    "Recording",
    "Scene",
    "Student",
    "Task",
    "Teacher",
    "distill",
    "evaluate",
    "export",
    "resume",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'stillage' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
