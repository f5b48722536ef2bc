"""The network: what it computes, what it ignores, and that its seed is all it depends on."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from stillage.errors import BadInput
from stillage.network import Network, NetworkConfig, build_network
from stillage.network.batch import Batch, Prepared, load_batch, target_tensors
from stillage.network.heads import OrdinalHead, RegressionHead, build_head
from stillage.network.standardise import Standardise
from stillage.network.student import Student
from stillage.recording import Recording
from stillage.sensing.augment import View
from tests.core.toys import GRADE, HOST, MATERIAL, TASKS, WEAR, toy_recording


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return toy_recording(tmp_path_factory.mktemp("toys") / "toys.h5")


def whole(recording: Recording, *modalities: str) -> Batch:
    return load_batch(recording, np.arange(recording.samples), modalities, TASKS, host=HOST)


def made(recording: Recording, fusion: str = "concat", seed: int = 0) -> Network:
    network = build_network(
        recording, ["strip", "picture"], "small", TASKS, fusion, seed, width=6, host=HOST
    )
    network.fit_standardise([whole(recording, "strip", "picture")])
    for parameter in network.fusion.parameters():
        torch.nn.init.normal_(parameter, generator=torch.Generator().manual_seed(4))
    return network.eval()


def test_linear_network_is_multinomial_logistic_regression(recording: Recording) -> None:
    batch = whole(recording, "strip")
    kept = np.flatnonzero((batch.presence["strip"] & (batch.states["material"] == 1)).numpy())
    batch = batch.select(kept)
    network = build_network(recording, ["strip"], "linear", ["material"], host=HOST)
    network.fit_standardise([batch.select(np.arange(30)), batch.select(np.arange(30, len(kept)))])
    raw, truth = batch.raw["strip"].numpy(), batch.targets["material"].numpy()
    scaler = StandardScaler().fit(raw.astype(np.float64))
    model = LogisticRegression().fit(scaler.transform(raw), truth)
    assert [tuple(p.shape) for p in network.parameters() if p.requires_grad] == [(4,), (3, 4), (3,)]
    with torch.no_grad():
        head = network.head("material")
        head.get_parameter("linear.weight").copy_(torch.from_numpy(model.coef_))
        head.get_parameter("linear.bias").copy_(torch.from_numpy(model.intercept_))
        outputs = network(batch)
    np.testing.assert_allclose(
        MATERIAL.predict(outputs.heads["material"].numpy()),
        model.predict_proba(scaler.transform(raw)),
        atol=2e-6,
    )
    np.testing.assert_allclose(outputs.features.numpy(), scaler.transform(raw), atol=2e-6)


@pytest.mark.parametrize("fusion", ["concat", "gated"])
@pytest.mark.parametrize("garbage", [0.0, 1e30, float("nan"), float("-inf")])
def test_absent_is_absent_whatever_the_raw_row_holds(
    recording: Recording, fusion: str, garbage: float
) -> None:
    network = made(recording, fusion)
    batch = whole(recording, "strip", "picture")
    dirty = copy.deepcopy(batch)
    dirty.raw["strip"][~batch.presence["strip"]] = garbage
    dirty.raw["picture"][~batch.presence["picture"]] = 137
    for training in (False, True):
        network.train(training)
        results = []
        for some in (batch, dirty):
            twin = copy.deepcopy(network)
            torch.manual_seed(0)
            outputs = twin(some)
            outputs.features.sum().backward()
            gradients = [p.grad for p in twin.parameters() if p.grad is not None]
            results.append([outputs.features, *outputs.heads.values(), *gradients, *twin.buffers()])
        for a, b in zip(*results, strict=True):
            assert torch.equal(a, b)
            assert torch.isfinite(a).all()


def test_absent_samples_stay_out_of_batch_statistics(recording: Recording) -> None:
    batch = whole(recording, "strip", "picture")
    present = batch.presence["strip"] & batch.presence["picture"]
    some = made(recording).train()
    alone = copy.deepcopy(some)
    rows = np.flatnonzero(batch.presence["strip"].numpy())
    some(batch)
    alone(batch.select(rows))
    mean = some.encoders[0].get_buffer("body.2.running_mean")
    torch.testing.assert_close(mean, alone.encoders[0].get_buffer("body.2.running_mean"))
    assert int(present.sum()) < len(rows) < len(batch)


def test_a_modality_left_out_equals_an_absent_one(recording: Recording) -> None:
    for fusion in ("concat", "gated"):
        network = made(recording, fusion)
        both = whole(recording, "strip", "picture")
        both.presence["picture"] = torch.zeros(len(both), dtype=torch.bool)
        without = whole(recording, "strip")
        with torch.no_grad():
            torch.testing.assert_close(network(without).features, network(both).features)
    with pytest.raises(BadInput, match="at least one of"):
        network(whole(recording, "chirp"))


def test_same_seed_same_network_and_the_global_generator_is_left_alone(
    recording: Recording,
) -> None:
    torch.manual_seed(9)
    state = torch.get_rng_state()
    first = build_network(recording, ["strip", "picture"], "small", TASKS, seed=7, host=HOST)
    assert torch.equal(state, torch.get_rng_state())
    torch.manual_seed(10)
    again = build_network(recording, ["strip", "picture"], "small", TASKS, seed=7, host=HOST)
    other = build_network(recording, ["strip", "picture"], "small", TASKS, seed=8, host=HOST)
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()
    alone = build_network(recording, ["picture"], "small", TASKS, seed=7, host=HOST)
    weight = alone.encoders[0].state_dict()["body.1.weight"]
    assert torch.equal(weight, first.encoders[1].state_dict()["body.1.weight"])


def test_fingerprint_sees_parameters_buffers_and_configuration(recording: Recording) -> None:
    network = made(recording)
    before = network.fingerprint()
    mean = network.encoders[0].get_buffer("body.2.running_mean")
    for change in (mean, network.standards[1].get_buffer("std")):
        change.add_(1.0)
        assert network.fingerprint() != before
        change.sub_(1.0)
    with torch.no_grad():
        network.head("wear").get_parameter("linear.bias").add_(1.0)
    assert network.fingerprint() != before
    config = network.config.model_copy(update={"tasks": (*TASKS[:2], WEAR.model_copy(
        update={"unit": "g"})),})  # fmt: skip
    changed = copy.deepcopy(network)
    changed.config = config
    assert changed.fingerprint() != network.fingerprint()


def test_prepared_tensors_can_be_kept_and_augmented(recording: Recording) -> None:
    network = made(recording)
    batch = whole(recording, "strip", "picture")
    prepared = network.prepare(batch)
    assert all(not v.requires_grad for v in prepared.values.values())
    assert bool((prepared.values["strip"][~batch.presence["strip"]] == 0).all())
    rows = np.array([8, 3, 3])
    torch.testing.assert_close(
        network.forward_prepared(prepared.select(rows)).features,
        network(batch).features[rows],
    )
    view = View(5, 2, batch.samples)
    fresh, later = network.prepare(batch, view), network.augment(prepared, view)
    assert not torch.equal(fresh.values["picture"], prepared.values["picture"])
    torch.testing.assert_close(fresh.values["picture"], later.values["picture"])
    assert torch.equal(fresh.values["strip"], prepared.values["strip"])
    assert network.augment(prepared, View(5, 0, batch.samples)) is prepared
    joined = Prepared.concatenate([prepared.select(rows), prepared.select(rows)])
    assert len(joined) == 6
    assert joined.nbytes == 6 * 4 * (4 + 36)


def test_standardise_against_numpy() -> None:
    draw = np.random.default_rng(0)
    values = (draw.normal(size=(50, 3, 5)) * [[[2.0]], [[7.0]], [[1.0]]][1] + 1000).astype("f4")
    values[:, 2] = 4.0
    for mode, axes in (("element", (0,)), ("channel", (0, 2))):
        scale = Standardise((3, 5), mode)  # type: ignore[arg-type]
        for piece in np.split(values, [1, 20]):
            scale.update(torch.from_numpy(piece))
        scale.finish()
        exact = values.astype(np.float64)
        mean, std = exact.mean(axes, keepdims=True)[0], exact.std(axes, keepdims=True)[0]
        np.testing.assert_allclose(scale.mean.numpy(), mean, rtol=1e-6)
        np.testing.assert_allclose(scale.std.numpy(), np.where(std == 0, 1, std), rtol=1e-5)
        assert bool((scale(torch.from_numpy(values))[:, 2] == 0).all())
    none = Standardise((3, 5), "none")
    assert torch.equal(none(torch.from_numpy(values)), torch.from_numpy(values))


def test_heads_as_one_linear_layer_and_ordinal_order() -> None:
    torch.manual_seed(0)
    features = torch.randn(20, 5)
    for task in TASKS:
        head = build_head(task, 5)
        for parameter in head.parameters():
            torch.nn.init.normal_(parameter, std=2.0)
        if isinstance(head, RegressionHead):
            values = torch.tensor([3.0, 5.0])
            head.fit(values)
            torch.testing.assert_close(head.normalise(values), torch.tensor([-1.0, 1.0]))
        assert head(features).shape == (20, task.width)
        torch.testing.assert_close(head.as_linear()(features), head(features))
        if isinstance(head, OrdinalHead):
            assert bool((head.thresholds().diff() <= 0).all())
            chances = task.predict(head(features).detach().numpy())
            np.testing.assert_allclose(chances.sum(1), 1.0, atol=1e-9)
    start = build_head(GRADE, 5)
    assert isinstance(start, OrdinalHead)
    equal = GRADE.predict(start.thresholds().detach()[None].numpy())
    np.testing.assert_allclose(equal, 1 / 3, atol=1e-6)


def test_targets_are_fitted_from_labelled_values(recording: Recording) -> None:
    network = made(recording)
    network.fit_targets({"wear": torch.tensor([1.0, 5.0]), "material": torch.tensor([1])})
    head = network.head("wear")
    assert isinstance(head, RegressionHead)
    assert (float(head.mean), float(head.scale)) == (3.0, 2.0)
    with pytest.raises(BadInput, match="no labelled value"):
        network.fit_targets({"wear": torch.zeros(0)})
    with pytest.raises(BadInput, match="colour"):
        network.head("colour")


def test_batches_read_only_what_is_asked_for(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    read = Recording.read

    def spy(self: Recording, name: str, samples: np.ndarray) -> object:
        asked.append(name)
        return read(self, name, samples)

    monkeypatch.setattr(Recording, "read", spy)
    batch = load_batch(recording, np.array([4, 0, 20]), ["strip"], [MATERIAL], host=HOST)
    assert asked == ["strip"]
    assert batch.presence["strip"].tolist() == [False, True, True]
    assert batch.states["material"].tolist() == [1, 1, -1]
    ragged = load_batch(recording, np.array([0, 1]), ["chirp"], host=HOST)
    assert ragged.raw["chirp"].shape == (2, 8)
    for wrong, says in ((["nir"], "no modality 'nir'"),):
        with pytest.raises(BadInput, match=says):
            load_batch(recording, np.array([0]), wrong, host=HOST)
    other = MATERIAL.model_copy(update={"target": "colour"})
    with pytest.raises(BadInput, match="no target 'colour'"):
        load_batch(recording, np.array([0]), ["strip"], [other], host=HOST)


def test_classes_are_matched_by_name(recording: Recording) -> None:
    samples = np.arange(recording.samples)
    column = recording.targets["material"]
    fewer = MATERIAL.model_copy(update={"classes": ("PS", "PET")})
    values, states = target_tensors(column, fewer, samples)
    for sample in range(25, 60):
        name = column.classes[column.values[sample]]
        if name == "PP":
            assert int(states[sample]) == -1
        else:
            assert fewer.classes[int(values[sample])] == name
            assert int(states[sample]) == 1
    with pytest.raises(BadInput, match="kind 'classification'"):
        target_tensors(column, GRADE.model_copy(update={"target": "material"}), samples)
    with pytest.raises(BadInput, match="unit 'kg'"):
        target_tensors(recording.targets["wear"], WEAR.model_copy(update={"unit": "g"}), samples)


def test_build_says_what_does_not_fit(recording: Recording) -> None:
    cases = [
        (["nir"], None, "no modality 'nir'"),
        (["strip", "strip"], None, "each modality once"),
        (["strip"], "huge", "size 'huge'"),
        (["strip"], {"picture": "small"}, "each modality once"),
    ]
    for modalities, size, says in cases:
        with pytest.raises(BadInput, match=says):
            build_network(recording, modalities, size, TASKS, host=HOST)
    with pytest.raises(BadInput, match="no target 'colour'"):
        build_network(recording, ["strip"], None, ["colour"], host=HOST)
    with pytest.raises(BadInput, match="fusion 'sum': found no such fusion"):
        build_network(recording, ["strip"], None, TASKS, "sum", host=HOST)
    with pytest.raises(BadInput, match="at least 1"):
        build_network(recording, ["strip"], None, [], host=HOST)
    shape = {"modalities": {"strip": {"size": "linear", "shape": (5,)}}, "tasks": TASKS}
    with pytest.raises(BadInput, match=r"\(5,\).*band=4"):
        Network(NetworkConfig.model_validate(shape), HOST)
    with pytest.raises(BadInput, match="no reading in the training samples"):
        made(recording).fit_standardise([whole(recording, "strip")])


def test_default_sizes_and_students(recording: Recording) -> None:
    student = build_network(recording, ["strip", "picture"], tasks=TASKS, host=HOST, kind=Student)
    assert [m.size for m in student.config.modalities.values()] == ["linear", "small"]
    assert student.exportable
    assert (student.width, student.cost.price_eur, student.cost.energy_j) == (64, 4.0, 1.0)
    linear = build_network(recording, ["strip", "picture"], "linear", TASKS, host=HOST)
    assert linear.width == 4 + 36
    ragged = build_network(recording, ["chirp"], "linear", TASKS, host=HOST)
    assert ragged.config.modalities["chirp"].shape == (8,)


def test_example_path_is_not_needed(tmp_path: Path, recording: Recording) -> None:
    network = made(recording)
    network.save(tmp_path / "net")
    assert sorted(p.name for p in (tmp_path / "net").iterdir()) == ["network.json", "weights.pt"]
    loaded = Network.load(tmp_path / "net", HOST)
    assert loaded.fingerprint() == network.fingerprint()
    assert not loaded.training
    batch = whole(recording, "strip", "picture")
    assert torch.equal(loaded(batch).features, network(batch).features)
