"""One seed: what it writes, whom it leaves untouched, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stillage.distillation import DistillPlan, distill, run_seed, seed_folder, summarise
from stillage.distillation.arrange import arrange
from stillage.distillation.seed import SeedResult
from stillage.errors import BadInput
from stillage.network import Network
from stillage.network.config import FusionConfig
from stillage.network.student import Student
from stillage.recording import Recording, Stream, TargetColumn, write_recording
from stillage.task import LabelState
from tests.core.distillation.toys import HOST, PLAN, privileged
from tests.core.toys import GRADE, MATERIAL, WEAR
from tests.core.toys import HOST as TOYS

SHORT = DistillPlan(
    teacher=("strip", "picture"),
    student=("picture",),
    tasks=("material", "grade", "wear"),
    labels=4,
    seeds=2,
    size="small",
    teacher_size="small",
    steps=20,
    teacher_steps=20,
    batch=16,
)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three kinds of target, scans in pairs, absent readings, unlabelled and out-of-set items."""
    draw = np.random.default_rng(2)
    items = 60
    truth = np.repeat(draw.integers(0, 3, items), 2)
    count = len(truth)
    strips = draw.normal(size=(count, 4)) + truth[:, None] * [2, -2, 1, 0]
    pictures = draw.integers(0, 100, (count, 1, 6, 6)) + 50 * truth[:, None, None, None]
    absent = np.arange(count)
    absent[3::10] = -1
    states = np.full(count, LabelState.LABELLED)
    states[:6] = LabelState.UNLABELLED
    states[6:16] = LabelState.OUT_OF_SET
    return write_recording(
        tmp_path_factory.mktemp("mixed") / "mixed.h5",
        [
            Stream("strip", strips.astype(np.float32), "1", absent, axes=("band",)),
            Stream("picture", pictures.astype(np.uint8), "1"),
        ],
        [
            TargetColumn("material", "classification", truth, states, MATERIAL.classes),
            TargetColumn("grade", "ordinal", truth, classes=GRADE.classes),
            TargetColumn("wear", "regression", 20.0 + 3.0 * truth, unit=WEAR.unit),
        ],
        [f"item-{k // 2}" for k in range(count)],
    )


