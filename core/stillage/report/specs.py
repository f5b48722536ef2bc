"""The specs of the report sections that every run has; nothing heavy is imported here."""

from __future__ import annotations

from stillage.plugin.spec import SectionSpec, Spec

_SECTIONS = (
    ("answer", 0, "What came out, in one sentence and four figures."),
    ("recognition", 20, "How well every arm recognises held-out groups, with intervals."),
    ("curves", 30, "Learning curves of student and controls."),
    ("confusion", 40, "What is taken for what: confusion matrices."),
    ("kpis", 50, "What each policy is worth: KPIs with intervals."),
    ("paired", 60, "Differences between policies that faced the same luck."),
    ("cost", 70, "Size, latency and joules; accuracy against joules."),
    ("caveats", 80, "Shortcuts found in the recording, and what was left out."),
    ("provenance", 90, "Configuration, versions and where the readings come from."),
)

SPECS: tuple[Spec, ...] = tuple(
    SectionSpec(
        name=name,
        summary=summary,
        factory=f"stillage.report.sections.{name}:{name}",
        order=order,
    )
    for name, order, summary in _SECTIONS
)
