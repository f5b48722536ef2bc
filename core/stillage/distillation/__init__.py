"""Distillation: what a cheap student learns from a rich teacher, with all its controls beside it.

Light to import; :func:`distill` brings torch when it is first touched.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from stillage.distillation.arm_table import ARMS, Arm
from stillage.distillation.plan import DistillPlan

if TYPE_CHECKING:
    from stillage.distillation.bench import Bench
    from stillage.distillation.run import Result, distill, seed_folder
    from stillage.distillation.seed import SeedResult, run_seed
    from stillage.distillation.summary import summarise

_HOMES = {
    "Bench": "bench",
    "Result": "run",
    "SeedResult": "seed",
    "distill": "run",
    "run_seed": "seed",
    "seed_folder": "run",
    "summarise": "summary",
}

__all__ = [
    "ARMS",
    "Arm",
    "Bench",
    "DistillPlan",
    "Result",
    "SeedResult",
    "distill",
    "run_seed",
    "seed_folder",
    "summarise",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
