"""The closed-loop scenario: a whole circular chain whose sorters see what models say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from stillage_scenarios.closed_loop.settings import ClosedLoopSettings
from stillage_scenarios.sorting.scenario import SortingScenario
from stillage_sim.scenario import Cast, World


class ClosedLoopScenario(SortingScenario):
    """Collection to market and back, by a chain file; its items are those of the sorting belt."""

    name: ClassVar[str] = "closed-loop"
    Settings: ClassVar[type[BaseModel]] = ClosedLoopSettings
    tasks: ClassVar[tuple[str, ...]] = ("material", "quality")
    usual: ClassVar[Mapping[str, Any]] = {"days": 30.0}

    def check(self, settings: BaseModel) -> None:
        """The chain of the settings can be read and built."""
        from stillage_scenarios.closed_loop.casting import load_model

        assert isinstance(settings, ClosedLoopSettings)  # noqa: S101
        load_model(settings)

    def tables(self, policies: Sequence[str]) -> frozenset[str]:
        """The perception tables that the policies' plans name."""
        plans = {name: plan.table for name, plan in self._plans().items()}
        return frozenset(plans.get(name, name) for name in policies) - {""}

    def world(self, settings: BaseModel, cast: Cast) -> World:
        """The chain of the settings, with plugins' policies too."""
        from stillage_scenarios.closed_loop.casting import build_world
        from stillage_scenarios.closed_loop.policies import POLICIES

        assert isinstance(settings, ClosedLoopSettings)  # noqa: S101
        further = {name: plan for name, plan in self._plans().items() if name not in POLICIES}
        return build_world(settings, cast, further)

    def _plans(self) -> dict[str, Any]:
        """Every registered policy, a plugin's too."""
        from stillage.plugin.host import get_host
        from stillage_scenarios.closed_loop.policies import POLICIES

        host = get_host()
        further = {
            spec.name: host.resolve(spec)
            for spec in host.scenario_specs("policy", self.name)
            if spec.name not in POLICIES
        }
        return {**POLICIES, **further}
