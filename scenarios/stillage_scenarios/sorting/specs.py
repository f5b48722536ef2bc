"""Specs of the sorting scenario; nothing is imported before it is used."""

from __future__ import annotations

from stillage.plugin.spec import ScenarioSpec, SectionSpec, Spec
from stillage_scenarios.spec_tables import Kpi, PolicyRow, kpi_specs, policy_specs

_PACKAGE = "stillage_scenarios.sorting"

POLICIES = (
    PolicyRow(
        "oracle", "oracle", "oracle", ":ideal", "OracleRule",
        "Knows every item; the bound that perception cannot pass.",
    ),
    PolicyRow("random", "random", "none", ":blind", "RandomRule", "Any chute with equal chance."),
    PolicyRow(
        "majority", "no perception (majority)", "none", ":majority", "ItemRule",
        "Takes every item for the commonest material: no perception.",
    ),
    PolicyRow(
        "rule", "labels only, rejects the unsure (rule)", "rule", "labels_only", "ItemRule",
        "The student without a teacher; unsure items go to residue.", {"reject": True},
    ),
    PolicyRow(
        "teacher", "teacher", "teacher", "teacher", "ItemRule",
        "The teacher, with all its sensors on the belt.",
    ),
    PolicyRow(
        "labels_only", "student, labels only", "control", "labels_only", "ItemRule",
        "The student that learnt from labels alone.",
    ),
    PolicyRow(
        "distilled", "distilled student", "student", "distilled", "ItemRule",
        "The distilled student.",
    ),
    PolicyRow(
        "distilled_int8", "distilled student, INT8", "student", "distilled_int8", "ItemRule",
        "The distilled student as exported in INT8.",
    ),
)  # fmt: skip
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
        env="stillage_scenarios.sorting.env:SortingEnv",
        vector_env="stillage_scenarios.sorting.env:SortingVectorEnv",
    ),
    *policy_specs("sorting", f"{_PACKAGE}.policies", POLICIES),
    *kpi_specs("sorting", _PACKAGE, KPIS),
    SectionSpec(
        name="sorting-plant",
        scenario="sorting",
        summary="What the belt assumes: settings and materials with their sources.",
        factory="stillage_scenarios.sorting.section:section",
        order=80,
    ),
)
