"""The sorting scenario: a belt of mixed waste under the policies registered for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel

from stillage_scenarios.items.scenario import ItemScenario
from stillage_scenarios.sorting.settings import SortingSettings
from stillage_sim.policy.protocol import Seeing
from stillage_sim.scenario import Cast, World


class SortingScenario(ItemScenario):
    """The scenario of a belt of mixed waste, a robot, and a small computer that looks at it.

    The computer is solar-powered.
    """

    name: ClassVar[str] = "sorting"
    Settings: ClassVar[type[BaseModel]] = SortingSettings
    tasks: ClassVar[tuple[str, ...]] = ("material", "quality", "degradation")

    def world(
        self, settings: BaseModel, cast: Cast, policies: Mapping[str, Seeing] | None = None
    ) -> World:
        """Build the belt that carries the items of ``cast``."""
        from stillage_scenarios.sorting.casting import build_world

        assert isinstance(settings, SortingSettings)  # noqa: S101
        return build_world(settings, cast, self.policies(policies))
