"""Objectives against values worked by hand, libraries and their own invariances."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import rel_entr
from sklearn.metrics import log_loss
from torch import Tensor

from stillage.errors import BadInput
from stillage.network.batch import Outputs
from stillage.plugin.spec import ObjectiveSpec
from stillage.task import Task
from stillage.teaching.objectives.base import Objective, ObjectiveContext, Ports
from stillage.teaching.objectives.feature_hint import FeatureHint
from stillage.teaching.objectives.label_loss import LabelLoss
from stillage.teaching.objectives.relational_distance import RelationalDistance
from stillage.teaching.objectives.soft_target import SoftTarget
from stillage.teaching.objectives.specs import SPECS
from tests.core.toys import GRADE, MATERIAL, WEAR

TWO = Task(target="two", kind="classification", classes=("a", "b"))


def context(*tasks: Task, **more: object) -> ObjectiveContext:
    base = ObjectiveContext(tasks, 2, 8, {}, tasks, 3, torch.zeros(3), torch.ones(3))
    return replace(base, **more)  # type: ignore[arg-type]


def said(task: Task, values: Tensor) -> Outputs:
    return Outputs({task.target: values}, torch.zeros(len(values), 2))


def features(values: list[list[float]], grad: bool = False) -> Outputs:
    return Outputs({}, torch.tensor(values, requires_grad=grad))


def bound(objective: Objective, of: ObjectiveContext) -> Objective:
    objective.bind(of)
    return objective


def test_hinton_by_hand() -> None:
    objective = bound(SoftTarget(temperature=2.0), context(TWO))
    student = torch.zeros(1, 2, requires_grad=True)
    teacher = torch.tensor([[2 * math.log(3), 0.0]])
    loss = objective(Ports(said(TWO, student), said(TWO, teacher)))
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0.523249, abs=1e-6)
    torch.testing.assert_close(student.grad, torch.tensor([[-0.5, 0.5]]))


def test_soft_targets_against_scipy() -> None:
    draw = np.random.default_rng(2)
    for task, columns in ((MATERIAL, 3), (GRADE, 2)):
        told, own = draw.normal(size=(2, 5, columns)) * 3
        objective = bound(SoftTarget(temperature=3.0), context(task))
        student, teacher = (said(task, torch.tensor(v, dtype=torch.float32)) for v in (own, told))
        loss = float(objective(Ports(student, teacher)))
        if task.kind == "classification":
            p, q = (np.exp(v / 3) / np.exp(v / 3).sum(1, keepdims=True) for v in (told, own))
            want = 9 * rel_entr(p, q).sum(1).mean()
        else:
            p, q = (1 / (1 + np.exp(-v / 3)) for v in (told, own))
            want = 9 * (rel_entr(p, q) + rel_entr(1 - p, 1 - q)).mean()
        assert loss == pytest.approx(want, rel=1e-5)


def test_soft_target_of_values_is_in_units_of_the_scale() -> None:
    objective = bound(SoftTarget(), context(WEAR, scales={"wear": 4.0}))
    ports = Ports(
        said(WEAR, torch.tensor([[10.0], [2.0]])), said(WEAR, torch.tensor([[2.0], [2.0]]))
    )
    assert float(objective(ports)) == pytest.approx((8 / 4) ** 2 / 2)


def test_extreme_logits_stay_finite() -> None:
    for task, columns in ((MATERIAL, 3), (GRADE, 2)):
        student = torch.full((2, columns), -400.0, requires_grad=True)
        teacher = torch.full((2, columns), 400.0)
        loss = bound(SoftTarget(1.0), context(task))(
            Ports(said(task, student), said(task, teacher))
        )
        loss.backward()
        assert torch.isfinite(loss)
        assert student.grad is not None
        assert torch.isfinite(student.grad).all()


def test_out_of_set_samples_join_no_distillation() -> None:
    objective = bound(SoftTarget(), context(TWO))
    student, teacher = torch.zeros(3, 2), torch.tensor([[1.0, 0], [9.0, -9], [0, 2.0]])
    states = {"two": torch.tensor([1, -1, 0], dtype=torch.int8)}
    kept = torch.tensor([0, 2])
    alone = objective(Ports(said(TWO, student[kept]), said(TWO, teacher[kept])))
    assert torch.equal(objective(Ports(said(TWO, student), said(TWO, teacher), {}, states)), alone)


def test_feature_hint_by_hand() -> None:
    hint = FeatureHint()
    hint.bind(context(TWO, teacher_width=1, teacher_mean=torch.zeros(1), teacher_std=torch.ones(1)))
    with torch.no_grad():
        hint.get_parameter("adapter.weight").copy_(torch.tensor([[1.0, 1.0]]))
        hint.get_parameter("adapter.bias").zero_()
    assert hint(Ports(features([[1.0, 2.0]]), features([[5.0]]))).item() == 4.0


def test_feature_hint_standardises_and_survives_constant_features() -> None:
    hint = FeatureHint("none")
    told = torch.tensor([[10.0, 7.0], [30.0, 7.0]])
    hint.bind(
        context(
            TWO, teacher_width=2, teacher_mean=told.mean(0), teacher_std=told.std(0, correction=0)
        )
    )
    own = features([[-1.0, 0.0], [1.0, 0.0]])
    assert float(hint(Ports(own, Outputs({}, told)))) == pytest.approx(0.0, abs=1e-12)


def test_adapter_is_seeded_leaves_the_generator_alone_and_is_the_objective_s() -> None:
    torch.manual_seed(3)
    state = torch.get_rng_state()
    first, second, other = FeatureHint(), FeatureHint(), FeatureHint()
    first.bind(context(TWO, seed=1))
    second.bind(context(TWO, seed=1))
    other.bind(context(TWO, seed=2))
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(*(one.get_parameter("adapter.weight") for one in (first, second)))
    assert not torch.equal(*(one.get_parameter("adapter.weight") for one in (first, other)))
    assert [n for n, _ in first.named_parameters()] == ["adapter.weight", "adapter.bias"]


def test_relational_distance_by_hand() -> None:
    teacher, student = features([[0.0], [1.0], [3.0]]), features([[0.0], [1.0], [2.0]], grad=True)
    loss = RelationalDistance()(Ports(student, teacher))
    assert float(loss.detach()) == pytest.approx(1 / 48, rel=1e-6)
    loss.backward()
    gradient = student.features.grad
    assert gradient is not None
    assert torch.isfinite(gradient).all()


def test_relational_distance_ignores_similarity_transforms() -> None:
    torch.manual_seed(0)
    points = torch.randn(7, 3)
    turn, _ = torch.linalg.qr(torch.randn(3, 3))
    moved = 2.5 * points @ turn + torch.tensor([1.0, -4.0, 2.0])
    loss = RelationalDistance()(Ports(Outputs({}, moved), Outputs({}, points)))
    assert float(loss) == pytest.approx(0.0, abs=1e-10)


def test_equal_samples_give_finite_gradients() -> None:
    for rows in ([[1.0, 2.0]] * 4, [[1.0, 2.0], [1.0, 2.0], [3.0, 1.0], [0.0, 1.0]]):
        student = features(rows, grad=True)
        loss = RelationalDistance()(Ports(student, features([[0.0], [1.0], [3.0], [3.0]])))
        loss.backward()
        assert torch.isfinite(loss)
        gradient = student.features.grad
        assert gradient is not None
        assert torch.isfinite(gradient).all()


def test_a_single_sample_in_a_later_batch_has_no_pair_and_gives_zero() -> None:
    student = features([[1.0]], grad=True)
    loss = RelationalDistance()(Ports(student, features([[1.0]])))
    loss.backward()
    assert loss.item() == 0.0


def test_label_loss_against_sklearn_and_hand() -> None:
    logits = torch.tensor([[2.0, 0, -1], [0, 1, 0], [0.3, 0.2, 0.1], [5, 5, 5]])
    targets = torch.tensor([0, 2, 1, -1])
    states = torch.tensor([1, 1, 1, 0], dtype=torch.int8)
    objective = bound(LabelLoss(), context(MATERIAL))
    loss = objective(
        Ports(said(MATERIAL, logits), None, {"material": targets}, {"material": states})
    )
    want = log_loss([0, 2, 1], logits[:3].double().softmax(1).numpy(), labels=[0, 1, 2])
    assert float(loss) == pytest.approx(want, rel=1e-6)
    values = Ports(
        said(WEAR, torch.tensor([[4.0], [0.0], [1.0]])),
        None,
        {"wear": torch.tensor([2.0, float("nan"), 1.0])},
        {"wear": torch.tensor([1, 0, -1], dtype=torch.int8)},
    )
    assert float(bound(LabelLoss(), context(WEAR, scales={"wear": 0.5}))(values)) == 16.0
    ordinal = Ports(
        said(GRADE, torch.tensor([[1.0, -2.0]])),
        None,
        {"grade": torch.tensor([1])},
        {"grade": torch.tensor([1], dtype=torch.int8)},
    )
    by_hand = (math.log1p(math.exp(-1.0)) + math.log1p(math.exp(-2.0))) / 2
    assert float(bound(LabelLoss(), context(GRADE))(ordinal)) == pytest.approx(by_hand, rel=1e-6)


def test_hidden_labels_never_matter_and_a_batch_without_labels_gives_zero() -> None:
    objective = bound(LabelLoss(), context(MATERIAL, WEAR))
    heads = {
        "material": torch.randn(3, 3, requires_grad=True),
        "wear": torch.randn(3, 1, requires_grad=True),
    }
    states = {t: torch.tensor([0, -1, 0], dtype=torch.int8) for t in heads}
    targets = {"material": torch.tensor([-1, -1, 7]), "wear": torch.full((3,), float("nan"))}
    loss = objective(Ports(Outputs(heads, torch.zeros(3, 2)), None, targets, states))
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert all(bool((h.grad == 0).all()) for h in heads.values() if h.grad is not None)


def test_losses_are_float32_under_autocast() -> None:
    hint = FeatureHint()
    hint.bind(context(TWO))
    own, told = torch.randn(4, 2), torch.randn(4, 3)
    plain = hint(Ports(Outputs({}, own), Outputs({}, told)))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = hint(Ports(Outputs({}, own), Outputs({}, told)))
    assert cast.dtype == torch.float32
    assert torch.equal(cast, plain)


@pytest.mark.parametrize(
    ("objective", "of", "says"),
    [
        (SoftTarget(), context(TWO, teacher_tasks=None, teacher_width=0), "expected a teacher"),
        (SoftTarget(), context(TWO, teacher_tasks=()), "teacher with heads"),
        (SoftTarget(), context(TWO, teacher_tasks=(WEAR,)), "does not tell 'two'"),
        (
            SoftTarget(),
            context(TWO, teacher_tasks=(TWO.model_copy(update={"classes": ("b", "a")}),)),
            "other classes of 'two'",
        ),
        (
            SoftTarget(),
            context(TWO, teacher_tasks=(TWO.model_copy(update={"kind": "ordinal"}),)),
            "as ordinal",
        ),
        (FeatureHint(), context(TWO, teacher_width=0), "teacher with features"),
        (FeatureHint("none"), context(TWO), "2 student features for 3"),
        (FeatureHint(), context(TWO, teacher_mean=None), "no statistics"),
        (FeatureHint(), context(TWO, teacher_std=torch.ones(2)), "no statistics"),
        (RelationalDistance(), context(TWO, batch=1), "batches of 1"),
        (RelationalDistance(), context(TWO, batch=2), "batches of 2"),
        (LabelLoss(), context(TWO, targets=False), "targets and label states"),
    ],
)
def test_meaningless_combinations_are_refused_before_the_first_step(
    objective: Objective, of: ObjectiveContext, says: str
) -> None:
    with pytest.raises(BadInput, match=objective.name) as caught:
        objective.bind(of)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_parameters_are_refused() -> None:
    with pytest.raises(BadInput, match="temperature 0"):
        SoftTarget(0.0)
    with pytest.raises(BadInput, match="adapter 'cubic'"):
        FeatureHint("cubic")  # type: ignore[arg-type]


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.name)
def test_specs_resolve_and_declare_the_ports_of_their_class(spec: ObjectiveSpec) -> None:
    from importlib import import_module

    module, _, name = spec.factory.partition(":")
    kind = getattr(import_module(module), name)
    assert (kind.name, kind.ports) == (spec.name, spec.inputs)
    for example in spec.examples or ({},):
        assert isinstance(kind(**example), Objective)
    for parameter in spec.parameters:
        assert kind(**{parameter.name: parameter.default})
