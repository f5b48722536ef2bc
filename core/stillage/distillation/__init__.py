"""Distil a rich teacher into a cheap student, and train and score the controls beside it.

Light to import; :func:`distill` brings torch when it is first touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillage.distillation.arm_table import ARMS, Arm
from stillage.distillation.plan import DistillPlan
from stillage.lazy import lazily

if TYPE_CHECKING:
    from stillage.distillation.bench import Bench
    from stillage.distillation.run import Result, distill, seed_folder
    from stillage.distillation.seed import SeedResult, run_seed
    from stillage.distillation.summary import summarise

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


__getattr__ = lazily(
    __name__,
    {
        "bench": ["Bench"],
        "run": ["Result", "distill", "seed_folder"],
        "seed": ["SeedResult", "run_seed"],
        "summary": ["summarise"],
    },
)
