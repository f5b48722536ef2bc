"""Stillage: fusion, cross-modal distillation and simulation of circular supply chains.

Everything here is imported when it is first touched, so that ``import stillage`` is light:
``Modality``, ``Teacher``, ``Student`` and ``Fusion`` are the four faces of core, and the
functions mirror the commands of the same name.

>>> import stillage
>>> stillage.Task(target="polymer", kind="classification", classes=("PP", "PET")).width
2
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillage.lazy import lazily

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


__getattr__ = lazily(
    __name__,
    {
        "api": ["evaluate", "resume", "run"],
        "distillation": ["distill"],
        "exporting": ["export"],
        "network.fusion.base": ["Fusion"],
        "network.student": ["Student"],
        "recording": ["Recording"],
        "sensing.modality": ["Modality"],
        "sensing.scene": ["Scene"],
        "task": ["Task"],
        "teaching.teacher": ["Teacher"],
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
