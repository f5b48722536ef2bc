"""Declare the teachers and students that core registers; light."""

from __future__ import annotations

from stillage.plugin.spec import Parameter, StudentSpec, TeacherSpec

SPECS = [
    TeacherSpec(
        name="network",
        summary="A network with the plan's encoders and fusion",
        factory="stillage.distillation.teachers:train_network",
        network=True,
    ),
    TeacherSpec(
        name="trees",
        summary="Extra-trees (Geurts et al., 2006) on prepared samples",
        factory="stillage.distillation.trees:fit_trees",
        parameters=(
            Parameter(
                name="trees",
                type="int",
                default=100,
                unit="1",
                summary="Trees of each target",
                source="scikit-learn's default",
            ),
        ),
    ),
    StudentSpec(
        name="network",
        summary="A network with the plan's encoders and fusion",
        factory="stillage.network.student:Student",
    ),
]
