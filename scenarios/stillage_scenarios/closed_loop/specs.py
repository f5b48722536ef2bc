"""Specs of the closed loop; nothing is imported before it is used."""

from __future__ import annotations

from stillage.plugin.spec import ScenarioSpec, SectionSpec, Spec
from stillage_scenarios.spec_tables import Kpi, PolicyRow, kpi_specs, policy_specs

POLICIES = (
    PolicyRow(
        "oracle", "oracle", "oracle", ":ideal", "ChainRule",
        "Sorters know every item; machines are maintained at their best age.",
    ),
    PolicyRow(
        "teacher", "teacher", "teacher", "teacher", "ChainRule",
        "The teacher, with all its sensors at the sorter.",
    ),
    PolicyRow(
        "distilled", "distilled student", "student", "distilled", "ChainRule",
        "The distilled student.",
    ),
    PolicyRow(
        "distilled_int8", "distilled student, INT8", "student", "distilled_int8", "ChainRule",
        "The distilled student as exported in INT8.",
    ),
    PolicyRow(
        "labels_only", "student, labels only", "control", "labels_only", "ChainRule",
        "The student that learnt from labels alone.",
    ),
    PolicyRow(
        "declared", "sorters as declared", "rule", ":declared", "ChainRule",
        "Sorters as good as the chain's file says they are.",
    ),
    PolicyRow(
        "majority", "no perception (majority)", "none", ":majority", "ChainRule",
        "Takes every item for the commonest class: no perception.",
    ),
    PolicyRow(
        "blind", "no perception (blind)", "none", ":blind", "ChainRule",
        "No perception: all goes to the sorter's last output.",
    ),
    PolicyRow(
        "distilled_myopic", "distilled, myopic routes", "student", "distilled", "ChainRule",
        "The distilled student; goods go where their next step costs least.", {"routes": "myopic"},
    ),
    PolicyRow(
        "distilled_run_to_failure", "distilled, run to failure", "student", "distilled",
        "ChainRule", "The distilled student; machines run until they fail.",
        {"maintenance": "run_to_failure"},
    ),
    PolicyRow(
        "distilled_condition_based", "distilled, by condition", "student", "distilled", "ChainRule",
        "The distilled student; maintenance by observed wear.", {"maintenance": "condition_based"},
    ),
    PolicyRow(
        "distilled_opportunistic", "distilled, opportunistic", "student", "distilled", "ChainRule",
        "The distilled student; by wear, sooner where a crew is there.",
        {"maintenance": "opportunistic"},
    ),
    PolicyRow(
        "bare", "blind, myopic, no upkeep", "none", ":blind", "ChainRule",
        "No perception, next steps that cost least, machines that run until they fail.",
        {"routes": "myopic", "maintenance": "run_to_failure"},
    ),
)  # fmt: skip
KPIS: tuple[Kpi, ...] = (
    ("profit_eur", "EUR", "higher", "Sales less everything that the operator paid."),
    ("recovered_value_eur", "EUR", "higher", "Virgin material displaced, and outlets' payments."),
    ("mci", "1", "higher", "Material Circularity Indicator; 0.1 is fully linear."),
    ("recycled_input_rate", "1", "higher", "Recycled material in all that was made or sold again."),
    ("collection_rate", "1", "higher", "Collected, of what left use."),
    ("recovery", "1", "higher", "Of materials with a lane, what came to lie in it."),
    ("purity", "1", "higher", "Of what lies in a material's lane, what is of it."),
    ("oee", "1", "higher", "Availability x performance x quality, mean of all lines."),
    ("availability", "1", "higher", "Hours up of all machines over all their hours."),
    ("fill_rate", "1", "higher", "Demand met at once, of all demand."),
    ("co2e_kg", "kg", "lower", "Emissions of scopes 1, 2 and 3; nothing avoided deducted."),
    ("co2e_scope_1_kg", "kg", "lower", "Emissions of own fuel and processes."),
    ("co2e_scope_2_kg", "kg", "lower", "Emissions of bought electricity."),
    ("co2e_scope_3_kg", "kg", "lower", "Emissions of virgin material, transport, others' waste."),
    ("co2e_avoided_kg", "kg", "higher", "Emissions of virgin material that was displaced."),
    ("virgin_kg", "kg", "lower", "Virgin material drawn."),
    ("recycled_kg", "kg", "higher", "Recycled material that makers used."),
    ("reused_kg", "kg", "higher", "Goods that came to a market without being made anew."),
    ("disposed_kg", "kg", "lower", "To disposal, with what was never collected."),
    ("sold_kg", "kg", "higher", "Goods sold into use."),
    ("energy_kwh", "kWh", "lower", "Mains electricity of processes and devices."),
    ("downtime_h", "h", "lower", "Hours that machines were down, all together."),
    ("failures", "1", "lower", "Failures of all machines."),
    ("maintenance_eur", "EUR", "lower", "Repairs, maintenance, inspections and spare parts."),
    ("battery_empty_h", "h", "lower", "Hours that ended with an empty battery."),
)
SECTIONS = (
    ("material-flow", 12, "Kilograms between the chain's nodes, by material."),
    ("worth-of-decisions", 55, "What perceiving, routing and maintaining are worth."),
    ("over-time", 62, "KPIs of every period and stocks, with bands."),
    ("machine-timelines", 64, "When each machine was up."),
    ("energy-balance", 66, "Where the devices' joules went, and mains electricity."),
    ("chain", 84, "Every number of the chain, with its source."),
)

SPECS: tuple[Spec, ...] = (
    ScenarioSpec(
        name="closed-loop",
        summary="A circular supply chain from collection to market and back, by a TOML file.",
        factory="stillage_scenarios.closed_loop.scenario:ClosedLoopScenario",
        modalities=("video", "thermal", "nir"),
        gym_id="stillage/ClosedLoop-v0",
        env="stillage_scenarios.chains.env:ChainEnv",
        vector_env="stillage_scenarios.chains.env:ChainVectorEnv",
    ),
    *policy_specs("closed-loop", "stillage_scenarios.chains.policies", POLICIES),
    *kpi_specs("closed-loop", "stillage_scenarios.chains", KPIS),
    *(
        SectionSpec(
            name=name,
            scenario="closed-loop",
            summary=summary,
            factory=f"stillage_scenarios.chains.report.section:{name.replace('-', '_')}",
            order=order,
        )
        for name, order, summary in SECTIONS
    ),
)
