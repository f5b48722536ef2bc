"""The closed-loop scenario: a whole circular chain whose sorters act on what models say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel

from stillage_scenarios.chains.settings import ChainWorldSettings
from stillage_scenarios.items.scenario import ItemScenario
from stillage_sim.policy.protocol import SIGHTS, Seeing
from stillage_sim.scenario import Cast, World


class ClosedLoopScenario(ItemScenario):
    """The scenario of a chain from collection to market and back; its items are rendered."""

    name: ClassVar[str] = "closed-loop"
    Settings: ClassVar[type[BaseModel]] = ChainWorldSettings
    sights: ClassVar[tuple[str, ...]] = SIGHTS
    tasks: ClassVar[tuple[str, ...]] = ("material", "quality")
    usual: ClassVar[Mapping[str, Any]] = {"days": 30.0}

    def check(self, settings: BaseModel) -> None:
        """Check that the chain of the settings can be read and built."""
        from stillage_scenarios.chains.casting import load_model

        assert isinstance(settings, ChainWorldSettings)  # noqa: S101
        load_model(settings)

    def world(
        self, settings: BaseModel, cast: Cast, policies: Mapping[str, Seeing] | None = None
    ) -> World:
        """Build the world of the settings' chain."""
        from stillage_scenarios.chains.casting import build_world

        assert isinstance(settings, ChainWorldSettings)  # noqa: S101
        return build_world(settings, cast, self.policies(policies))
