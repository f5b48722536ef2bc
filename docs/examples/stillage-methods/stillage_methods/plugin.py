"""What this plugin registers. Light: nothing here imports torch."""

from __future__ import annotations

from stillage.plugin import hookimpl
from stillage.plugin.spec import (
    FusionSpec,
    ObjectiveSpec,
    Parameter,
    Spec,
    StudentSpec,
    TeacherSpec,
)

SPECS = [
    ObjectiveSpec(
        name="cosine_hint",
        summary="Angle between the student's features, adapted, and the teacher's",
        factory="stillage_methods.objective:CosineHint",
        inputs=("student.features", "teacher.features"),
        parameters=(
            Parameter(name="bias", type="bool", default=True, summary="The adapter has a bias"),
        ),
        examples=({}, {"bias": False}),
    ),
    FusionSpec(
        name="mean",
        summary="Mean of the present modalities' projections",
        factory="stillage_methods.fusion:MeanFusion",
        examples=({"widths": {"a": 3, "b": 5}, "width": 4},),
    ),
    TeacherSpec(
        name="neighbours",
        summary="Nearest neighbours among the labelled samples",
        factory="stillage_methods.teacher:fit_neighbours",
        parameters=(
            Parameter(
                name="count", type="int", default=5, unit="1", summary="Neighbours that vote",
                source="scikit-learn's default",
            ),
        ),
    ),
    StudentSpec(
        name="normalised",
        summary="A network whose fused features are normalised sample by sample",
        factory="stillage_methods.student:NormalisedStudent",
        parameters=(
            Parameter(
                name="epsilon", type="float", default=1e-5, unit="1", source="torch's default",
                summary="Least variance",
            ),
        ),
    ),
]  # fmt: skip


@hookimpl
def register() -> list[Spec]:
    """Give the host every spec of this plugin."""
    return list(SPECS)
