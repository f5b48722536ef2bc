"""Policies decide in a world, from what they observe; one protocol serves every scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillage.lazy import lazily
from stillage_sim.policy.protocol import BLIND, DECLARED, IDEAL, MAJORITY, Policy, table_of

if TYPE_CHECKING:
    from stillage_sim.policy.learned import LearnedPolicy, fields_of
    from stillage_sim.policy.saved import load_policy, save_policy

__all__ = [
    "BLIND",
    "DECLARED",
    "IDEAL",
    "MAJORITY",
    "LearnedPolicy",
    "Policy",
    "fields_of",
    "load_policy",
    "save_policy",
    "table_of",
]


__getattr__ = lazily(
    __name__,
    {  # these bring numba
        "learned": ["LearnedPolicy", "fields_of"],
        "saved": ["load_policy", "save_policy"],
    },
)
