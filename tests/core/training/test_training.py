"""Training: the same bits again, whatever interrupts it, and the optimum that is known."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from stillage.errors import BadInput, StillageError
from stillage.network import Network, build_network
from stillage.recording import Recording
from stillage.sensing.augment import View
from stillage.task import LabelState
from stillage.teaching.bank import TeacherBank
from stillage.teaching.objectives.config import ObjectiveConfig
from stillage.teaching.teacher import NetworkTeacher
from stillage.training.checkpoint import FILE
from stillage.training.determinism import batch_rows, deterministic
from stillage.training.loop import train
from stillage.training.plan import TrainPlan
from stillage.training.samples import PreparedSamples, stream_batches
from stillage.training.supervision import Guidance, Labels, Supervision
from tests.core.toys import GRADE, HOST, MATERIAL, TASKS, WEAR, toy_recording

LABEL = (ObjectiveConfig(name="label_loss"),)
BOTH = ("strip", "picture")
DEEP = TrainPlan(steps=24, batch=16, lr=1e-2, seed=5, views=3, validate_every=4, checkpoint_every=5)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return toy_recording(tmp_path_factory.mktemp("toy") / "toy.h5", 120)


def network_for(recording: Recording, modalities: Any, size: str, tasks: Any = TASKS) -> Network:
    network = build_network(recording, modalities, size, tasks, seed=3, host=HOST)
    rows = labelled(recording)
    network.fit_standardise(stream_batches(recording, rows, tuple(modalities), HOST))
    if WEAR in tasks:
        wear = recording.targets["wear"].values[rows]
        network.fit_targets({"wear": torch.from_numpy(wear)})
    return network


def labelled(recording: Recording) -> np.ndarray:
    known = recording.targets["material"].states == LabelState.LABELLED
    return np.flatnonzero(known & recording.presence("strip"))


def labels_of(recording: Recording, rows: np.ndarray, tasks: Any = TASKS) -> dict[str, Labels]:
    return {
        task.target: Labels(recording.targets[task.target].values[rows], np.ones(len(rows), bool))
        for task in tasks
    }


class Stop(Exception):
    """An interruption."""


def interrupt_at(step: int) -> Callable[[int, int, float], None]:
    def progress(done: int, _steps: int, _loss: float) -> None:
        if done == step:
            raise Stop

    return progress


def lessons(recording: Recording, network: Network) -> tuple[PreparedSamples, Supervision]:
    """Half of the samples labelled, the other half told by a teacher's bank in three views."""
    rows = labelled(recording)
    teacher = NetworkTeacher(network_for(recording, BOTH, "small"))
    bank = TeacherBank.build(teacher, recording, rows, DEEP.views, DEEP.seed, host=HOST)
    known = np.arange(len(rows)) % 2 == 0
    labels = {name: Labels(one.values, known) for name, one in labels_of(recording, rows).items()}
    guidance = Guidance(teacher, bank, rows, dict.fromkeys(labels, ~known))
    names = ("label_loss", "soft_target", "feature_hint", "relational_distance")
    terms = [ObjectiveConfig(name=name) for name in names]
    supervision = Supervision(network, labels, terms, guidance, DEEP.batch, DEEP.seed)
    return PreparedSamples(network, recording, rows, host=HOST), supervision


def test_a_teacher_that_is_the_student_has_nothing_to_tell_in_any_view(
    recording: Recording,
) -> None:
    """So the bank's views are the very views that the student sees."""
    network = network_for(recording, ("picture",), "small").eval()
    rows = labelled(recording)[:24]
    rows = rows[recording.presence("picture")[rows]]
    bank = TeacherBank.build(NetworkTeacher(network), recording, rows, 3, 5, host=HOST)
    nobody = {
        name: Labels(one.values, np.zeros(len(rows), bool))
        for name, one in labels_of(recording, rows).items()
    }
    taught = dict.fromkeys(nobody, np.ones(len(rows), bool))
    guidance = Guidance(NetworkTeacher(network), bank, rows, taught)
    supervision = Supervision(network, nobody, (ObjectiveConfig(name="soft_target"),), guidance)
    samples = PreparedSamples(network, recording, rows, host=HOST)
    order = np.random.default_rng(0).permutation(len(rows))
    with torch.no_grad():
        for seen in range(3):
            view = View(5, seen, rows[order])
            outputs = network.forward_prepared(samples.fetch(order, view))
            for told in range(3):
                loss = float(supervision.lesson(order, told).loss(outputs))
                assert (abs(loss) < 1e-6) == (told == seen)


def score(network: Network) -> float:
    """A validation score that rises, then falls, so that the best weights are not the last."""
    return -abs(float(sum(p.detach().abs().sum() for p in network.parameters())) - 60.0)


