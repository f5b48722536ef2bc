"""Register the scenarios; nothing is imported before it is used."""

from __future__ import annotations

from collections.abc import Mapping

from stillage.plugin.hooks import hookimpl
from stillage.plugin.spec import ScenarioSpec, Spec
from stillage_scenarios.closed_loop import specs as closed_loop
from stillage_scenarios.sorting import specs as sorting


@hookimpl
def register() -> list[Spec]:
    """List the scenarios, their policies, KPIs and report sections."""
    return [*sorting.SPECS, *closed_loop.SPECS]


@hookimpl
def worker_setup(context: Mapping[str, str]) -> None:
    """Register every installed scenario's Gymnasium environments in a worker."""
    from stillage.plugin.host import get_host
    from stillage_scenarios.environments import register as register_environments

    register_environments(get_host().specs(ScenarioSpec))
