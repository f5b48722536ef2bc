"""The specs that plugins register: frozen, with import strings, and importing nothing.

Listing a thousand plugins must not import torch, so a spec names its factory as
``"package.module:attribute"`` and the host resolves it when it is first used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    field_serializer,
    model_validator,
)

from stillage.plugin.options import Options
from stillage.plugin.overrides import checked

API_VERSION = 1
"""Version of the plugin API; a spec made for another one is listed as ``incompatible``."""

LINEAR = "linear"
"""The encoder size that every modality has: the prepared sample itself, no parameters."""

FLATTEN = "stillage.network.encoders:FlattenEncoder"
"""Factory of the encoder that hands the prepared sample on as one token: size ``linear``."""

ImportString = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$")]
Suffix = Annotated[str, Field(pattern=r"^\.[a-z0-9]+$")]


class IncompatibleSpec(Exception):
    """A spec for another API version whose fields this version cannot read."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Parameter(_Frozen):
    """A typed parameter of a factory: what it means, its unit, and where its default is from."""

    name: str
    type: Literal["int", "float", "bool", "str", "choice"]
    default: int | float | bool | str | None = None
    unit: str = ""
    summary: str = ""
    source: str = ""
    choices: tuple[str, ...] = ()


class SampleSpec(_Frozen):
    """A description of one raw sample of a modality.

    ``shape`` excludes the batch axis; ``None`` is a size that each recording fixes. With
    ``ragged`` the first axis varies from sample to sample. ``axes`` names every axis.

    >>> SampleSpec(shape=(8,), dtype="float32", unit="1", axes=("band",)).describe()
    'float32 (band=8) [1]'
    """

    shape: tuple[int | None, ...]
    dtype: str
    unit: str
    axes: tuple[str, ...]
    rate_hz: float | None = None
    ragged: bool = False

    def describe(self) -> str:
        """Say it in one line: dtype, named axes with sizes (``?`` where free) and the unit."""
        sizes = ", ".join(
            f"{axis}={'?' if size is None else size}"
            for axis, size in zip(self.axes, self.shape, strict=True)
        )
        return f"{self.dtype} ({sizes}) [{self.unit}]"


class Cost(_Frozen):
    """The cost of a sensor and of one reading of it: price (EUR), energy (J), time (s)."""

    price_eur: float = Field(ge=0, allow_inf_nan=False)
    energy_j: float = Field(ge=0, allow_inf_nan=False)
    time_s: float = Field(ge=0, allow_inf_nan=False)
    source: str = "assumed"


