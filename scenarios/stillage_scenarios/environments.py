"""Register Gymnasium ids of scenarios, as their specs declare them; our own on import.

``gymnasium.make("stillage_scenarios.environments:stillage/Sorting-v0")`` works anywhere;
after ``import stillage_scenarios.environments`` so does ``gymnasium.make("stillage/Sorting-v0")``.
"""

from __future__ import annotations

from collections.abc import Iterable

import gymnasium

from stillage.plugin.spec import ScenarioSpec, Spec
from stillage_scenarios.closed_loop import specs as closed_loop
from stillage_scenarios.sorting import specs as sorting


def register(specs: Iterable[Spec]) -> None:
    """Register the environments of these scenarios, where their id is not registered yet.

    >>> register(sorting.SPECS)
    >>> "stillage/Sorting-v0" in gymnasium.registry
    True
    """
    for spec in specs:
        if isinstance(spec, ScenarioSpec) and spec.env and spec.gym_id not in gymnasium.registry:
            gymnasium.register(
                spec.gym_id, entry_point=spec.env, vector_entry_point=spec.vector_env or None
            )


register((*sorting.SPECS, *closed_loop.SPECS))
