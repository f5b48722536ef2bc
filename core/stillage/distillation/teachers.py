"""Fit the registered teacher of a plan; core's own one is a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from stillage.distillation.bench import Bench
from stillage.errors import PluginBroken
from stillage.plugin.host import get_host
from stillage.plugin.spec import TeacherSpec
from stillage.teaching.teacher import NetworkTeacher, Teacher
from stillage.training.samples import stream_batches

if TYPE_CHECKING:
    from stillage.distillation.plan import DistillPlan
    from stillage.plugin.host import Host
    from stillage.recording import Recording


def is_network(plan: DistillPlan, host: Host | None = None) -> bool:
    """Say whether the plan's teacher declares that it is a network of the plan's encoders."""
    return (host or get_host()).spec(TeacherSpec, plan.teacher_model.name).network


def fit_teacher(bench: Bench) -> Teacher:
    """Fit the plan's teacher on the labelled paired samples alone.

    Raises
    ------
    BadInput
        If there is no such teacher, or it cannot learn from these samples.
    PluginBroken
        If it is none of the plan's tasks, or not the network that it declares to be.
    """
    model = bench.plan.teacher_model
    host, parameters = bench.host or get_host(), dict[str, Any](model.parameters)
    teacher: Teacher = host.create(TeacherSpec, model.name, bench, **parameters)
    if tuple(teacher.tasks) != tuple(bench.arrangement.tasks):
        raise PluginBroken(f"teacher {model.name!r} tells other tasks than it was asked")
    if is_network(bench.plan, bench.host) and not isinstance(teacher, NetworkTeacher):
        raise PluginBroken(f"teacher {model.name!r} is no NetworkTeacher, as its spec declares")
    return teacher


def train_network(bench: Bench) -> NetworkTeacher:
    """Train the teacher ``network`` as its students are trained, and freeze it."""
    plan = bench.plan
    network = bench.network(plan.teacher, plan.teacher_size, plan.fusion)
    samples = bench.rich(network).subset(bench.teacher_rows)
    labels = bench.labelled[1]
    bench.fit("teacher", network, samples, labels, validate=bench.validate(network))
    return NetworkTeacher(network)


def ask(
    teacher: Teacher,
    recording: Recording,
    samples: NDArray[np.int64],
    host: Host | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Ask any teacher for its predictions: probabilities (n, K) or values (n,) by target."""
    outputs = [
        teacher.predict(batch).heads
        for batch in stream_batches(recording, samples, teacher.modalities, host)
    ]
    return {
        task.target: task.predict(
            torch.cat([heads[task.target] for heads in outputs]).cpu().numpy()
        )
        for task in teacher.tasks
    }
