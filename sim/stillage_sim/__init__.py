"""The simulator's stable face for scenarios, policies and environments.

Runs are functions of ``stillage`` itself (``stillage.run`` ...). What scenarios are made of is
imported when it is first touched:

>>> import stillage_sim
>>> stillage_sim.Policy.__name__
'Policy'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillage.lazy import lazily

if TYPE_CHECKING:
    from stillage_sim.envs import ReplicaEnv, ReplicaVectorEnv, Simulation
    from stillage_sim.policy import LearnedPolicy, Policy
    from stillage_sim.scenario import Cast, Scenario, SeedCast, Totals, World

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


__getattr__ = lazily(
    __name__,
    {
        "envs": ["ReplicaEnv", "ReplicaVectorEnv", "Simulation"],
        "policy": ["LearnedPolicy", "Policy"],
        "scenario": ["Cast", "Scenario", "SeedCast", "Totals", "World"],
    },
)
