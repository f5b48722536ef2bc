"""Specs of the sorting scenario; nothing is imported before it is used."""

from __future__ import annotations

from stillage.plugin.spec import ScenarioSpec, SectionSpec, Spec
from stillage_scenarios.spec_tables import Kpi, kpi_specs, policy_specs

PACKAGE = "stillage_scenarios.sorting"

POLICIES = (
    ("oracle", "Knows every item; the bound that perception cannot pass."),
    ("random", "Any chute with the same chance."),
    ("majority", "Takes every item for the commonest material: no perception."),
    ("rule", "The student without a teacher; unsure items go to residue."),
    ("teacher", "The teacher, with all its sensors on the belt."),
    ("labels_only", "The student that learnt from labels alone."),
    ("distilled", "The distilled student."),
    ("distilled_int8", "The distilled student as exported in INT8."),
)
KPIS: tuple[Kpi, ...] = (
    ("purity", "1", "higher", "Mass in its right chute over mass in all material chutes."),
    ("recovery", "1", "higher", "Mass in its right chute over the wanted mass that passed."),
    ("recovered_value_eur", "EUR", "higher", "Paid for bales, less what contamination costs."),
    ("co2e_avoided_kg", "kg", "higher", "Emissions avoided by recycling, less the robot's."),
    ("missed_items", "1", "lower", "Items that left the belt without a decision."),
    ("energy_j", "J", "lower", "Joules that the sensing device drew."),
    ("battery_empty_h", "h", "lower", "Hours of running belt with the device's battery empty."),
)

SPECS: tuple[Spec, ...] = (
    ScenarioSpec(
        name="sorting",
        summary="Mixed waste on a belt, a robot with a pick budget, a solar-powered device.",
        factory="stillage_scenarios.sorting.scenario:SortingScenario",
        modalities=("video", "thermal", "nir"),
        gym_id="stillage/Sorting-v0",
    ),
    *policy_specs("sorting", PACKAGE, POLICIES),
    *kpi_specs("sorting", PACKAGE, KPIS),
    SectionSpec(
        name="sorting-plant",
        scenario="sorting",
        summary="What the belt assumes: settings and materials with their sources.",
        factory="stillage_scenarios.sorting.section:section",
        order=80,
    ),
)
