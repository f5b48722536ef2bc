"""The context of a run's stages: its directory, its scenario, and where things lie."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillage.distillation.arm_table import ARMS, Arm
from stillage.rundir import RunConfig, RunDir
from stillage_sim.policy.protocol import Policy
from stillage_sim.policy.registered import outside
from stillage_sim.scenario import Scenario


@dataclass(frozen=True)
class Context:
    """A run directory and the scenario that is run in it."""

    run: RunDir
    scenario: Scenario

    @property
    def config(self) -> RunConfig:
        """Return the complete configuration."""
        return self.run.config

    @property
    def arms(self) -> tuple[Arm, ...]:
        """List the arms that the policies perceive with."""
        elsewhere = self.config.bundles.keys() | self.config.outside.keys()
        inside = [name for name in self.config.policies if name not in elsewhere]
        wanted = self.scenario.tables(inside) | {p.sees for p in self.outside.values()}
        return tuple(arm for arm in ARMS if arm.perceives and arm.name in wanted)

    @property
    def models(self) -> tuple[str, ...]:
        """Name the trained models that the policies need, which name perception tables too."""
        return tuple(arm.name for arm in self.arms)

    @functools.cached_property
    def outside(self) -> dict[str, Policy]:
        """Load the policies that no plugin registers, by name."""
        return {name: outside(place) for name, place in self.config.outside.items()}

    @property
    def tables(self) -> tuple[str, ...]:
        """Name all perception tables: of trained models, then of bundles."""
        return (*self.models, *self.config.bundles)

    def model_folder(self, seed: int, model: str) -> Path:
        """Return where a trained model of a seed lies."""
        return self.run.stage_folder("distill") / "seeds" / f"{seed:03d}" / "models" / model

    def export_folder(self, seed: int) -> Path:
        """Return where the exported student of a seed lies."""
        return self.run.stage_folder("export") / f"{seed:03d}"

    def table_path(self, name: str, seed: int) -> Path:
        """Return where a perception table is kept; a policy's name never becomes a path."""
        bundles = list(self.config.bundles)
        stem = f"bundle-{bundles.index(name):03d}" if name in bundles else name
        return self.run.stage_folder("perceive") / f"{seed:03d}-{stem}.npz"

    def made_of(self, name: str, seed: int) -> Mapping[str, Any]:
        """Read the modalities, MACs, parameters and size of the model behind a table."""
        path = self.table_path(name, seed).with_suffix(".json")
        return self.run.read_json(str(path.relative_to(self.run.path)))