def test_an_interrupted_training_ends_with_the_very_same_bits(
    recording: Recording, tmp_path: Path
) -> None:
    base = network_for(recording, BOTH, "small")
    whole = copy.deepcopy(base)
    expected = train(whole, *lessons(recording, whole), DEEP, score)
    for step in (4, 5, 13, 23):
        folder = tmp_path / str(step)
        broken = copy.deepcopy(base)
        with pytest.raises(Stop):
            train(broken, *lessons(recording, broken), DEEP, score, folder, interrupt_at(step))
        assert (folder / FILE).is_file() == (step > 5)
        torch.manual_seed(step)  # the caller's random state must not matter
        resumed = copy.deepcopy(base)
        steps: list[int] = []
        result = train(
            resumed,
            *lessons(recording, resumed),
            DEEP,
            score,
            folder,
            lambda done, *_, steps=steps: steps.append(done),
        )
        assert steps[0] == (step - 1) // 5 * 5 + 1
        assert resumed.fingerprint() == whole.fingerprint()
        assert result == expected
        assert not (folder / FILE).exists()


def test_a_damaged_or_foreign_checkpoint_is_not_taken_up(
    recording: Recording, tmp_path: Path
) -> None:
    base = network_for(recording, BOTH, "small")
    whole, broken, again = (copy.deepcopy(base) for _ in range(3))
    train(whole, *lessons(recording, whole), DEEP)
    with pytest.raises(Stop):
        train(broken, *lessons(recording, broken), DEEP, None, tmp_path, interrupt_at(12))
    other = DEEP.model_copy(update={"seed": 6})
    foreign, alone = copy.deepcopy(base), copy.deepcopy(base)
    rows = labelled(recording)

    def told(network: Network) -> tuple[PreparedSamples, Supervision]:
        samples = PreparedSamples(network, recording, rows, host=HOST)
        return samples, Supervision(network, labels_of(recording, rows), LABEL, batch=16)

    train(foreign, *told(foreign), other, None, tmp_path)
    train(alone, *told(alone), other)
    assert foreign.fingerprint() == alone.fingerprint()
    with pytest.raises(Stop):
        train(broken, *lessons(recording, broken), DEEP, None, tmp_path, interrupt_at(12))
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes()[:500])
    train(again, *lessons(recording, again), DEEP, None, tmp_path)
    assert again.fingerprint() == whole.fingerprint()


def test_training_leaves_threads_modes_and_random_state_alone(recording: Recording) -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state(), torch.get_num_threads()
    mode = torch.get_deterministic_debug_mode()
    network = network_for(recording, BOTH, "small")
    train(network, *lessons(recording, network), DEEP)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert torch.get_num_threads() == before[1]
    assert torch.get_deterministic_debug_mode() == mode
    assert not network.training
    with deterministic():
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()


def test_another_seed_is_another_training(recording: Recording) -> None:
    base = network_for(recording, BOTH, "small")
    prints = set()
    for seed in (5, 6):
        network = copy.deepcopy(base)
        train(network, *lessons(recording, network), DEEP.model_copy(update={"seed": seed}))
        prints.add(network.fingerprint())
    assert len(prints) == 2


