"""Specs of a scenario's policies and KPIs, from tables of their names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from stillage.plugin.spec import KpiSpec, PolicySpec

Kpi = tuple[str, str, Literal["higher", "lower", "neither"], str]
"""Name, unit, direction that is better, and summary."""


def policy_specs(
    scenario: str, package: str, policies: Iterable[tuple[str, str]]
) -> tuple[PolicySpec, ...]:
    """Policies of a scenario by name and summary; each lies in ``package.policies``.

    >>> policy_specs("sorting", "plant", [("oracle", "Knows all.")])[0].factory
    'plant.policies:oracle'
    """
    return tuple(
        PolicySpec(
            name=name, scenario=scenario, summary=summary, factory=f"{package}.policies:{name}"
        )
        for name, summary in policies
    )


def kpi_specs(scenario: str, package: str, kpis: Iterable[Kpi]) -> tuple[KpiSpec, ...]:
    """KPIs of a scenario; each lies in ``package.kpis``.

    >>> kpi_specs("sorting", "plant", [("energy_j", "J", "lower", "Joules.")])[0].factory
    'plant.kpis:energy_j'
    """
    return tuple(
        KpiSpec(
            name=name,
            scenario=scenario,
            unit=unit,
            better=better,
            summary=summary,
            factory=f"{package}.kpis:{name}",
        )
        for name, unit, better, summary in kpis
    )
