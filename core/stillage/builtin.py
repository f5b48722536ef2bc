"""Core's own plugin: fusions, objectives, teachers, readers, report sections and commands."""

from __future__ import annotations

from stillage.network.fusion.specs import SPECS as FUSIONS
from stillage.plugin import hookimpl
from stillage.plugin.spec import CommandSpec, Spec
from stillage.recording.specs import SPECS as READERS
from stillage.report.specs import SPECS as SECTIONS
from stillage.teaching.objectives.specs import SPECS as OBJECTIVES
from stillage.teaching.specs import SPECS as TEACHING

_COMMANDS = (
    CommandSpec(
        name="record",
        summary="Render, import or look into a recording.",
        factory="stillage.cli.record:record",
    ),
    CommandSpec(
        name="distill",
        summary="Teach a student with cheap sensors what rich ones know.",
        factory="stillage.cli.distill:distill",
    ),
    CommandSpec(
        name="export",
        summary="Make an ONNX bundle of a student.",
        factory="stillage.cli.export:export",
    ),
    CommandSpec(
        name="report",
        summary="Write DIR/report.html, one self-contained file.",
        factory="stillage.cli.report:report",
    ),
    CommandSpec(
        name="compare",
        summary="Compare the figures of two run directories.",
        factory="stillage.cli.report:compare",
    ),
    CommandSpec(
        name="plugins",
        summary="List, diagnose, check or begin plugins.",
        factory="stillage.cli.plugins:plugins",
    ),
    CommandSpec(
        name="scenarios",
        summary="List scenarios, or show every setting of one.",
        factory="stillage.cli.scenarios:scenarios",
    ),
)


@hookimpl
def register() -> list[Spec]:
    """Give the specs of everything that core itself provides."""
    return [*FUSIONS, *OBJECTIVES, *TEACHING, *READERS, *SECTIONS, *_COMMANDS]
