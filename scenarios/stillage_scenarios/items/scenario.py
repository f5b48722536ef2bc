"""The base of scenarios whose items are rendered: how they are recorded, and how roles bind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel

from stillage.errors import BadInput
from stillage_sim.scenario import Scenario

if TYPE_CHECKING:
    from stillage.recording import Recording
    from stillage.sensing.scene import Scene

NOTES = (
    "synthetic: rendered by sensor models from assumed items (docs/modalities.md), not measured",
)
_USUAL = {"material": ("material", "polymer"), "quality": ("quality",), "mass": ("mass",)}


class ItemScenario(Scenario):
    """A scenario whose items are those of :mod:`.scene`: a material, a quality and a mass each."""

    teacher: ClassVar[tuple[str, ...]] = ("video", "thermal", "nir")
    student: ClassVar[tuple[str, ...]] = ("video",)

    def scene(self, items: int, seed: int) -> Scene:
        """Make the synthetic items."""
        from stillage_scenarios.items.scene import build_scene

        return build_scene(items, seed)

    def record(self, items: int, seed: int, path: Path) -> None:
        """Render ``items`` items with every modality of teacher and student to ``path``.

        Beside the tasks the recording holds each item's ``mass`` (kg), which the belt needs.
        """
        from stillage.recording import Stream, TargetColumn, write_recording
        from stillage.sensing import get_modality
        from stillage_scenarios.items.scene import targets_of

        if items < 1:
            raise BadInput("items", items, "at least 1")
        scene = self.scene(items, seed)
        streams = []
        for name in dict.fromkeys((*self.teacher, *self.student)):
            modality = get_modality(name)
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
        """Bind the roles ``material`` (needed), ``quality`` and ``mass`` (where there are any)."""
        bound = {}
        for role, usual in _USUAL.items():
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