@pytest.fixture(scope="module")
def seed(
    mixed: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[SeedResult, Path, list[str]]:
    folder = tmp_path_factory.mktemp("seed") / "000"
    lines: list[str] = []
    return run_seed(mixed, SHORT, 0, folder, lines.append, TOYS), folder, lines


def test_an_arrangement_keeps_its_word(mixed: Path) -> None:
    with Recording.open(mixed) as recording:
        column, groups = recording.targets["material"], recording.groups
        found = arrange(recording, SHORT, 0)
        assert not set(groups[found.train]) & set(groups[found.held_out])
        outside = column.states == LabelState.OUT_OF_SET
        assert not outside[found.train].any()
        assert not outside[found.held_out].any()
        paired = recording.presence("strip") & recording.presence("picture")
        assert paired[found.held_out].all()
        assert (found.paired == paired[found.train]).all()
        assert found.label_groups == dict.fromkeys(MATERIAL.classes, 4)
        known = found.labels["material"].known
        assert len(set(groups[found.train[known]])) == 12
        assert (~found.paired & known).any()  # a label teaches the student without its pair
        assert not (found.taught["material"] & known).any()
        assert (found.taught["material"] == (found.paired & ~known)).all()
        assert (found.labels["material"].values[~known] == 0).all()
        # unlabelled items are in the pool, and nowhere else
        hidden = np.flatnonzero(column.states == LabelState.UNLABELLED)
        assert set(hidden[paired[hidden]]) <= set(found.train[found.pool])
        assert not set(hidden) & set(found.held_out)
        opened = arrange(recording, SHORT.model_copy(update={"open_set": True}), 0)
        assert outside[opened.train].any()
        assert not outside[opened.train[opened.known]].any()
        assert not outside[opened.held_out].any()
        assert set(opened.held_out) == set(found.held_out)


def test_every_arm_speaks_of_the_same_held_out_samples(
    seed: tuple[SeedResult, Path, list[str]],
) -> None:
    result, _, lines = seed
    count = len(result.arrays["samples"])
    arms = ["teacher", "labels_only", "self_training", "shuffled", "distilled"]
    arms += ["plain", "plain_teacher", "plain_labels_only"]
    for arm in arms:
        for task in (MATERIAL, GRADE):
            said = result.arrays[f"{arm}/{task.target}"]
            assert said.shape == (count, 3)
            np.testing.assert_allclose(said.sum(1), 1.0, atol=1e-6)
        assert result.arrays[f"{arm}/wear"].shape == (count,)
        assert set(result.document["scores"]["material"]) == set(arms)
    assert lines[0] == "teacher trained"
    assert lines[1].startswith("teacher's own held-out balanced_accuracy of material: ")


def test_models_on_disk_say_what_the_seed_says(
    mixed: Path, seed: tuple[SeedResult, Path, list[str]]
) -> None:
    from stillage.network.batch import load_batch

    result, folder, _ = seed
    with Recording.open(mixed) as recording:
        for name, kind in (("teacher", Network), ("labels_only", Student), ("distilled", Student)):
            network = kind.load(folder / "models" / name, TOYS).eval()
            batch = load_batch(recording, result.arrays["samples"], network.modalities, host=TOYS)
            outputs = network(batch)
            for task in network.tasks:
                said = task.predict(outputs.heads[task.target].detach().numpy())
                stored = result.arrays[f"{name}/{task.target}"]
                np.testing.assert_allclose(said, stored, atol=1e-5)
            with np.load(folder / "models" / name / "calibration.npz") as raw:
                assert set(raw.files) == set(network.modalities)
                held_out = set(result.arrays["samples"].tolist())
                calibration = raw["picture"]
            shown = {
                np.asarray(recording.read("picture", np.array([k]))).tobytes() for k in held_out
            }
            assert not shown & {picture.tobytes() for picture in calibration}


def test_the_teacher_is_the_same_before_and_after(
    seed: tuple[SeedResult, Path, list[str]],
) -> None:
    result, folder, _ = seed
    stored = Network.load(folder / "models" / "teacher", TOYS)
    teacher = result.document["teacher"]
    assert teacher["before"] == teacher["after"] == stored.fingerprint()


def test_the_same_seed_again_gives_the_same_bits(
    mixed: Path, seed: tuple[SeedResult, Path, list[str]], tmp_path: Path
) -> None:
    result, folder, _ = seed
    again = run_seed(mixed, SHORT, 0, tmp_path / "again", host=TOYS)
    assert again.document == result.document
    for name, values in result.arrays.items():
        np.testing.assert_array_equal(values, again.arrays[name])
    for file in sorted(p.relative_to(folder) for p in folder.rglob("*") if p.suffix != ".pt"):
        if (folder / file).is_file():
            assert (folder / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def test_a_finished_seed_is_read(mixed: Path, seed: tuple[SeedResult, Path, list[str]]) -> None:
    result, folder, _ = seed
    lines: list[str] = []
    again = run_seed(mixed, SHORT, 0, folder, lines.append, TOYS)
    assert not lines
    assert again.document == result.document


def test_an_interrupted_seed_goes_on(mixed: Path, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(line: str) -> None:
        if line == "self_training trained":
            raise Stop

    plan = SHORT.model_copy(update={"first_seed": 1})
    with pytest.raises(Stop):
        run_seed(mixed, plan, 1, tmp_path / "001", stop, TOYS)
    assert not (tmp_path / "001").exists()
    resumed = run_seed(mixed, plan, 1, tmp_path / "001", host=TOYS)
    alone = run_seed(mixed, plan, 1, host=TOYS)
    assert resumed.document == alone.document
    assert [p.name for p in tmp_path.iterdir()] == ["001"]


def test_all_targets_are_summarised(seed: tuple[SeedResult, Path, list[str]]) -> None:
    result, _, _ = seed
    found = summarise([result])
    assert found["task"] == "material"
    assert {name: one["metric"] for name, one in found["tasks"].items()} == {
        "material": "balanced_accuracy",
        "grade": "quadratic_kappa",
        "wear": "r2",
    }
    for target, one in found["tasks"].items():
        for arm, interval in one["arms"].items():
            assert interval["mean"] == pytest.approx(result.document["scores"][target][arm])
            assert interval["low"] <= interval["high"]


def test_what_does_not_fit_is_refused_in_one_line(mixed: Path) -> None:
    for update, match in (
        ({"teacher": ("sonar",)}, "--teacher: found no modality 'sonar'"),
        ({"tasks": ("colour",)}, "--task: found no target 'colour'"),
        ({"student": ()}, "--student: found none"),
        ({"size": "huge"}, "size 'huge'"),
        ({"fusion": FusionConfig(name="magic")}, "magic"),
    ):
        with pytest.raises(BadInput, match=match) as error:
            run_seed(mixed, SHORT.model_copy(update=update), 0, host=TOYS)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("objective", ["feature_hint=100", "relational_distance=25"])
def test_features_of_a_linear_student_cannot_be_taught(tmp_path: Path, objective: str) -> None:
    path = privileged(tmp_path / "toy.h5", "margin")
    plan = PLAN.model_validate({**PLAN.model_dump(), "objectives": objective})
    with pytest.raises(BadInput, match="found a linear student, whose features are its inputs"):
        run_seed(path, plan, 0, host=HOST)


def test_seeds_add_up_and_a_folder_belongs_to_one_plan(tmp_path: Path) -> None:
    path = privileged(tmp_path / "toy.h5", "margin", count=150, width=5)
    plan = PLAN.model_copy(update={"seeds": 2, "plain": False})
    seen: list[int] = []
    first = distill(path, plan, None, tmp_path / "out", lambda r: seen.append(r.seed), HOST)
    assert seen == [0, 1]
    more = plan.model_copy(update={"seeds": 3})
    before = seed_folder(tmp_path / "out", 0).stat().st_mtime_ns
    third = distill(path, more, None, tmp_path / "out", lambda r: seen.append(r.seed), HOST)
    assert seen == [0, 1, 0, 1, 2]
    assert seed_folder(tmp_path / "out", 0).stat().st_mtime_ns == before
    assert third.summary == distill(path, more, host=HOST).summary
    assert first.summary["arms"] != third.summary["arms"]
    student = Student.load(tmp_path / "out" / "student", HOST)
    kept = Student.load(seed_folder(tmp_path / "out", 0) / "models" / "distilled", HOST)
    assert student.fingerprint() == kept.fingerprint()
    other = more.model_copy(update={"labels": 5})
    with pytest.raises(BadInput, match="another plan"):
        distill(path, other, None, tmp_path / "out", host=HOST)
    with pytest.raises(BadInput, match="expected a folder that can be written"):
        distill(path, plan, None, path / "inside", host=HOST)


def test_workers_do_not_change_a_figure(tmp_path: Path) -> None:
    from stillage.compute import open_executor

    draw = np.random.default_rng(0)
    truth = np.repeat([0, 1], 30)
    readings = np.exp(draw.normal(size=(60, 8)) * 0.1 - 1.0 - 0.1 * np.eye(8)[truth * 3])
    path = write_recording(
        tmp_path / "led.h5",
        [
            Stream("led", readings.astype(np.float32), "1", axes=("diode",)),
            Stream("nir", np.repeat(readings, 4, 1).astype(np.float32), "1", axes=("wavelength",)),
        ],
        [TargetColumn("polymer", "classification", truth, classes=("PP", "PET"))],
        [f"item-{k}" for k in range(60)],
        defaults={"teacher": ["nir", "led"], "student": ["led"], "task": "polymer"},
    )
    plan = DistillPlan(labels=3, seeds=3, first_seed=5)
    here = distill(path, plan, None, tmp_path / "here")
    with open_executor(workers=2) as executor:
        there = distill(path, plan, executor, tmp_path / "there")
    assert here.summary == there.summary
    assert (tmp_path / "here/result.json").read_bytes() == (
        tmp_path / "there/result.json"
    ).read_bytes()


def test_held_out_items_of_one_class_cannot_be_scored(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    truth = np.r_[np.tile([0, 1], 10), np.zeros(8, np.int64)]
    names = [f"item-{k}" for k in range(len(truth))]
    path = write_recording(
        tmp_path / "one.h5",
        [
            Stream("rich", draw.normal(size=(len(truth), 3)).astype(np.float32), "1"),
            Stream("cheap", draw.normal(size=(len(truth), 3)).astype(np.float32), "1"),
        ],
        [TargetColumn("side", "classification", truth, classes=("left", "right"))],
        names,
        split=["train"] * 20 + ["test"] * 8,
    )
    plan = PLAN.model_copy(update={"labels": 4})
    with pytest.raises(BadInput, match="one and the same value in all held-out samples"):
        run_seed(path, plan, 0, host=HOST)


@pytest.mark.parametrize("document", [b"", b"\xff{", b"[]", b"{}", b"[" * 100_000, b'{"seed": 1}'])
def test_a_folder_without_a_result_is_refused_in_one_line(document: bytes, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no result of a training seed"):
        SeedResult.load(tmp_path)
    (tmp_path / "result.json").write_bytes(document)
    (tmp_path / "predictions.npz").write_bytes(b"PK\x03\x04torn")
    with pytest.raises(BadInput, match=r"\A[^\n]*no result of a training seed[^\n]*\Z"):
        SeedResult.load(tmp_path)