def test_streamed_samples_train_like_kept_ones(recording: Recording) -> None:
    base = network_for(recording, BOTH, "small")
    kept, streamed = copy.deepcopy(base), copy.deepcopy(base)
    samples, supervision = lessons(recording, kept)
    train(kept, samples, supervision, DEEP)
    _, supervision = lessons(recording, streamed)
    small = PreparedSamples(streamed, recording, samples.samples, limit=1000, host=HOST)
    assert samples.cached
    assert not small.cached
    train(streamed, small, supervision, DEEP)
    for ours, theirs in zip(kept.parameters(), streamed.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_the_best_validated_weights_are_kept(recording: Recording) -> None:
    network = network_for(recording, BOTH, "small")
    seen: dict[int, str] = {}
    scores = iter([0.1, 0.9, 0.2, 0.3, 0.1, 0.1])

    def validate(trained: Network) -> float:
        assert not trained.training
        seen[len(seen) + 1] = trained.fingerprint()
        return next(scores)

    plan = DEEP.model_copy(update={"patience": 3})
    result = train(network, *lessons(recording, network), plan, validate)
    assert (result.best_step, result.steps) == (8, 20)
    assert network.fingerprint() == seen[2]


def linear(recording: Recording, task: Any) -> tuple[Network, PreparedSamples, np.ndarray]:
    network = network_for(recording, ("strip",), "linear", (task,))
    rows = labelled(recording)
    return network, PreparedSamples(network, recording, rows, host=HOST), rows


def test_linear_training_is_the_optimum_of_scikit_learn(recording: Recording) -> None:
    network, samples, rows = linear(recording, MATERIAL)
    labels = labels_of(recording, rows, (MATERIAL,))
    train(network, samples, Supervision(network, labels, LABEL), TrainPlan())
    X, y = samples.features(), labels["material"].values
    peer = LogisticRegression(C=1.0, tol=1e-10, max_iter=10000).fit(X, y)
    np.testing.assert_allclose(
        samples.predict(network)["material"], peer.predict_proba(X), atol=5e-4
    )


def test_soft_targets_are_weighted_labels(recording: Recording) -> None:
    """Learning from probabilities is learning from every class at its probability."""
    network, samples, rows = linear(recording, MATERIAL)
    teacher = NetworkTeacher(network_for(recording, ("strip", "picture"), "small", (MATERIAL,)))
    bank = TeacherBank.build(teacher, recording, rows, host=HOST)
    told = torch.softmax(bank.fetch(rows).heads["material"].double(), 1).numpy()
    nobody = {"material": Labels(np.zeros(len(rows), np.int64), np.zeros(len(rows), bool))}
    guidance = Guidance(teacher, bank, rows, {"material": np.ones(len(rows), bool)})
    terms = (*LABEL, ObjectiveConfig(name="soft_target", parameters={"temperature": 1.0}))
    train(network, samples, Supervision(network, nobody, terms, guidance), TrainPlan())
    X = samples.features()
    peer = LogisticRegression(C=1.0, tol=1e-10, max_iter=10000).fit(
        np.tile(X, (3, 1)), np.repeat(np.arange(3), len(X)), sample_weight=told.T.ravel()
    )
    np.testing.assert_allclose(
        samples.predict(network)["material"], peer.predict_proba(X), atol=5e-4
    )


def test_linear_regression_is_ridge(recording: Recording) -> None:
    network, samples, rows = linear(recording, WEAR)
    labels = labels_of(recording, rows, (WEAR,))
    train(network, samples, Supervision(network, labels, LABEL), TrainPlan(penalty=6.0))
    X, y = samples.features(), labels["wear"].values
    peer = Ridge(alpha=3.0).fit(X, (y - y.mean()) / y.std())  # ours has no half before squares
    expected = peer.predict(X) * y.std() + y.mean()
    np.testing.assert_allclose(samples.predict(network)["wear"], expected, atol=1e-3)


def test_linear_ordinal_cannot_be_bettered(recording: Recording) -> None:
    network, samples, rows = linear(recording, GRADE)
    labels = labels_of(recording, rows, (GRADE,))
    supervision = Supervision(network, labels, LABEL)
    train(network, samples, supervision, TrainPlan())
    everything = np.arange(len(rows))
    prepared, lesson = samples.fetch(everything), supervision.lesson(everything)

    def objective(trained: Network) -> torch.Tensor:
        squares = sum((p**2).sum() for p in trained.parameters() if p.ndim > 1)
        return lesson.loss(trained.forward_prepared(prepared)) * len(rows) + squares / 2

    value = objective(network)
    gradients = torch.autograd.grad(value, list(network.parameters()), allow_unused=True)
    assert max(float(g.abs().max()) for g in gradients if g is not None) < 0.05
    rng = torch.Generator().manual_seed(0)
    for _ in range(20):
        moved = copy.deepcopy(network)
        for p in moved.parameters():
            p.data += 0.05 * torch.randn(p.shape, generator=rng)
        assert objective(moved) > value


def test_streamed_linear_training_is_the_same_optimum(recording: Recording) -> None:
    network, samples, rows = linear(recording, MATERIAL)
    other = copy.deepcopy(network)
    labels = labels_of(recording, rows, (MATERIAL,))
    small = PreparedSamples(other, recording, rows, limit=10, host=HOST)
    train(network, samples, Supervision(network, labels, LABEL), TrainPlan())
    train(other, small, Supervision(other, labels, LABEL), TrainPlan())
    np.testing.assert_allclose(
        samples.predict(network)["material"], samples.predict(other)["material"], atol=1e-5
    )


def test_batches_cover_every_row_once_an_epoch() -> None:
    rows = np.concatenate([batch_rows(9, step, 7, 30)[0] for step in range(30)])
    for epoch in range(7):
        assert sorted(rows[epoch * 30 : (epoch + 1) * 30]) == list(range(30))
    assert (rows[:30] != rows[30:60]).any()


def test_hidden_values_are_blanked() -> None:
    labels = Labels(np.array([2, 1, 2]), np.array([True, False, True]))
    assert labels.values.tolist() == [2, 0, 2]
    values = Labels(np.array([np.nan, 1.5]), np.array([False, True])).values
    assert values.tolist() == [0.0, 1.5]


def test_what_cannot_be_trained_is_refused_in_one_line(recording: Recording) -> None:
    network = network_for(recording, BOTH, "small")
    samples, supervision = lessons(recording, network)
    with pytest.raises(BadInput, match="convex"):
        train(network, samples, supervision, TrainPlan(method="convex"))
    with pytest.raises(BadInput, match="no samples"):
        train(network, samples.subset(np.zeros(0, np.int64)), supervision, TrainPlan())
    with pytest.raises(BadInput, match="nosuch"):
        Supervision(network, {}, (ObjectiveConfig(name="nosuch"),))
    with pytest.raises(StillageError, match="learning rate"):
        train(network, samples, supervision, TrainPlan(steps=60, lr=1e30, clip=1e30))
