"""Make specs of a scenario's policies and KPIs from tables of their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from stillage.plugin.spec import KpiSpec, PolicySpec, Role


class PolicyRow(NamedTuple):
    """A row of a table of policies; see :class:`stillage.plugin.spec.PolicySpec`."""

    name: str
    label: str
    role: Role
    sees: str
    factory: str
    summary: str
    options: Mapping[str, Any] = MappingProxyType({})


Kpi = tuple[str, str, Literal["higher", "lower", "neither"], str]
"""Name, unit, direction that is better, and summary."""


def policy_specs(scenario: str, package: str, rows: Iterable[PolicyRow]) -> tuple[PolicySpec, ...]:
    """Make the specs of a scenario's policies; the factory of each lies in ``package``.

    >>> rows = [PolicyRow("oracle", "the oracle", "oracle", ":ideal", "All", "Knows all.")]
    >>> policy_specs("sorting", "plant", rows)[0].factory
    'plant:All'
    """
    return tuple(
        PolicySpec(
            name=row.name,
            scenario=scenario,
            label=row.label,
            role=row.role,
            sees=row.sees,
            factory=f"{package}:{row.factory}",
            options=dict(row.options),
            summary=row.summary,
        )
        for row in rows
    )


def kpi_specs(scenario: str, package: str, kpis: Iterable[Kpi]) -> tuple[KpiSpec, ...]:
    """Make the specs of a scenario's KPIs; each lies in ``package.kpis``.

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
