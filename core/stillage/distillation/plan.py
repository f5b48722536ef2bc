"""Describe a distillation: teacher, student, target, number of labels and seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from stillage.distillation.labels import parse_labels
from stillage.errors import BadInput
from stillage.network.config import FusionConfig
from stillage.plugin.host import get_host
from stillage.plugin.part import PartConfig
from stillage.plugin.spec import FusionSpec, ObjectiveSpec, Spec, StudentSpec, TeacherSpec
from stillage.teaching.objectives.config import USUAL, Objectives
from stillage.training.plan import TrainPlan

if TYPE_CHECKING:
    from stillage.plugin.host import Host
    from stillage.recording import Recording

    Part = TypeVar("Part", bound=PartConfig)


class DistillPlan(BaseModel):
    """Describe a distillation completely: the same plan and recording give the same figures.

    >>> plan = DistillPlan(teacher=("nir", "led"), student=("led",), tasks=("polymer",), labels=4)
    >>> plan.primary, plan.seed_numbers[:3]
    ('polymer', (0, 1, 2))
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    teacher: tuple[str, ...] = Field(default=(), description="modalities that the teacher reads")
    student: tuple[str, ...] = Field(default=(), description="modalities that the student reads")
    tasks: tuple[str, ...] = Field(default=(), description="targets; the first is the primary one")
    labels: int | float | Literal["all"] = Field(
        default="all", description="label budget: groups a class, a fraction of groups, or all"
    )
    seeds: int = Field(default=20, ge=1, le=10_000, description="splits and trainings")
    first_seed: int = Field(default=0, ge=0, lt=2**31, description="seed of the first of them")
    size: str = Field(default="", description="student encoders; empty: each modality's default")
    teacher_size: str = Field(default="", description="teacher encoders; empty: their defaults")
    teacher_model: PartConfig = Field(
        default=PartConfig(name="network"), description="what teaches: a registered teacher"
    )
    student_model: PartConfig = Field(
        default=PartConfig(name="network"), description="what learns: a registered student"
    )
    fusion: FusionConfig = Field(
        default=FusionConfig(), description="fusion of teacher and student"
    )
    objectives: Objectives = Field(
        default=USUAL,
        description="losses that are summed, with weights; a list of them, or changes to the usual",
    )
    held_out: float = Field(default=1 / 3, gt=0, lt=1, description="share of groups held out")
    open_set: bool = Field(default=False, description="out-of-set samples join the pool")
    plain: bool = Field(default=True, description="fit the plain model beside ours")
    validate_from: int = Field(
        default=20, ge=8, description="labelled groups a class from which a quarter validates"
    )
    steps: int = Field(default=200, ge=1, description="optimiser steps of a student")
    teacher_steps: int = Field(default=200, ge=1, description="optimiser steps of the teacher")
    batch: int = Field(default=64, ge=2, description="samples a step")
    lr: float = Field(default=2e-3, gt=0, description="peak learning rate")
    weight_decay: float = Field(default=1e-2, ge=0, description="AdamW's decay")
    penalty: float = Field(default=1.0, ge=0, description="L2 penalty of linear models, 1/C")
    views: int = Field(
        default=8, ge=1, le=64, description="augmented views of samples, the plain one first"
    )
    device: str = Field(default="cpu", description="where networks are trained")

    @field_validator("labels", mode="before")
    @classmethod
    def _labels(cls, value: object) -> object:
        if not isinstance(value, str | int | float):
            return value
        try:
            return parse_labels(value)
        except BadInput as error:
            raise ValueError(str(error)) from error

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for name in ("teacher", "student", "tasks"):
            listed = getattr(self, name)
            if len(set(listed)) < len(listed):
                raise ValueError(f"{name} names one twice: {', '.join(listed)}")
        return self

    @property
    def primary(self) -> str:
        """Return the target that splits and the label budget follow."""
        return self.tasks[0]

    @property
    def seed_numbers(self) -> tuple[int, ...]:
        """Return every seed in order."""
        return tuple(range(self.first_seed, self.first_seed + self.seeds))

    def filled(self, recording: Recording) -> DistillPlan:
        """Fill what the plan leaves open from the recording's defaults.

        Raises
        ------
        BadInput
            If a modality or target is not in the recording, or neither says which to use.
        """
        defaults = recording.defaults
        values = {
            "teacher": self.teacher or tuple(defaults.get("teacher") or ()),
            "student": self.student or tuple(defaults.get("student") or ()),
            "tasks": self.tasks or tuple(filter(None, [defaults.get("task")])),
        }
        known = {"teacher": recording.modalities, "student": recording.modalities}
        for name, chosen in values.items():
            there: Sequence[str] = sorted(known.get(name, recording.targets))
            option = "--task" if name == "tasks" else f"--{name}"
            if not there:
                found = f"no {'targets' if name == 'tasks' else 'modalities'} in {recording.path}"
                raise BadInput(option, found, "a recording that has some")
            if not chosen:
                raise BadInput(option, "none, and the recording has no default", f"some of {there}")
            for one in chosen:
                if one not in there:
                    what = "target" if name == "tasks" else "modality"
                    raise BadInput(option, f"no {what} {one!r} in {recording.path}", f"{there}")
        return self.model_copy(update=values)

    def checked(self, host: Host | None = None) -> DistillPlan:
        """Check that all parts are known, and give their parameters the types they declare.

        Raises
        ------
        BadInput
            If there is no such part (names the nearest) or a parameter does not fit it; if no
            objective learns from labels alone, as teachers do, or none from a teacher.
        """
        found = host or get_host()

        def known(kind: type[Spec], chosen: Part) -> Part:
            return chosen.checked(found.spec(kind, chosen.name))

        objectives = tuple(known(ObjectiveSpec, one) for one in self.objectives)
        inputs = [found.spec(ObjectiveSpec, one.name).inputs for one in objectives]
        taught = [any(port.startswith("teacher.") for port in ports) for ports in inputs]
        for enough, expected in (
            (any(taught), "one that reads a teacher, as soft_target"),
            (not all(taught), "one that reads no teacher, as label_loss"),
        ):
            if not enough:
                names = ", ".join(one.name for one in objectives) or "none"
                raise BadInput("objectives", names, expected)
        update = {
            "teacher_model": known(TeacherSpec, self.teacher_model),
            "student_model": known(StudentSpec, self.student_model),
            "fusion": known(FusionSpec, self.fusion),
            "objectives": objectives,
        }
        return self.model_copy(update=update)

    def training(self, seed: int, teacher: bool = False) -> TrainPlan:
        """Return how the teacher or a student of one seed is trained."""
        return TrainPlan(
            steps=self.teacher_steps if teacher else self.steps,
            batch=self.batch,
            lr=self.lr,
            weight_decay=self.weight_decay,
            penalty=self.penalty,
            views=self.views,
            seed=seed,
        )
