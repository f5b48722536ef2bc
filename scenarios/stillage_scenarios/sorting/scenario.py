"""The sorting scenario: what it records, how its roles bind, and the world it makes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel

from stillage.errors import BadInput
from stillage_scenarios.sorting.settings import SortingSettings
from stillage_sim.scenario import Cast, Scenario, World

if TYPE_CHECKING:
    from stillage.recording import Recording
    from stillage.sensing.scene import Scene

NOTES = (
    "synthetic: rendered by sensor models from assumed items (docs/modalities.md), not measured",
)
USUAL = {"material": ("material", "polymer"), "quality": ("quality",), "mass": ("mass",)}


class SortingScenario(Scenario):
    """A belt of mixed waste, a robot, and a small solar-powered computer that looks at it."""

    name: ClassVar[str] = "sorting"
    Settings: ClassVar[type[BaseModel]] = SortingSettings
    teacher: ClassVar[tuple[str, ...]] = ("video", "thermal", "nir")
    student: ClassVar[tuple[str, ...]] = ("video",)
    tasks: ClassVar[tuple[str, ...]] = ("material", "quality", "degradation")

    def scene(self, items: int, seed: int) -> Scene:
        """The synthetic items of the belt."""
        from stillage_scenarios.items.scene import build_scene

        return build_scene(items, seed)

    def record(self, items: int, seed: int, path: Path) -> None:
        """Render ``items`` items with every modality of teacher and student to ``path``.

        Beside the tasks the recording holds each item's ``mass`` (kg), which the belt needs.
        """
        from stillage.plugin.host import get_host
        from stillage.recording import Stream, TargetColumn, write_recording
        from stillage_scenarios.items.scene import targets_of

        if items < 1:
            raise BadInput("items", items, "at least 1")
        host, scene = get_host(), self.scene(items, seed)
        streams = []
        for name in dict.fromkeys((*self.teacher, *self.student)):
            modality = host.modality(name)
            sample = modality.sample
            streams.append(
                Stream(
                    name,
                    modality.render(scene, seed),
                    sample.unit,
                    rate_hz=sample.rate_hz,
                    axes=sample.axes,
                )
            )
        mass = TargetColumn("mass", "regression", scene["mass"], unit="kg")
        write_recording(
            path,
            streams,
            [*targets_of(scene), mass],
            [f"item{i:06d}" for i in range(items)],
            provenance={"scenario": self.name, "items": str(items), "seed": str(seed)},
            notes=NOTES,
            reader="render",
            defaults={
                "teacher": list(self.teacher),
                "student": list(self.student),
                "task": self.tasks[0],
            },
        )

    def roles(self, recording: Recording, settings: BaseModel) -> dict[str, str]:
        """Roles ``material`` (needed), ``quality`` and ``mass`` (where there are any)."""
        bound = {}
        for role, usual in USUAL.items():
            asked = getattr(settings, role)
            if asked and asked not in recording.targets:
                raise BadInput(role, repr(asked), f"a target: {', '.join(recording.targets)}")
            names = [asked] if asked else [name for name in usual if name in recording.targets]
            if names:
                bound[role] = names[0]
        if "material" not in bound:
            kinds = recording.targets.values()
            classes = [t.name for t in kinds if t.kind == "classification"]
            if len(classes) != 1:
                found = ", ".join(classes) or "none"
                raise BadInput("role 'material'", f"class targets {found}", "-o material=TARGET")
            bound["material"] = classes[0]
        return bound

    def tables(self, policies: Sequence[str]) -> frozenset[str]:
        """The tables of perceiving policies: ``rule`` reads that of ``labels_only``."""
        from stillage_scenarios.sorting.policies import NEEDS

        return frozenset(NEEDS.get(name, name) for name in policies)

    def world(self, settings: BaseModel, cast: Cast) -> World:
        """The belt that carries the items of ``cast``, with plugins' policies too."""
        from stillage.plugin.host import get_host
        from stillage_scenarios.sorting.casting import build_world
        from stillage_scenarios.sorting.policies import POLICIES

        assert isinstance(settings, SortingSettings)  # noqa: S101
        host = get_host()
        further = {
            spec.name: host.resolve(spec)
            for spec in host.scenario_specs("policy", self.name)
            if spec.name not in POLICIES
        }
        return build_world(settings, cast, further)
