"""A plan's parts: the same from text, tables and files, in their types, and refused in a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from stillage.distillation import DistillPlan, run_seed
from stillage.errors import BadInput
from stillage.plugin.spec import ObjectiveSpec, TeacherSpec
from stillage.rundir import RunConfig
from stillage.task import LabelState
from stillage.teaching.objectives.config import ObjectiveConfig, change_objectives
from tests.core.distillation.toys import HOST, PLAN, Narrowing, privileged

TOYS = "tests.core.distillation.toys"


def named(plan: DistillPlan) -> list[str]:
    return [str(one) for one in plan.objectives]


def test_the_usual_objectives_are_the_labels_and_the_teachers_heads() -> None:
    assert named(DistillPlan()) == ["label_loss=1", "soft_target=1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("feature_hint=100", ["label_loss=1", "soft_target=1", "feature_hint=100"]),
        ("soft_target=.5,temperature=2", ["label_loss=1", "soft_target=0.5,temperature=2"]),
        ("soft_target=0 + a=1e+1+b=2", ["label_loss=1", "a=10", "b=2"]),
    ],
)
def test_text_changes_the_usual_objectives(text: str, expected: list[str]) -> None:
    plan = DistillPlan(objectives=text)
    assert named(plan) == expected


def test_the_option_and_the_text_say_the_same() -> None:
    plan = DistillPlan(objectives="soft_target=2+a=1,b=c")
    assert plan.objectives == change_objectives(["soft_target=2", "a=1,b=c"], "--objective")


def test_a_list_is_complete_and_drops_what_weighs_nothing() -> None:
    given: Any = [{"name": "label_loss", "weight": 2}, {"name": "soft_target", "weight": 0}]
    assert named(DistillPlan(objectives=given)) == ["label_loss=2"]


@pytest.mark.parametrize(
    "wrong",
    ["soft_target", "soft_target=much", "soft_target=-1", "soft_target=1,temperature", "a=1+a=2",
     [{"name": "a"}, {"name": "a"}], "soft_target=nan"],
)  # fmt: skip
def test_what_is_no_list_of_objectives_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        DistillPlan(objectives=wrong)


def test_a_saved_configuration_holds_the_same_plan(tmp_path: Path) -> None:
    plan = DistillPlan(
        objectives="feature_hint=100,adapter=none,standardise=false",
        fusion="concat,dropout=.1",
        teacher_model="trees,trees=7",
    ).checked()
    assert plan.fusion.parameters == {"dropout": 0.1}
    assert plan.objectives[-1].parameters == {"adapter": "none", "standardise": False}
    assert plan.teacher_model.parameters == {"trees": 7}
    path = tmp_path / "config.toml"
    path.write_text(RunConfig(scenario="sorting", distillation=plan).to_toml())
    loaded = RunConfig.load(path).distillation
    assert loaded == plan
    assert loaded.checked() == plan


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"fusion": "gatd"}, "fusion 'gatd': .*did you mean 'gated'"),
        ({"fusion": "concat,dropuot=1"}, "fusion 'concat': .*did you mean 'dropout'"),
        ({"fusion": "concat,dropout=some"}, "dropout: found 'some', expected a finite number"),
        ({"teacher_model": "tree"}, "teacher 'tree': .*did you mean 'trees'"),
        ({"teacher_model": "trees,trees=1.5"}, "found '1.5', expected a whole number"),
        ({"student_model": "netwrk"}, "did you mean 'network'"),
        ({"objectives": "soft_targte=1"}, "did you mean 'soft_target'"),
        ({"objectives": "feature_hint=1,adapter=cubic"}, "expected one of linear, none"),
        ({"objectives": "feature_hint=1,standardise=1"}, "expected true or false"),
        ({"objectives": "soft_target=0"}, "one that reads a teacher, as soft_target"),
        ({"objectives": "label_loss=0"}, "one that reads no teacher, as label_loss"),
    ],
)
def test_unknown_parts_and_parameters_are_refused_in_one_line(
    given: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        DistillPlan(**given).checked()
    assert "\n" not in str(caught.value)


def test_parts_that_are_given_learn_as_registered_ones_do(tmp_path: Path) -> None:
    host = HOST.plus(
        [
            ObjectiveSpec(
                name="narrowing",
                summary="",
                factory=f"{TOYS}:Narrowing",
                inputs=Narrowing.ports,
            ),
            TeacherSpec(name="own", summary="", factory=f"{TOYS}:fit_own"),
        ]
    )
    path = privileged(tmp_path / "toy.h5", "margin", count=150, width=5)
    plan = PLAN.model_copy(
        update={
            "teacher_model": PLAN.teacher_model.model_copy(update={"name": "own"}),
            "objectives": (*PLAN.objectives, ObjectiveConfig(name="narrowing", weight=1e-3)),
            "plain": False,
        }
    )
    Narrowing.seen.clear()
    changed = run_seed(path, plan, 0, tmp_path / "000", host=host)
    assert all(bool((states == LabelState.LABELLED).all()) for states in Narrowing.seen)
    assert (tmp_path / "000" / "models" / "teacher").is_dir()
    usual = run_seed(path, plan.model_copy(update={"objectives": PLAN.objectives}), 0, host=host)
    assert not np.array_equal(changed.arrays["distilled/side"], usual.arrays["distilled/side"])
