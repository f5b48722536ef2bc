"""What this plugin registers."""

from __future__ import annotations

from stillage.plugin import hookimpl
from stillage.plugin.spec import KpiSpec, Spec


@hookimpl
def register() -> list[Spec]:
    """Give the host every spec of this plugin."""
    return [
        KpiSpec(
            name="value_eur_t",
            scenario="sorting",
            unit="EUR/t",
            better="higher",
            summary="What buyers pay for the waste that left the belt.",
            factory="stillage_yield.kpis:value_eur_t",
        )
    ]