class Spec(_Frozen):
    """A spec: a light description of something that a plugin provides.

    ``factory`` is the import string; ``requires`` lists importable modules that must be
    present for it; ``examples`` are keyword arguments that the conformance kit tries. ``face`` is
    the import string of the class that the factory's product must be an instance of.
    """

    face: ClassVar[str] = ""

    kind: str
    name: Name
    summary: str
    factory: ImportString
    api_version: int = API_VERSION
    parameters: tuple[Parameter, ...] = ()
    requires: tuple[str, ...] = ()
    examples: tuple[dict[str, Any], ...] = ()

    @model_validator(mode="wrap")
    @classmethod
    def _other_version(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            version = data.get("api_version", API_VERSION) if isinstance(data, dict) else None
            if version in (None, API_VERSION):
                raise
            name = data.get("name", "?")
            raise IncompatibleSpec(
                f"{name!r} is made for plugin API {version}, this is {API_VERSION}"
            ) from error


def kind_of(spec: type[Spec]) -> str:
    """Give the word for a kind of spec, as messages and JSON have it.

    >>> kind_of(ModalitySpec)
    'modality'
    """
    return str(spec.model_fields["kind"].default)


class ModalitySpec(Spec):
    """A modality; ``factory()`` gives a :class:`stillage.Modality`.

    ``suffixes`` are those of the files that :meth:`stillage.Modality.read` decodes, in lower
    case with the dot; a manifest may name such files. ``dense`` is what ``collate`` makes of
    ragged samples, where that is no padded copy of them (events become a grid): what
    ``prepare`` and an exported graph read. Left out, it is ``sample``.
    """

    face = "stillage.sensing.modality:Modality"

    kind: Literal["modality"] = "modality"
    sample: SampleSpec
    cost: Cost
    default_size: str = "small"
    scene_fields: tuple[str, ...] = ()
    suffixes: tuple[Suffix, ...] = ()
    dense: SampleSpec | None = None


class EncoderSpec(Spec):
    """An encoder of one modality and size; ``factory(shape, **parameters)`` gives a module."""

    kind: Literal["encoder"] = "encoder"
    modality: Name
    size: str


def encoder_specs(
    modality: str, package: str, sizes: Mapping[str, tuple[str, str]]
) -> tuple[EncoderSpec, ...]:
    """Make the encoder specs of one modality, one for each size, named ``modality-size``.

    Parameters
    ----------
    modality : str
        Name of the modality.
    package : str
        The plugin's package.
    sizes : mapping of str to (str, str)
        Summary and factory of each size; a factory that begins with a dot lies in ``package``.

    >>> small, = encoder_specs("sonar", "stillage_sonar", {"small": ("32 wide", ".encoders:Small")})
    >>> small.name, small.factory
    ('sonar-small', 'stillage_sonar.encoders:Small')
    """
    return tuple(
        EncoderSpec(
            name=f"{modality}-{size}",
            modality=modality,
            size=size,
            summary=summary,
            factory=f"{package}{factory}" if factory.startswith(".") else factory,
        )
        for size, (summary, factory) in sizes.items()
    )


class ReaderSpec(Spec):
    """A reader; its factory turns a real format into a recording.

    It is ``factory(path, out)`` or, for a reader with ``options``, ``factory(path, out, options)``
    with an instance of that class. ``teacher``, ``student`` and ``task`` are the defaults for
    recordings made by it.
    """

    kind: Literal["reader"] = "reader"
    modalities: tuple[str, ...]
    formats: tuple[str, ...] = ()
    options: type[Options] | None = None
    teacher: tuple[str, ...] = ()
    student: tuple[str, ...] = ()
    task: str = ""

    @field_serializer("options")
    def _schema(self, options: type[Options] | None) -> dict[str, Any] | None:
        return None if options is None else options.model_json_schema()

    def arguments(self, **values: Any) -> tuple[Options, ...]:
        """Give what the factory takes after path and out: its options with these values, if any.

        Raises
        ------
        BadInput
            If it has no such option (names the nearest), or a value does not fit.
        """
        given = checked(self.options or Options, values, "-o")
        return (given,) if self.options else ()


class FusionSpec(Spec):
    """A fusion; ``factory(widths, width, **parameters)`` gives a :class:`stillage.Fusion`."""

    face = "stillage.network.fusion.base:Fusion"

    kind: Literal["fusion"] = "fusion"


class TeacherSpec(Spec):
    """A teacher; ``factory(bench, **parameters)`` fits a :class:`stillage.Teacher`.

    ``bench`` is a :class:`stillage.distillation.Bench`: what may be learnt from. ``network``
    says that the teacher is a :class:`stillage.teaching.teacher.NetworkTeacher` with the plan's
    encoders and fusion: it is kept on disk, so that a run can use it, and labels may be set aside
    to stop its training.
    """

    face = "stillage.teaching.teacher:Teacher"

    kind: Literal["teacher"] = "teacher"
    network: bool = False


class StudentSpec(Spec):
    """A student; ``factory(config, host, seed, **parameters)`` gives a :class:`stillage.Student`.

    ``config`` is a :class:`stillage.network.NetworkConfig`. A saved student is built again of it
    and of the same parameters, then filled with its weights.
    """

    face = "stillage.network.student:Student"

    kind: Literal["student"] = "student"


class ObjectiveSpec(Spec):
    """A distillation loss; ``inputs`` are the ports it reads, checked before the first step."""

    face = "stillage.teaching.objectives.base:Objective"

    kind: Literal["objective"] = "objective"
    inputs: tuple[str, ...]


class ScenarioSpec(Spec):
    """A scenario; ``factory()`` gives a ``stillage_sim.Scenario``.

    ``env`` and ``vector_env`` name its Gymnasium environments, one and many, which workers
    register under ``gym_id``.
    """

    kind: Literal["scenario"] = "scenario"
    modalities: tuple[str, ...] = ()
    gym_id: str = ""
    env: ImportString | Literal[""] = ""
    vector_env: ImportString | Literal[""] = ""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.env or self.vector_env) and not (self.env and self.gym_id):
            raise ValueError("an environment needs gym_id and env")
        return self


Role = Literal["oracle", "teacher", "student", "control", "rule", "none"]
"""The part that a policy or an arm plays in a comparison: the bound, the teacher, the distilled
student and its variants, a student without the teacher's knowledge, a rule, or one that perceives
nothing."""


class PolicySpec(Spec):
    """A policy of one scenario; ``factory(sees, **options)`` gives it.

    ``label`` is its name in reports, ``role`` its part in their comparisons. ``sees`` is what it
    perceives with: the name of a perception table (an arm's, or a bundle's), or ``:ideal`` (the
    truth), ``:majority`` (the commonest class), ``:blind`` (nothing) or ``:declared`` (as the
    world says).
    """

    kind: Literal["policy"] = "policy"
    scenario: Name
    label: str = ""
    role: Role = "rule"
    sees: str = ":blind"
    options: dict[str, Any] = {}

    @property
    def table(self) -> str:
        """The perception table that it cannot do without; empty: none."""
        return "" if self.sees.startswith(":") else self.sees


class KpiSpec(Spec):
    """A key performance indicator of one scenario; ``better`` is its good direction.

    From another plugin than the scenario's, ``factory(totals, world)`` gives one number for each
    replica, float64 (R,), or None where it has no meaning: see ``stillage_sim.scenario.World``.
    """

    kind: Literal["kpi"] = "kpi"
    scenario: Name
    unit: str
    better: Literal["higher", "lower", "neither"]


class SectionSpec(Spec):
    """A section of the report; ``factory(run)`` gives HTML; ``order`` sorts sections."""

    kind: Literal["section"] = "section"
    scenario: str = ""
    order: int = 100


class CommandSpec(Spec):
    """A click command; ``factory`` names the command object itself.

    ``api`` names the Python function that it mirrors, if there is one.
    """

    kind: Literal["command"] = "command"
    api: ImportString | Literal[""] = ""


AnySpec = Annotated[
    ModalitySpec
    | EncoderSpec
    | ReaderSpec
    | FusionSpec
    | TeacherSpec
    | StudentSpec
    | ObjectiveSpec
    | ScenarioSpec
    | PolicySpec
    | KpiSpec
    | SectionSpec
    | CommandSpec,
    Field(discriminator="kind"),
]
