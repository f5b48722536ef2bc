"""Declare the objectives that core registers; light."""

from __future__ import annotations

from stillage.plugin.spec import ObjectiveSpec, Parameter

SPECS = [
    ObjectiveSpec(
        name="label_loss",
        summary="The labels themselves, where a sample is labelled",
        factory="stillage.teaching.objectives.label_loss:LabelLoss",
        inputs=("student.heads", "targets"),
    ),
    ObjectiveSpec(
        name="soft_target",
        summary="The teacher's softened outputs (Hinton, Vinyals and Dean 2015)",
        factory="stillage.teaching.objectives.soft_target:SoftTarget",
        inputs=("student.heads", "teacher.heads"),
        parameters=(
            Parameter(
                name="temperature",
                type="float",
                default=1.0,
                unit="1",
                summary="Divides logits of teacher and student",
                source="the teacher's own probabilities; 4 is usual in released code",
            ),
        ),
        examples=({"temperature": 2.0},),
    ),
    ObjectiveSpec(
        name="feature_hint",
        summary="The teacher's fused features through a linear adapter (FitNets, 2015)",
        factory="stillage.teaching.objectives.feature_hint:FeatureHint",
        inputs=("student.features", "teacher.features"),
        parameters=(
            Parameter(
                name="adapter",
                type="choice",
                default="linear",
                choices=("linear", "none"),
                summary="Map from student to teacher features; none needs equal widths",
            ),
            Parameter(
                name="standardise",
                type="bool",
                default=True,
                summary="Standardise the teacher's features first",
            ),
        ),
    ),
    ObjectiveSpec(
        name="relational_distance",
        summary="Distances between the samples of a batch (RKD-D, Park et al. 2019)",
        factory="stillage.teaching.objectives.relational_distance:RelationalDistance",
        inputs=("student.features", "teacher.features"),
    ),
]
