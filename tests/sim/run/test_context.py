"""What a run must train follows from its policies' specs and the table of arms."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillage.rundir import RunConfig, RunDir
from stillage_sim.run.configure import scenario_of
from stillage_sim.run.context import Context


def context(path: Path, scenario: str, *policies: str, **bundles: str) -> Context:
    config = RunConfig(scenario=scenario, policies=(*policies, *bundles), bundles=bundles)
    return Context(RunDir.create(path / "run", config), scenario_of(scenario))


@pytest.mark.parametrize(
    ("scenario", "policies", "models"),
    [
        ("sorting", ("oracle", "random", "majority"), ()),
        ("sorting", ("rule",), ("labels_only",)),
        ("sorting", ("distilled_int8", "rule"), ("labels_only", "distilled_int8")),
        ("closed-loop", ("bare", "declared", "blind", "oracle"), ()),
        ("closed-loop", ("distilled_myopic", "distilled_opportunistic"), ("distilled",)),
    ],
)
def test_models_are_those_that_the_policies_perceive_with(
    tmp_path: Path, scenario: str, policies: tuple[str, ...], models: tuple[str, ...]
) -> None:
    assert context(tmp_path, scenario, *policies).models == models


def test_arms_say_which_models_are_exported(tmp_path: Path) -> None:
    arms = context(tmp_path, "sorting", "teacher", "distilled", "distilled_int8").arms
    assert [(arm.name, arm.export) for arm in arms] == [
        ("teacher", ""), ("distilled", "fp32"), ("distilled_int8", "int8"),
    ]  # fmt: skip


def test_a_bundle_called_like_an_arm_is_no_reason_to_train_it(tmp_path: Path) -> None:
    found = context(tmp_path, "sorting", "oracle", distilled="runs/a/student")
    assert found.models == ()
    assert found.tables == ("distilled",)
