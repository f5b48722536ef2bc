"""Fusions, objectives and scenarios that break one promise each are told which and why."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest
import torch
from pydantic import BaseModel, Field
from torch import Tensor, nn

from stillage.network.fusion.base import Fusion
from stillage.network.fusion.concat import ConcatFusion
from stillage.network.fusion.specs import SPECS as FUSIONS
from stillage.network.tokens import Tokens
from stillage.plugin.spec import FusionSpec, ObjectiveSpec, ScenarioSpec
from stillage.teaching.objectives.base import Objective, ObjectiveContext, Ports
from stillage.teaching.objectives.soft_target import SoftTarget
from stillage.teaching.objectives.specs import SPECS as OBJECTIVES
from stillage.testing import (
    PROMISES,
    Failing,
    check_fusion,
    check_objective,
    check_scenario,
    fusion,
    objective,
    scenario,
)
from stillage.testing.fusion import fusion_results
from stillage.testing.objective import objective_results
from stillage.testing.scenario import scenario_results
from tests.core.testing.common import Broken, why

made: Any = None


def current(*args: Any, **kwargs: Any) -> Any:
    return made(*args, **kwargs)


def told(check: Any, spec: Any, factory: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(globals(), "made", factory)
    with pytest.raises(Failing) as caught:
        check(spec)
    return str(caught.value)


@pytest.mark.parametrize("spec", FUSIONS, ids=lambda spec: spec.name)
def test_cores_fusions_conform(spec: FusionSpec) -> None:
    assert len(check_fusion(spec)) >= 9


@pytest.mark.parametrize("spec", OBJECTIVES, ids=lambda spec: spec.name)
def test_cores_objectives_conform(spec: ObjectiveSpec) -> None:
    assert len(check_objective(spec)) >= 7


class Sum(Fusion):
    """Right but for `missing`, which each subclass gets wrong in its own way."""

    def __init__(self, widths: Mapping[str, int], width: int) -> None:
        super().__init__(widths, width)
        self.maps = nn.ModuleList([nn.Linear(n, width) for n in widths.values()])
        self.missing = nn.ParameterList([torch.zeros(n) for n in widths.values()])

    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        features = self.pooled(tokens, presence, self.missing)
        return torch.stack([m(x) for m, x in zip(self.maps, features, strict=True)]).sum(0)


class Multiplies(Sum):
    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        total = super().forward(tokens)
        return total if presence is None else total * presence.all(1, keepdim=True)


class Zeros(Sum):
    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        with torch.no_grad():
            for missing in self.missing:
                missing.zero_()
        return super().forward(tokens, presence)


class WrongWidth(Sum):
    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        return super().forward(tokens, presence)[:, 1:]


class Inverted(Sum):
    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        return super().forward(tokens, None if presence is None else ~presence)


class BatchCentred(Sum):
    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        fused = super().forward(tokens, presence)
        return fused - fused.mean(0)


class Counts(Sum):
    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        fused = super().forward(tokens, presence)
        return fused if presence is None else fused * (2 / presence.sum(1, keepdim=True))


class Forgets(Sum):
    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        first = next(iter(self.widths))
        mask = torch.ones(5, 2, dtype=torch.bool) if presence is None else presence.clone()
        mask[:, 1] = False
        return super().forward({first: tokens[first]} if first in tokens else {}, mask)


class Inferring(Sum):
    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        fused = super().forward(tokens, presence)
        return fused.reshape(len(fused), -1)


class Dropping(Sum):
    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        return nn.functional.dropout(super().forward(tokens, presence), 0.5)


class Unpicklable(Sum):
    def __init__(self, widths: Mapping[str, int], width: int) -> None:
        super().__init__(widths, width)
        self.after = lambda values: values


class ByKeys(Sum):
    """Columns of the mask taken from the tokens at hand."""

    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        if presence is None or len(tokens) == len(self.widths):
            return super().forward(tokens, presence)
        mask = torch.zeros_like(presence)
        for column, name in enumerate(tokens):
            mask[:, list(self.widths).index(name)] = presence[:, column]
        return super().forward(tokens, mask)


class PlainState(Sum):
    def __init__(self, widths: Mapping[str, int], width: int) -> None:
        super().__init__(widths, width)
        self.gain = 1.0

    def forward(self, tokens: Mapping[str, Tokens], presence: Tensor | None = None) -> Tensor:
        return super().forward(tokens, presence) * self.gain

    def load_state_dict(self, state_dict: Any, strict: bool = True, assign: bool = False) -> Any:
        self.gain = 2.0
        return super().load_state_dict(state_dict, strict, assign)


FUSION_FAULTS = (
    Broken(fusion.absent_values_never_matter, Multiplies, "a multiplication by the mask"),
    Broken(fusion.missing_is_not_zero, Zeros, "zeros filled in for what is missing"),
    Broken(fusion.gives_features, WrongWidth, "self.width differs from what forward() gives"),
    Broken(fusion.presence_all_true_is_none, Inverted, "a mask that is applied the wrong way"),
    Broken(fusion.leaving_out_is_absent, ByKeys, "columns of the mask taken from tokens.keys()"),
    Broken(fusion.fuses_samples_independently, BatchCentred, "statistics over the batch axis"),
    Broken(fusion.fuses_empty_batch, Inferring, "raised RuntimeError"),
    Broken(fusion.fuses_repeatably, Dropping, "without training=self.training"),
    Broken(fusion.fuses_in_a_worker, Unpicklable, "it cannot be pickled"),
    Broken(fusion.nothing_present_is_finite, Counts, "a mean over a count of zero"),
    Broken(fusion.gradients_reach_all, Forgets, "none at tokens b"),
    Broken(fusion.state_survives, PlainState, "state in plain attributes; use register_buffer"),
)

FUSION = FusionSpec(name="probe", summary="", factory=f"{__name__}:current")


@pytest.mark.parametrize("broken", FUSION_FAULTS, ids=lambda b: b.id)
def test_broken_fusion_is_told_why(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "made", broken.make)
    assert broken.told in why(fusion_results(FUSION), broken.check)


PARAMETER_FAULTS = (
    Broken(fusion.parameters_agree, ConcatFusion, "a parameter added to the factory but not to"),
    Broken(objective.parameters_agree, SoftTarget, "a default changed in one of two places"),
)


def test_parameters_must_be_the_factorys() -> None:
    concat, soft = PARAMETER_FAULTS
    bare = FUSIONS[0].model_copy(update={"parameters": ()})
    assert concat.told in why(fusion_results(bare), concat.check)
    spec = next(spec for spec in OBJECTIVES if spec.name == "soft_target")
    hot = spec.parameters[0].model_copy(update={"default": 4.0})
    hotter = spec.model_copy(update={"parameters": (hot,)})
    assert soft.told in why(objective_results(hotter), soft.check)
    twice = spec.model_copy(update={"examples": ({"temperature": True},)})
    assert "an example that no option could say" in why(objective_results(twice), soft.check)


def test_good_fusion_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "made", ConcatFusion)
    assert len(check_fusion(FUSION)) == len(PROMISES["fusion"])


class Hint(Objective):
    name = "probe"
    ports: ClassVar[tuple[str, ...]] = ("student.features", "teacher.features")

    def loss(self, ports: Ports) -> Tensor:
        gap = ports.student.features.mean(1) - ports.taught.features.detach().mean(1)
        return gap.square().mean()


class PerSample(Hint):
    def loss(self, ports: Ports) -> Tensor:
        return ports.student.features.mean(1) - ports.taught.features.detach().mean(1)


class Cut(Hint):
    def loss(self, ports: Ports) -> Tensor:
        return super().loss(ports).detach()


class Undeclared(Hint):
    def loss(self, ports: Ports) -> Tensor:
        return super().loss(ports) + ports.student.heads["kind"].square().mean()


class Unused(Hint):
    ports: ClassVar[tuple[str, ...]] = ("student.features", "student.heads", "teacher.features")


class TeachesBack(Hint):
    def loss(self, ports: Ports) -> Tensor:
        return (ports.student.features.mean(1) - ports.taught.features.mean(1)).square().mean()


class Random(Hint):
    def loss(self, ports: Ports) -> Tensor:
        return super().loss(ports) * torch.rand(())


class UnknownPort(Hint):
    ports: ClassVar[tuple[str, ...]] = ("student.features", "teacher.feature")


class MeanOfNothing(Hint):
    def loss(self, ports: Ports) -> Tensor:
        inside = ports.inside("kind")
        return ports.student.features[inside].mean() + super().loss(ports)


class Narrow(Hint):
    ports: ClassVar[tuple[str, ...]] = ("student.features", "teacher.features", "targets")


class NeverRefuses(Hint):
    def check(self, context: ObjectiveContext) -> None:
        return


class Deviation(Hint):
    def loss(self, ports: Ports) -> Tensor:
        centred = ports.student.features - ports.student.features.mean(0)
        return (centred.square() / (len(centred) - 1)).sum() + super().loss(ports)


OBJECTIVE_FAULTS = (
    Broken(objective.loss_is_scalar, PerSample, "a loss per sample; take the mean"),
    Broken(objective.gradients_reach_student, Cut, "raised RuntimeError"),
    Broken(objective.gradients_reach_student, Undeclared, "at ['student.heads']; likely cause: an"),
    Broken(objective.gradients_reach_student, Unused, "none at ['student.heads']; likely cause: a"),
    Broken(objective.teacher_gets_no_gradient, TeachesBack, "a missing .detach() on the teacher's"),
    Broken(objective.loss_is_repeatable, Random, "a random draw in loss()"),
    Broken(objective.loss_of_one_sample, Deviation, "nan; likely cause: a variance of one"),
    Broken(objective.nothing_to_learn_is_zero, MeanOfNothing, "a mean over no sample"),
    Broken(objective.refuses_missing_ports, NeverRefuses, "no teacher, and no refusal"),
    Broken(objective.ports_agree, Narrow, "added to the class but not to the spec's inputs"),
)

OBJECTIVE = ObjectiveSpec(
    name="probe",
    summary="",
    factory=f"{__name__}:current",
    inputs=("student.features", "teacher.features"),
)


@pytest.mark.parametrize("broken", OBJECTIVE_FAULTS, ids=lambda b: b.id)
def test_broken_objective_is_told_why(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "made", broken.make)
    assert broken.told in why(objective_results(OBJECTIVE), broken.check)


@pytest.mark.parametrize(
    ("make", "message"),
    [(UnknownPort, "raised stillage.errors.BadInput: objective 'probe'"), (dict, "it gave a dict")],
)
def test_factories_that_give_no_objective(
    make: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert message in told(check_objective, OBJECTIVE, make, monkeypatch)


def test_a_factory_that_gives_no_fusion(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "it gave a dict" in told(check_fusion, FUSION, dict, monkeypatch)


def test_good_objective_passes_and_spec_must_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "made", Hint)
    assert len(check_objective(OBJECTIVE)) == len(PROMISES["objective"])
    other = OBJECTIVE.model_copy(update={"inputs": ("student.features",)})
    assert "added to the class but not to the spec's inputs" in told(
        check_objective, other, Hint, monkeypatch
    )


class Documented(BaseModel):
    speed: float = Field(
        0.5, description="Belt speed.", json_schema_extra={"unit": "m/s", "source": "assumed"}
    )


class Undocumented(BaseModel):
    speed: float = 0.5


class Required(BaseModel):
    speed: float = Field(
        description="Belt speed.", json_schema_extra={"unit": "m/s", "source": "assumed"}
    )


class Plant:
    name = "probe"
    Settings: ClassVar[Any] = Documented
    teacher: tuple[str, ...] = ("nir",)
    student: tuple[str, ...] = ("led",)


class Renamed(Plant):
    name = "other"


class Unexplained(Plant):
    Settings = Undocumented


class NoSettings(Plant):
    Settings = None


class MoreModalities(Plant):
    teacher = ("nir", "sonar")


SCENARIO = ScenarioSpec(
    name="probe", summary="", factory=f"{__name__}:current", modalities=("nir", "led")
)


class Demanding(Plant):
    Settings = Required


SCENARIO_FAULTS = (
    Broken(scenario.has_name, Renamed, "'other', registered is 'probe'"),
    Broken(scenario.settings_are_documented, Unexplained, "no summary of speed"),
    Broken(scenario.settings_are_documented, NoSettings, "no pydantic model in the class"),
    Broken(scenario.settings_have_defaults, Demanding, "no default of speed"),
    Broken(scenario.modalities_exist, MoreModalities, "sonar undeclared"),
    Broken(scenario.parts_resolve, Plant, "no policy; likely cause: register() without a policy"),
)


@pytest.mark.parametrize("broken", SCENARIO_FAULTS, ids=lambda b: b.id)
def test_broken_scenario_is_told_why(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "made", broken.make)
    assert broken.told in why(scenario_results(SCENARIO), broken.check)


class BadEnv(gymnasium.Env[Any, Any]):
    """Its observation leaves its space."""

    observation_space = gymnasium.spaces.Box(0.0, 1.0, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return np.full(2, 3.0, np.float32), {}

    def step(self, action: Any) -> Any:
        return np.full(2, 3.0, np.float32), 0.0, False, False, {}


ENV_FAULT = Broken(scenario.env_passes_check_env, BadEnv, "raised AssertionError")


def test_env_must_pass_check_env(monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gymnasium.register("stillage-test/Bad-v0", entry_point=BadEnv)  # type: ignore[arg-type]
    spec = SCENARIO.model_copy(update={"gym_id": "stillage-test/Bad-v0"})
    try:
        message = told(check_scenario, spec, Plant, monkeypatch)
    finally:
        gymnasium.registry.pop("stillage-test/Bad-v0")
    assert "passes Gymnasium's own check_env: raised AssertionError" in message
