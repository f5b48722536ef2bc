"""Policies decide in a world, from what they observe; one protocol serves every scenario."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from stillage_sim.policy.protocol import BLIND, DECLARED, IDEAL, MAJORITY, Policy, table_of

if TYPE_CHECKING:
    from stillage_sim.policy.learned import LearnedPolicy, fields_of
    from stillage_sim.policy.saved import load_policy, save_policy

_HOMES = {  # these bring numba
    "LearnedPolicy": "learned",
    "fields_of": "learned",
    "load_policy": "saved",
    "save_policy": "saved",
}

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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
