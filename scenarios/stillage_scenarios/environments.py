"""Gymnasium ids of all scenarios. Importing this module registers them:

``gymnasium.make("stillage_scenarios.environments:stillage/Sorting-v0")`` works anywhere;
after ``import stillage_scenarios.environments`` so does ``gymnasium.make("stillage/Sorting-v0")``.
"""

from __future__ import annotations

import gymnasium

IDS = {
    "stillage/ClosedLoop-v0": "stillage_scenarios.chains.env:Chain",
    "stillage/Sorting-v0": "stillage_scenarios.sorting.env:Sorting",
}
"""Id -> its module and the name before ``Env`` and ``VectorEnv``."""


def register_all() -> None:
    """Register every id that is not registered yet."""
    for name, entry in IDS.items():
        if name not in gymnasium.registry:
            gymnasium.register(
                name, entry_point=f"{entry}Env", vector_entry_point=f"{entry}VectorEnv"
            )


register_all()
