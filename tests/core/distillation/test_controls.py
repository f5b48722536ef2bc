"""Positive and negative controls: a gain where there is one to be had, none elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillage.distillation import DistillPlan, distill, run_seed
from stillage.distillation.seed import SeedResult
from stillage.distillation.summary import advise
from stillage.errors import BadInput
from stillage.recording import Recording, Stream, write_recording
from stillage.statistics import Interval
from tests.core.distillation.toys import HOST, PLAN, Reading, privileged
from tests.core.toys import small


def _summary(path: Path, rich: Reading, **changes: Any) -> dict[str, Any]:
    plan = PLAN.model_copy(update={"seeds": 6} | changes)
    return distill(privileged(path / "toy.h5", rich), plan, host=HOST).summary


def test_unlabelled_pairs_teach_what_a_rich_sensor_knows(tmp_path: Path) -> None:
    found = _summary(tmp_path, "margin", teacher=("rich",))
    assert found["arms"]["teacher"]["mean"] > 0.9
    assert found["gain"]["low"] > 0.05
    assert found["advice"].startswith("distilling pays")
    gain = found["gain"]["mean"]
    for control in ("self_training-labels_only", "shuffled-labels_only"):
        assert found["differences"][control]["high"] < gain
    assert abs(found["differences"]["distilled-plain"]["mean"]) < 0.02


@pytest.mark.parametrize("rich", ["noise", "copy"])
def test_a_rich_sensor_that_knows_no_more_gives_no_gain(tmp_path: Path, rich: Reading) -> None:
    found = _summary(tmp_path, rich)
    assert found["gain"]["low"] < 0.02
    assert found["gain"]["mean"] < 0.02
    assert not found["advice"].startswith("distilling pays")


def test_with_all_labels_there_is_nothing_left_to_teach(tmp_path: Path) -> None:
    plan = PLAN.model_copy(update={"seeds": 3, "labels": "all"})
    found = distill(privileged(tmp_path / "toy.h5", "margin"), plan, host=HOST).summary
    assert found["gain"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert found["differences"]["distilled-plain"]["mean"] == pytest.approx(0.0, abs=0.01)
    assert "not worth it" in found["advice"]


def _said(result: SeedResult) -> dict[str, np.ndarray]:
    return {
        name: values
        for name, values in result.arrays.items()
        if not name.startswith("truth/") and name != "scored/side"
    }


@pytest.mark.parametrize("size", ["linear", "small"])
def test_hidden_labels_change_nothing_that_is_predicted(tmp_path: Path, size: str) -> None:
    """Flip every held-out label and every label of the pool: all arms must say the same."""
    host = HOST
    plan = PLAN.model_copy(update={"size": size, "teacher_size": size, "steps": 30, "labels": 4})
    plan = plan.model_copy(update={"teacher_steps": 30})
    if size == "small":
        host = HOST.plus(small("cheap", "rich"))
    before = privileged(tmp_path / "before.h5", "margin", split=True)
    first = run_seed(before, plan, 3, tmp_path / "seed", host=host)
    with Recording.open(before) as recording:
        from stillage.distillation.arrange import arrange

        arranged = arrange(recording, plan, 3)
        assert recording.split is not None
        held_out = recording.split == "test"
        shown = np.zeros(recording.samples, bool)
        shown[arranged.train[arranged.known]] = True
        # A budget picks groups by class, so only those may change sides that come last anyway.
        from stillage.recording.splits import group_keys

        keys = group_keys(recording.group_names, 3, "labels")[recording.group_index]
        last = ~shown & (keys > keys[shown].max())
    flip = held_out | last
    assert (last & ~held_out).sum() > 100
    after = privileged(tmp_path / "after.h5", "margin", split=True, flip=flip)
    second = run_seed(after, plan, 3, host=host)
    assert _said(first).keys() == _said(second).keys()
    for name, values in _said(first).items():
        np.testing.assert_array_equal(values, _said(second)[name], err_msg=name)
    assert first.document["scores"] != second.document["scores"]
    assert first.document["teacher"] == second.document["teacher"]


def test_shown_labels_do_change_what_is_predicted(tmp_path: Path) -> None:
    before = run_seed(privileged(tmp_path / "a.h5", "margin", split=True), PLAN, 3, host=HOST)
    flip = np.ones(420, bool)
    after = run_seed(
        privileged(tmp_path / "b.h5", "margin", split=True, flip=flip), PLAN, 3, host=HOST
    )
    assert np.abs(before.arrays["distilled/side"] - after.arrays["distilled/side"]).max() > 0.1


def test_a_gain_that_is_of_no_use_is_not_said_to_pay() -> None:
    gain = Interval(0.5, 0.2, 1.7)
    assert advise(gain, "r2", Interval(0.3, 0.1, 0.4)).startswith("distilling pays")
    useless = advise(gain, "r2", Interval(-2.1, -8.0, -0.4))
    assert useless.startswith("of no use here: r2 rises (+0.500")
    assert "only to -2.100" in useless
    level = {"a shuffled teacher": Interval(0.4, -0.1, 0.6)}
    told = advise(gain, "balanced_accuracy", Interval(0.8, 0.7, 0.9), level)
    assert told.startswith("no gain shown")
    assert "by a shuffled teacher it may rise as much (+0.400" in told
    less = {"a shuffled teacher": Interval(0.1, -0.1, 0.3)}
    assert advise(gain, "balanced_accuracy", None, less).startswith("distilling pays")


def test_a_recording_without_targets_is_named(tmp_path: Path) -> None:
    stream = Stream("audio", np.ones((4, 8), np.float32), "1")
    path = write_recording(tmp_path / "bare.h5", [stream], [], list("abcd"))
    with Recording.open(path) as recording, pytest.raises(BadInput, match=r"no targets in .*bare"):
        DistillPlan(teacher=("audio",), student=("audio",)).filled(recording)
