"""Teachers are frozen, fingerprinted, and need not be torch."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression

from stillage.errors import BadInput
from stillage.network import Network, build_network
from stillage.network.batch import Batch, load_batch
from stillage.recording import Recording
from stillage.sensing.augment import View
from stillage.teaching.objectives.base import Objective, ObjectiveContext, Ports
from stillage.teaching.objectives.feature_hint import FeatureHint
from stillage.teaching.objectives.label_loss import LabelLoss
from stillage.teaching.objectives.relational_distance import RelationalDistance
from stillage.teaching.objectives.soft_target import SoftTarget
from stillage.teaching.teacher import EnsembleTeacher, NetworkTeacher, SklearnTeacher, Teacher
from tests.core.toys import HOST, MATERIAL, TASKS, toy_recording

BOTH = ["strip", "picture"]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return toy_recording(tmp_path_factory.mktemp("toys") / "toys.h5")


@pytest.fixture(scope="module")
def batch(recording: Recording) -> Batch:
    return load_batch(recording, np.arange(recording.samples), BOTH, TASKS, host=HOST)


def network(recording: Recording, batch: Batch, seed: int = 0) -> Network:
    made = build_network(recording, BOTH, "small", TASKS, seed=seed, width=6, host=HOST)
    made.fit_standardise([batch])
    return made


def sklearn_teacher(recording: Recording, batch: Batch) -> SklearnTeacher:
    plain = build_network(recording, BOTH, "linear", TASKS, host=HOST)
    plain.fit_standardise([batch])
    estimators = {
        "material": LogisticRegression(max_iter=1000),
        "grade": ExtraTreesClassifier(20, random_state=0),
        "wear": ExtraTreesRegressor(20, random_state=0),
    }
    return SklearnTeacher.fit(plain, estimators, batch)


def test_teacher_is_frozen_bit_by_bit_while_a_student_learns(
    recording: Recording, batch: Batch
) -> None:
    source = network(recording, batch).train()
    for module in source.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.get_buffer("running_mean").uniform_(-1, 1)
    teacher = NetworkTeacher(source)
    assert isinstance(teacher, Teacher)
    before = teacher.fingerprint()
    buffers = {n: b.clone() for n, b in teacher.network.named_buffers()}
    student = build_network(recording, ["strip"], "small", TASKS, seed=1, width=6, host=HOST)
    student.fit_standardise([batch])
    told = teacher.predict(batch)
    statistics = (told.features.mean(0), told.features.std(0))
    objectives: list[Objective] = [SoftTarget(), FeatureHint(), RelationalDistance(), LabelLoss()]
    context = ObjectiveContext.of(student, teacher, len(batch), statistics)
    for objective in objectives:
        objective.bind(context)
    learnt = [*student.parameters(), *(p for o in objectives for p in o.parameters())]
    optimiser = torch.optim.SGD(learnt, lr=0.01)
    start = student.fingerprint()
    teacher.network.train()  # someone's mistake
    for _ in range(5):
        told = teacher.predict(batch)
        assert not told.features.requires_grad
        assert not told.features.is_inference()
        ports = Ports(student.train()(batch), told, batch.targets, batch.states)
        loss = torch.stack([o(ports) for o in objectives]).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert student.fingerprint() != start
    assert teacher.fingerprint() == before
    assert all(torch.equal(b, buffers[n]) for n, b in teacher.network.named_buffers())
    assert not any(p.requires_grad or p.grad is not None for p in teacher.network.parameters())
    assert not any(m.training for m in teacher.network.modules())


def test_dropout_is_off_and_the_handed_over_network_is_another_one(
    recording: Recording, batch: Batch
) -> None:
    source = network(recording, batch).train()
    teacher = NetworkTeacher(source)
    torch.manual_seed(0)
    first = teacher.predict(batch)
    torch.manual_seed(1)
    second = teacher.predict(batch)
    assert torch.equal(first.features, second.features)
    before = teacher.fingerprint()
    source(batch)  # moves the batch statistics of the source
    with torch.no_grad():
        next(source.parameters()).add_(1.0)
    assert teacher.fingerprint() == before != source.fingerprint()
    assert all(p.requires_grad for p in source.parameters())


def test_ensemble_averages_probabilities(recording: Recording, batch: Batch) -> None:
    members = [NetworkTeacher(network(recording, batch, seed)) for seed in (1, 2, 3)]
    ensemble = EnsembleTeacher(members)
    assert isinstance(ensemble, Teacher)
    outputs = ensemble.predict(batch)
    each = [m.predict(batch) for m in members]
    for task in TASKS:
        want = np.mean([task.predict(o.heads[task.target].numpy()) for o in each], 0)
        np.testing.assert_allclose(
            task.predict(outputs.heads[task.target].numpy()), want, atol=1e-5
        )
    assert ensemble.feature_width == outputs.features.shape[1] == 18
    one, other = EnsembleTeacher(members[:2]), EnsembleTeacher(members[1:])
    assert len({ensemble.fingerprint(), one.fingerprint(), other.fingerprint()}) == 3
    alone = EnsembleTeacher(members[:1]).predict(batch)
    np.testing.assert_allclose(alone.heads["grade"].numpy(), each[0].heads["grade"], atol=1e-5)


def test_ensemble_refuses_members_of_other_tasks(recording: Recording, batch: Batch) -> None:
    turned = MATERIAL.model_copy(update={"classes": ("PP", "PET", "PS")})
    members = [
        NetworkTeacher(build_network(recording, ["strip"], "linear", [t], host=HOST))
        for t in (MATERIAL, turned)
    ]
    with pytest.raises(BadInput, match="class by class"):
        EnsembleTeacher(members)
    with pytest.raises(BadInput, match="at least one"):
        EnsembleTeacher([])


def test_sklearn_estimators_teach(recording: Recording, batch: Batch) -> None:
    teacher = sklearn_teacher(recording, batch)
    assert isinstance(teacher, Teacher)
    outputs = teacher.predict(batch)
    matrix = outputs.features.numpy()
    for task in TASKS:
        estimator = teacher.estimators[task.target]
        told = task.predict(outputs.heads[task.target].numpy())
        if task.kind == "regression":
            np.testing.assert_allclose(told, estimator.predict(matrix), rtol=1e-6)
        else:
            np.testing.assert_allclose(told, estimator.predict_proba(matrix), atol=1e-6)
    assert len(teacher.fingerprint()) == 64
    assert teacher.fingerprint() == copy.deepcopy(teacher).fingerprint()
    assert teacher.fingerprint() == pickle.loads(pickle.dumps(teacher)).fingerprint()
    again = sklearn_teacher(recording, batch)
    again.estimators["material"].coef_ += 1e-9
    assert again.fingerprint() != teacher.fingerprint()
    student = build_network(recording, ["strip"], "linear", TASKS, host=HOST)
    objective = SoftTarget()
    objective.bind(ObjectiveContext.of(student, teacher, 8))
    assert float(objective(Ports(student(batch), outputs)).detach()) > 0


def test_sklearn_classes_that_were_never_seen_get_the_least_chance(
    recording: Recording, batch: Batch
) -> None:
    kept = np.flatnonzero((batch.targets["material"] != 1) & (batch.states["material"] == 1))
    plain = build_network(recording, BOTH, "linear", ["material"], host=HOST)
    plain.fit_standardise([batch])
    teacher = SklearnTeacher.fit(
        plain, {"material": LogisticRegression(max_iter=1000)}, batch.select(kept)
    )
    chances = MATERIAL.predict(teacher.predict(batch).heads["material"].numpy())
    assert chances[:, 1].max() < 1e-6
    assert np.isfinite(chances).all()


def test_sklearn_teacher_refuses_what_it_cannot_wrap(recording: Recording, batch: Batch) -> None:
    with pytest.raises(BadInput, match="size 'linear'"):
        SklearnTeacher(network(recording, batch), {})
    plain = build_network(recording, BOTH, "linear", TASKS, host=HOST)
    with pytest.raises(BadInput, match="no estimator of 'material'"):
        SklearnTeacher(plain, {})
    wide = build_network(recording, BOTH, "linear", TASKS, width=4, host=HOST)
    with pytest.raises(BadInput, match="width 0"):
        SklearnTeacher(wide, {})


def test_views_reach_the_teacher(recording: Recording, batch: Batch, tmp_path: Path) -> None:
    teacher = NetworkTeacher(network(recording, batch))
    plain, same = teacher.predict(batch), teacher.predict(batch, View(3, 0, batch.samples))
    other = teacher.predict(batch, View(3, 1, batch.samples))
    assert torch.equal(plain.features, same.features)
    assert not torch.equal(plain.features, other.features)
