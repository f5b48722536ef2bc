"""Check what every distillation loss promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from stillage.errors import BadInput
from stillage.network.batch import Outputs
from stillage.plugin.resolve import last_line, resolve
from stillage.plugin.spec import ObjectiveSpec
from stillage.task import LabelState, Task
from stillage.teaching.objectives.base import PORTS, Objective, ObjectiveContext, Ports
from stillage.testing.parameters import demand_parameters
from stillage.testing.results import Failed, Result, demand, results_of

BATCH, STUDENT_WIDTH, TEACHER_WIDTH = 12, 4, 6
TASKS = (
    Task(target="kind", kind="classification", classes=("a", "b", "c")),
    Task(target="grade", kind="ordinal", classes=("low", "mid", "high")),
    Task(target="age", kind="regression", unit="h"),
)


@dataclass(frozen=True)
class Losing:
    """Hold a bound objective and the ports of one batch over tasks of every kind."""

    spec: ObjectiveSpec
    objective: Objective
    context: ObjectiveContext
    ports: Ports
    parameters: dict[str, Any]


def _context() -> ObjectiveContext:
    return ObjectiveContext(
        student_tasks=TASKS,
        student_width=STUDENT_WIDTH,
        batch=BATCH,
        scales={"age": 2.0},
        teacher_tasks=TASKS,
        teacher_width=TEACHER_WIDTH,
        teacher_mean=torch.zeros(TEACHER_WIDTH),
        teacher_std=torch.ones(TEACHER_WIDTH),
    )


def _outputs(width: int, generator: torch.Generator, grad: bool) -> Outputs:
    heads = {t.target: torch.randn(BATCH, t.width, generator=generator) for t in TASKS}
    features = torch.randn(BATCH, width, generator=generator)
    for tensor in (features, *heads.values()):
        tensor.requires_grad_(grad)
    return Outputs(heads=heads, features=features)


def _ports() -> Ports:
    generator = torch.Generator().manual_seed(0)
    targets = {
        "kind": torch.arange(BATCH) % 3,
        "grade": torch.arange(BATCH) % 3,
        "age": torch.linspace(0.0, 5.0, BATCH),
    }
    states = {name: torch.ones(BATCH, dtype=torch.int8) for name in targets}
    student = _outputs(STUDENT_WIDTH, generator, True)
    return Ports(student, _outputs(TEACHER_WIDTH, generator, False), targets, states)


def parameters_agree(case: Losing) -> None:
    """The factory takes the parameters that the spec declares, with these defaults."""
    demand_parameters(case.spec)


def ports_agree(case: Losing) -> None:
    """The ports of the class are known, and those that the spec declares."""
    have, declared = set(case.objective.ports), set(case.spec.inputs)
    demand(have <= set(PORTS), f"unknown port {sorted(have - set(PORTS))}", f"not one of {PORTS}")
    demand(
        have == declared,
        f"ports {sorted(have)}, declared are {sorted(declared)}",
        "a port added to the class but not to the spec's inputs",
    )


def loss_is_scalar(case: Losing) -> None:
    """The loss is one finite float32 number."""
    loss = case.objective(case.ports)
    demand(
        loss.shape == () and loss.dtype == torch.float32,
        f"{loss.dtype} {tuple(loss.shape)}",
        "a loss per sample; take the mean",
    )
    demand(bool(loss.isfinite()), f"{loss.item()}", "a logarithm of zero; use log_softmax")


def loss_is_repeatable(case: Losing) -> None:
    """The same ports give the same loss."""
    first, second = case.objective(case.ports), case.objective(case.ports)
    demand(bool(first == second), "two calls differ", "a random draw in loss()")


def loss_of_one_sample(case: Losing) -> None:
    """A batch of one sample gives a finite loss."""
    loss = case.objective(_first(case.ports, 1))
    demand(bool(loss.isfinite()), f"{loss.item()}", "a variance of one, or a mean over no pair")


def _first(ports: Ports, count: int) -> Ports:
    def outputs(given: Outputs) -> Outputs:
        heads = {name: tensor[:count] for name, tensor in given.heads.items()}
        return Outputs(heads=heads, features=given.features[:count])

    return replace(
        ports,
        student=outputs(ports.student),
        teacher=None if ports.teacher is None else outputs(ports.teacher),
        targets={name: values[:count] for name, values in ports.targets.items()},
        states={name: values[:count] for name, values in ports.states.items()},
    )


def _student(ports: Ports) -> dict[str, Tensor]:
    heads = {f"student.heads {n}": t for n, t in ports.student.heads.items()}
    return {"student.features": ports.student.features, **heads}


def gradients_reach_student(case: Losing) -> None:
    """Gradients reach the student through declared ports, and through no other."""
    leaves = _student(case.ports)
    found = torch.autograd.grad(
        case.objective(case.ports), list(leaves.values()), allow_unused=True
    )
    reached = {n for n, g in zip(leaves, found, strict=True) if g is not None and bool(g.any())}
    ports = {name.partition(" ")[0] for name in reached}
    declared = {port for port in case.objective.ports if port.startswith("student.")}
    demand(bool(reached), "no gradient", "a .detach() on the student's side")
    demand(ports <= declared, f"gradient at {sorted(ports - declared)}", "an undeclared port")
    demand(
        declared <= ports,
        f"none at {sorted(declared - ports)}",
        "a declared port that loss() does not use",
    )


def teacher_gets_no_gradient(case: Losing) -> None:
    """No gradient reaches the teacher."""
    teacher = case.ports.teacher
    if teacher is None or not any(p.startswith("teacher.") for p in case.objective.ports):
        return
    heads = {name: t.clone().requires_grad_() for name, t in teacher.heads.items()}
    features = teacher.features.clone().requires_grad_()
    ports = replace(case.ports, teacher=Outputs(heads=heads, features=features))
    found = torch.autograd.grad(
        case.objective(ports), [features, *heads.values()], allow_unused=True
    )
    demand(
        all(grad is None or not bool(grad.any()) for grad in found),
        "the teacher's outputs get a gradient",
        "a missing .detach() on the teacher's side",
    )


def nothing_to_learn_is_zero(case: Losing) -> None:
    """A batch with nothing to learn from gives 0 with a graph, not NaN."""
    outside = torch.full((BATCH,), int(LabelState.OUT_OF_SET), dtype=torch.int8)
    states = dict.fromkeys(case.ports.states, outside)
    loss = case.objective(replace(case.ports, states=states))
    demand(bool(loss.isfinite()), f"{loss.item()}", "a mean over no sample")
    demand(loss.requires_grad, "no graph", "a constant torch.zeros(()) returned")


def refuses_missing_ports(case: Losing) -> None:
    """check() refuses, before the first step, what it needs and is not there."""
    without = {
        "teacher": replace(case.context, teacher_tasks=None, teacher_width=0),
        "targets": replace(case.context, targets=False),
    }
    for what, context in without.items():
        if not any(port.startswith(what) for port in case.objective.ports):
            continue
        try:
            resolve(case.spec.factory)(**case.parameters).check(context)
        except BadInput:
            continue
        demand(False, f"no {what}, and no refusal", "check() without super().check(context)")


OBJECTIVE_CHECKS = (
    parameters_agree,
    ports_agree,
    loss_is_scalar,
    loss_is_repeatable,
    loss_of_one_sample,
    gradients_reach_student,
    teacher_gets_no_gradient,
    nothing_to_learn_is_zero,
    refuses_missing_ports,
)


def objective_results(spec: ObjectiveSpec) -> Iterator[Result]:
    """The result of every promise of an objective, on each of its spec's examples."""
    for number, example in enumerate(spec.examples or ({},)):
        prefix = f"example {number}: " if len(spec.examples) > 1 else ""
        made = f"{prefix}the factory gives an Objective that binds"
        try:
            objective = resolve(spec.factory)(**example)
            if not isinstance(objective, Objective):
                yield Failed(made, f"it gave a {type(objective).__name__}")
                continue
            objective.bind(_context())
        except Exception as error:
            yield Failed(made, f"raised {last_line(error)}")
            continue
        case = Losing(spec, objective, _context(), _ports(), dict(example))
        yield from results_of(OBJECTIVE_CHECKS, case, prefix=prefix)
