"""The bank says what the live teacher says, whatever happened to its files."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stillage.errors import BadInput, StillageError
from stillage.network import Network, build_network
from stillage.network.batch import Batch, Outputs, load_batch
from stillage.recording import Recording
from stillage.sensing.augment import View
from stillage.teaching.bank import TeacherBank
from stillage.teaching.objectives.base import ObjectiveContext, Ports
from stillage.teaching.objectives.feature_hint import FeatureHint
from stillage.teaching.objectives.relational_distance import RelationalDistance
from stillage.teaching.objectives.soft_target import SoftTarget
from stillage.teaching.teacher import NetworkTeacher
from tests.core.toys import HOST, TASKS, toy_recording

BOTH = ["strip", "picture"]


@dataclass
class Counting:
    """A real teacher that counts what it is asked."""

    inner: NetworkTeacher
    asked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.modalities, self.tasks = self.inner.modalities, self.inner.tasks
        self.feature_width = self.inner.feature_width

    def predict(self, batch: Batch, view: View | None = None) -> Outputs:
        self.asked.append(len(batch))
        return self.inner.predict(batch, view)

    def fingerprint(self) -> str:
        return self.inner.fingerprint()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return toy_recording(tmp_path_factory.mktemp("toys") / "toys.h5", count=300)


@pytest.fixture(scope="module")
def samples(recording: Recording) -> np.ndarray:
    """In no order, and only those that the teacher can tell."""
    heard = recording.presence("strip") | recording.presence("picture")
    return np.random.default_rng(0).permutation(np.flatnonzero(heard))[:230]


@pytest.fixture
def teacher(recording: Recording) -> Counting:
    network = build_network(recording, BOTH, "small", TASKS, seed=1, width=6, host=HOST)
    whole = load_batch(recording, np.arange(300), BOTH, host=HOST)
    network.fit_standardise([whole])
    network.train()(whole)
    return Counting(NetworkTeacher(network))


def live(
    teacher: Counting, recording: Recording, some: np.ndarray, view: int, seed: int
) -> Outputs:
    batch = load_batch(recording, some, BOTH, host=HOST)
    return teacher.inner.predict(batch, View(seed, view, some))


@pytest.mark.parametrize("stored", [True, False])
def test_bank_equals_the_live_teacher_in_every_view(
    teacher: Counting, recording: Recording, samples: np.ndarray, tmp_path: Path, stored: bool
) -> None:
    folder = tmp_path if stored else None
    bank = TeacherBank.build(
        teacher, recording, samples, 3, seed=5, folder=folder, host=HOST, part_rows=64
    )
    assert bank.parts == 4
    some = samples[[7, 200, 3, 3, 90]]
    for view in range(3):
        want, got = live(teacher, recording, some, view, 5), bank.fetch(some, view)
        torch.testing.assert_close(got.features, want.features, atol=1e-6, rtol=1e-6)
        for target, values in want.heads.items():
            torch.testing.assert_close(got.heads[target], values, atol=1e-6, rtol=1e-6)
            assert got.heads[target].dtype == torch.float32
    assert not torch.equal(bank.fetch(some, 0).features, bank.fetch(some, 1).features)
    assert bank.verify(teacher, recording, 500, host=HOST) <= 1e-6
    mean, std = bank.statistics()
    everything = bank.fetch(samples).features
    torch.testing.assert_close(mean, everything.mean(0), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(std, everything.std(0, correction=0), atol=1e-5, rtol=1e-5)
    copied = pickle.loads(pickle.dumps(bank))
    assert torch.equal(copied.fetch(some, 2).features, bank.fetch(some, 2).features)


def test_a_bank_without_features_holds_the_same_heads(
    teacher: Counting, recording: Recording, samples: np.ndarray, tmp_path: Path
) -> None:
    whole = TeacherBank.build(teacher, recording, samples, folder=tmp_path, host=HOST)
    heads = TeacherBank.build(
        teacher, recording, samples, folder=tmp_path, host=HOST, features=False
    )
    assert heads.key != whole.key
    assert heads.columns == whole.columns - teacher.feature_width
    got, want = heads.fetch(samples), whole.fetch(samples)
    assert got.features.shape == (len(samples), 0)
    for target, values in want.heads.items():
        assert torch.equal(got.heads[target], values)
    assert heads.verify(teacher, recording, host=HOST) <= 1e-6


def test_a_stored_bank_is_asked_for_once(
    teacher: Counting, recording: Recording, samples: np.ndarray, tmp_path: Path
) -> None:
    steps: list[tuple[int, int]] = []
    TeacherBank.build(
        teacher,
        recording,
        samples,
        2,
        folder=tmp_path,
        host=HOST,
        progress=lambda done, all_: steps.append((done, all_)),
    )
    assert sum(teacher.asked) == 2 * len(samples)
    assert steps[-1] == (len(samples), len(samples))
    teacher.asked.clear()
    bank = TeacherBank.build(teacher, recording, samples[::-1], 2, folder=tmp_path, host=HOST)
    assert sum(teacher.asked) == 64  # one block, to check that the bank is this teacher's
    names = sorted(p.name for p in tmp_path.rglob("*") if p.is_file())
    assert names == [
        "bank.json", "samples.npy", "v000-p00000.npy", "v000-p00000.sha256",
        "v001-p00000.npy", "v001-p00000.sha256",
    ]  # fmt: skip
    assert [p.name for p in tmp_path.iterdir()] == [bank.key[:32]]


@pytest.mark.parametrize("damage", ["flip", "cut", "gone", "no digest", "pickle", "empty"])
def test_a_damaged_part_is_found_and_made_again(
    teacher: Counting, recording: Recording, samples: np.ndarray, tmp_path: Path, damage: str
) -> None:
    build: dict[str, Any] = {"folder": tmp_path, "host": HOST, "part_rows": 64}
    bank = TeacherBank.build(teacher, recording, samples, 2, **build)
    want = bank.fetch(samples, 1)
    assert bank.folder is not None
    file = bank.folder / "v001-p00002.npy"
    content = bytearray(file.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif damage == "cut":
        file.write_bytes(content[:-9])
    elif damage == "gone":
        file.unlink()
    elif damage == "no digest":
        file.with_suffix(".sha256").unlink()
    elif damage == "pickle":
        np.save(file, np.array([{"a": 1}], object), allow_pickle=True)
    else:
        file.write_bytes(b"")
    teacher.asked.clear()
    again = TeacherBank.build(teacher, recording, samples, 2, **build)
    assert sum(teacher.asked) == 64 + 64  # the one part, and one block to check the rest
    assert torch.equal(again.fetch(samples, 1).features, want.features)


def test_parts_that_survive_a_kill_are_kept(
    teacher: Counting, recording: Recording, samples: np.ndarray, tmp_path: Path
) -> None:
    build: dict[str, Any] = {"folder": tmp_path, "host": HOST, "part_rows": 64}

    def die(done: int, count: int) -> None:
        if done >= 128:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        TeacherBank.build(teacher, recording, samples, 1, progress=die, **build)
    assert sum(teacher.asked) == 128
    teacher.asked.clear()
    bank = TeacherBank.build(teacher, recording, samples, 1, **build)
    assert sum(teacher.asked) == len(samples) - 128 + 64
    assert bank.verify(teacher, recording, 300, host=HOST) <= 1e-6


def test_a_bank_that_only_claims_to_be_this_teacher_s_is_made_again(
    teacher: Counting, recording: Recording, samples: np.ndarray, tmp_path: Path
) -> None:
    bank = TeacherBank.build(teacher, recording, samples, folder=tmp_path, host=HOST)
    want = bank.fetch(samples)
    network = Network(teacher.inner.network.config, HOST, seed=77)
    impostor = Counting(NetworkTeacher(network))
    impostor.fingerprint = teacher.fingerprint  # type: ignore[method-assign]
    with pytest.raises(StillageError, match="differs from its teacher"):
        bank.verify(impostor, recording, host=HOST)
    other = TeacherBank.build(impostor, recording, samples, folder=tmp_path, host=HOST)
    assert other.verify(impostor, recording, host=HOST) <= 1e-6
    assert not torch.equal(other.fetch(samples).features, want.features)


def test_the_key_is_the_content(
    teacher: Counting, recording: Recording, samples: np.ndarray, tmp_path: Path
) -> None:
    def key(of: Counting = teacher, rec: Recording = recording, *args: object) -> str:
        return TeacherBank.build(of, rec, *(args or (samples,)), host=HOST).key  # type: ignore[arg-type]

    same = key()
    assert same == key() == key(teacher, recording, samples[::-1])
    assert same == key(teacher, recording, samples, 1, 9)  # one view: its seed draws nothing
    changed = Counting(NetworkTeacher(teacher.inner.network))
    changed.inner.network.standards[0].get_buffer("mean").add_(0.5)
    elsewhere = toy_recording(tmp_path / "other.h5", count=300, seed=1)
    keys = {
        same,
        key(changed),
        key(teacher, elsewhere),
        key(teacher, recording, samples[:-1]),
        key(teacher, recording, samples, 2),
        key(teacher, recording, samples, 2, 1),
    }
    assert len(keys) == 6


def test_what_the_bank_cannot_tell_is_refused(
    teacher: Counting, recording: Recording, samples: np.ndarray
) -> None:
    bank = TeacherBank.build(teacher, recording, samples[:9], host=HOST)
    with pytest.raises(BadInput, match=f"no sample {samples[10]}"):
        bank.fetch(samples[[0, 10]])
    with pytest.raises(BadInput, match="no view 1"):
        bank.fetch(samples[:2], 1)
    deaf = np.flatnonzero(~(recording.presence("strip") | recording.presence("picture")))
    with pytest.raises(BadInput, match=f"sample {deaf[0]} with none of"):
        TeacherBank.build(teacher, recording, deaf, host=HOST)
    with pytest.raises(BadInput, match="0 views"):
        TeacherBank.build(teacher, recording, samples, 0, host=HOST)
    with torch.no_grad():
        teacher.inner.network.head("wear").get_parameter("linear.bias").fill_(float("nan"))
    with pytest.raises(BadInput, match="NaN"):
        TeacherBank.build(teacher, recording, samples, host=HOST)


def test_distilling_from_the_bank_gives_the_losses_of_the_live_teacher(
    teacher: Counting, recording: Recording, samples: np.ndarray
) -> None:
    bank = TeacherBank.build(teacher, recording, samples, 2, seed=3, host=HOST)

    def losses(from_bank: bool) -> list[float]:
        student = build_network(recording, ["strip"], "small", TASKS, seed=4, width=6, host=HOST)
        student.fit_standardise([load_batch(recording, samples, ["strip"], host=HOST)])
        objectives = [SoftTarget(), FeatureHint(), RelationalDistance()]
        context = ObjectiveContext.of(student, teacher, 32, bank.statistics())
        for objective in objectives:
            objective.bind(context)
        learnt = [*student.parameters(), *(p for o in objectives for p in o.parameters())]
        optimiser = torch.optim.Adam(learnt, lr=1e-3)
        order = np.random.default_rng(1)
        torch.manual_seed(0)
        seen = []
        for step in range(30):
            some, view = order.choice(samples, 32, replace=False), step % 2
            batch = load_batch(recording, some, BOTH, host=HOST)
            told = (
                bank.fetch(some, view) if from_bank else teacher.predict(batch, View(3, view, some))
            )
            prepared = student.prepare(batch, View(3, view, some))
            ports = Ports(student.train().forward_prepared(prepared), told)
            loss = torch.stack([o(ports) for o in objectives]).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            seen.append(loss.item())
        return seen

    np.testing.assert_allclose(losses(True), losses(False), rtol=2e-5)
    assert losses(True) == losses(True)
