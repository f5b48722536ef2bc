"""No check without a plugin that breaks it, and none that is written but not run."""

from __future__ import annotations

import inspect

import pytest

from stillage.testing import (
    PROMISES,
    augment,
    encoder,
    fusion,
    objective,
    prepare,
    reader,
    render,
    rows,
    scenario,
)  # fmt: skip
from stillage.testing.results import promise_of
from tests.core.testing import (
    test_encoder_kit,
    test_modality_kit,
    test_motion_kit,
    test_other_kits,
    test_reader_kit,
)  # fmt: skip

BROKEN = (
    *test_modality_kit.BROKEN,
    *test_motion_kit.BROKEN,
    *test_encoder_kit.BROKEN,
    *test_other_kits.FUSION_FAULTS,
    *test_other_kits.OBJECTIVE_FAULTS,
    *test_other_kits.PARAMETER_FAULTS,
    *test_other_kits.SCENARIO_FAULTS,
    test_other_kits.ENV_FAULT,
    *test_reader_kit.BROKEN,
)
MODULES = (augment, encoder, fusion, objective, prepare, reader, render, rows, scenario)


@pytest.mark.parametrize("kind", PROMISES)
def test_every_check_has_its_broken_plugin(kind: str) -> None:
    lacking = set(PROMISES[kind]) - {broken.check for broken in BROKEN}
    assert not [check.__name__ for check in lacking]


def test_every_broken_plugin_is_of_a_check_that_is_run() -> None:
    every = {check for checks in PROMISES.values() for check in checks}
    assert {broken.check for broken in BROKEN} == every


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_no_check_is_forgotten(module: object) -> None:
    every = {check for checks in PROMISES.values() for check in checks}
    written = {
        function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_")
        and function.__module__ == module.__name__  # type: ignore[attr-defined]
        and list(inspect.signature(function).parameters) == ["case"]
    }
    assert written
    assert not [function.__name__ for function in written - every]


def test_promises_tell_checks_apart() -> None:
    for checks in PROMISES.values():
        promises = [promise_of(check) for check in checks]
        ends = [(a, b) for a in promises for b in promises if a != b and a.endswith(b)]
        assert len(set(promises)) == len(promises)
        assert not ends
