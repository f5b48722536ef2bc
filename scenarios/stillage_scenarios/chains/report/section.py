"""Write a chain world's report: flows, time, machines, energy, worth and assumptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from stillage.report import words
from stillage.report.figures import about, paired
from stillage.report.html import table
from stillage_scenarios.chains.report import charts
from stillage_scenarios.chains.report.flows import network
from stillage_scenarios.chains.report.results import Results
from stillage_scenarios.chains.report.sankey import sankey
from stillage_scenarios.chains.settings import ChainWorldSettings

if TYPE_CHECKING:
    from stillage.rundir.folder import RunDir

STEPS = (
    ("Perceiving", "distilled", "blind", "the student against no perception"),
    ("Distilling", "distilled", "labels_only", "the student against one without a teacher"),
    ("Routing", "distilled", "distilled_myopic", "the file's order against the cheapest step"),
    (
        "Maintaining by age", "distilled", "distilled_run_to_failure",
        "best ages against running to failure",
    ),
    (
        "Maintaining by wear", "distilled_condition_based", "distilled_run_to_failure",
        "observed wear against running to failure",
    ),
    (
        "By wear and opportunity", "distilled_opportunistic", "distilled_run_to_failure",
        "wear and free crews against running to failure",
    ),
    ("Together", "distilled", "bare", "perceiving, routing and maintaining against none"),
)  # fmt: skip
"""Pairs of policies that differ in one decision alone, which shows what it is worth."""

_WORTH = ("profit_eur", "recovered_value_eur", "mci", "co2e_avoided_kg", "downtime_h")


def material_flow(run: RunDir) -> str:
    """Draw the Sankey picture of the policy shown, and of others to compare."""
    results = Results(run)
    shown = [results.shown, *(p for p in ("oracle", results.other) if p and p != results.shown)]
    parts = []
    for n, policy in enumerate(p for p in shown if p in results.policies):
        totals = {name: results.mean(policy, name) for name in ("flow", "mass")}
        nodes, links = network(results.model, totals)
        drawn = sankey(f"flow{n}", nodes, links, results.model.materials)
        if n == 0:
            parts.append(
                f'<p class="note">{escape(results.model.name)}: mean kilograms in '
                f"{words.number(run.config.days)} d with the "
                f"{escape(results.labels[policy])}; what lies in stock at the end has arrived and "
                "not left. Ribbons show materials as they truly are. Point at one for its "
                f"weight.</p>{drawn}"
            )
        else:
            name = escape(results.labels[policy])
            parts.append(f"<details><summary>The same with {name}</summary>{drawn}</details>")
    return "".join(parts)


def over_time(run: RunDir) -> str:
    """Draw KPIs of every period and stocks, with bands over replicas."""
    results = Results(run)
    kpis = _figures(charts.kpi_charts(results))
    stocks = _figures(charts.stock_charts(results))
    span = float(results.days[0])
    each = "Each day" if span == 1.0 else f"Every {words.number(span)} d"
    beside = f", dashed: {escape(results.labels[results.other])}" if results.other else ""
    return (
        f'<p class="note">Line: mean of the {escape(results.labels[results.shown])}{beside}. Bands '
        f"hold 95% of the {run.config.replicas:,} simulated runs.</p>"
        f"<h3>{each}</h3>{kpis}<h3>Stocks</h3>{stocks}"
    )


def machine_timelines(run: RunDir) -> str:
    """Draw when each machine was up, in one replica and in the mean of all."""
    results = Results(run)
    if not results.model.machines:
        return "<p>No machines in this chain.</p>"
    return charts.machine_strips(results)


def energy_balance(run: RunDir) -> str:
    """Draw where the devices' joules came from and went, and the mains' kilowatt-hours."""
    return charts.energy(Results(run))


def worth_of_decisions(run: RunDir) -> str:
    """Tabulate paired differences of policies that differ in one decision."""
    figures = run.kpis()
    known = about(figures)
    rows = []
    for what, one, other, told in STEPS:
        found = [paired(figures, one, other, kpi) for kpi in _WORTH]
        if all(row is not None for row in found):
            cells = "".join(
                f"<td>{_difference(row, known[kpi]['unit'])}</td>"
                for row, kpi in zip(found, _WORTH, strict=True)
                if row is not None
            )
            rows.append(f'<tr><th scope="row">{what}<br><small>{told}</small></th>{cells}</tr>')
    if not rows:
        return "<p>No two policies that differ in one decision alone were simulated.</p>"
    student = ""
    if "distilled_int8" in figures["policies"]:
        student = " The student is the one in FP32, as in the policies that it is compared with."
    head = "".join(f'<th scope="col">{words.kpi_name(k, known[k]["unit"])}</th>' for k in _WORTH)
    return (
        '<p class="note">Differences, replica by replica, of policies that faced the same luck and '
        "differ in nothing else; 95% intervals over worlds. An interval with 0 in it "
        f"shows no difference.{student}"
        '</p><div class="scroll" role="region" aria-label="Worth of decisions" tabindex="0">'
        f'<table class="stack"><thead><tr><th class="word" scope="col">decision</th>{head}</tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _difference(found: Mapping[str, float], unit: str) -> str:
    low, high = (words.number(found[end], signed=True) for end in ("low", "high"))
    mean = words.quantity(found["mean"], unit, signed=True)
    return f'{mean}<br><span class="interval">{low} to {high}</span>'


def chain(run: RunDir) -> str:
    """List what the chain assumes: settings and every number with its source."""
    results = Results(run)
    model, settings = results.model, results.settings
    rows = [
        (figure.key, _value(figure.value), figure.unit if figure.unit != "1" else "", figure.source)
        for figure in model.figures
    ]
    named = [row for row in rows if not row[3].startswith("assumed")]
    loops = ", ".join(model.materials)
    return (
        f"<p>{escape(model.summary)}. Materials: {escape(loops)}. A step is "
        f"{words.number(model.parts.chain.step_h)} h, a period {model.parts.chain.period} steps."
        f"</p>"
        + "<h3>Numbers that were read somewhere</h3>"
        + table(["key", "value", "unit", "source"], named)
        + f"<details><summary>All {len(rows)} numbers of the chain</summary>"
        + table(["key", "value", "unit", "source"], rows)
        + "</details><details><summary>Settings of the run</summary>"
        + table(["setting", "value", "meaning"], _settings(settings))
        + "</details>"
    )


def _value(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _settings(settings: ChainWorldSettings) -> Iterable[Sequence[str]]:
    for name, info in ChainWorldSettings.model_fields.items():
        value = settings.path.name if name == "chain" else str(getattr(settings, name))
        yield name, value, info.description or ""


def _figures(found: Iterable[tuple[str, str]]) -> str:
    inner = "".join(f"<figure><h3>{escape(title)}</h3>{svg}</figure>" for title, svg in found)
    return f'<div class="gridded tight">{inner}</div>'
