"""The simulator's stable face for scenarios, policies and environments.

Runs are functions of ``stillage`` itself (``stillage.run`` ...). What scenarios are made of is
imported when it is first touched:

>>> import stillage_sim
>>> stillage_sim.Policy.__name__
'Policy'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stillage_sim.envs import ReplicaEnv, ReplicaVectorEnv, Simulation
    from stillage_sim.policy import LearnedPolicy, Policy
    from stillage_sim.scenario import Cast, Scenario, SeedCast, Totals, World

_HOMES = {
    "Cast": "scenario",
    "LearnedPolicy": "policy",
    "Policy": "policy",
    "ReplicaEnv": "envs",
    "ReplicaVectorEnv": "envs",
    "Scenario": "scenario",
    "SeedCast": "scenario",
    "Simulation": "envs",
    "Totals": "scenario",
    "World": "scenario",
}

__all__ = [
    "Cast",
    "LearnedPolicy",
    "Policy",
    "ReplicaEnv",
    "ReplicaVectorEnv",
    "Scenario",
    "SeedCast",
    "Simulation",
    "Totals",
    "World",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
