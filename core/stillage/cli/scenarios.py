"""``stillage scenarios``: list scenarios, and the settings that ``-o`` can change."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click
from pydantic import BaseModel

from stillage.cli.console import emit, emit_json, table
from stillage.plugin.spec import KpiSpec, PolicySpec, ScenarioSpec

if TYPE_CHECKING:
    from stillage.plugin.host import Host
    from stillage.plugin.settings import Setting
    from stillage.plugin.spec import ScenarioSpec


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def scenarios(context: click.Context, as_json: bool) -> None:
    """List scenarios, or show every setting of one."""
    if context.invoked_subcommand is None:
        _list(as_json)


@scenarios.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(as_json: bool) -> None:
    """Every scenario with its modalities, policies and KPIs."""
    _list(as_json)


def _list(as_json: bool) -> None:
    from stillage.plugin.host import get_host

    host = get_host()
    found = [_describe(host, spec) for spec in host.specs(ScenarioSpec)]
    if as_json:
        emit_json(found)
        return
    rows = [(d["name"], ", ".join(d["modalities"]), d["summary"]) for d in found]
    table(("name", "modalities", "summary"), rows)


def _describe(host: Host, spec: ScenarioSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "summary": spec.summary,
        "modalities": list(spec.modalities),
        "gym_id": spec.gym_id,
        "policies": [policy.name for policy in host.scenario_specs(PolicySpec, spec.name)],
        "kpis": [
            {"name": kpi.name, "unit": kpi.unit, "better": kpi.better}
            for kpi in host.scenario_specs(KpiSpec, spec.name)
        ],
    }


@scenarios.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(name: str, as_json: bool) -> None:
    """Every key that -o takes for scenario NAME, with unit, default and source."""
    from stillage.plugin.host import get_host

    host = get_host()
    spec = host.spec(ScenarioSpec, name)
    keys = _scenario_keys(host, name)
    if as_json:
        described = {part: list(map(_plain, settings)) for part, settings in keys.items()}
        emit_json({**_describe(host, spec), "settings": described})
        return
    emit(f"{spec.name}: {spec.summary}")
    for part, settings in keys.items():
        emit("")
        emit(f"{part}:")
        rows = [(s.key, s.type, s.shown, s.unit, s.summary, s.source) for s in settings]
        table(("key", "type", "default", "unit", "what", "source"), rows)


def _plain(setting: Setting) -> dict[str, Any]:
    values = dataclasses.asdict(setting)
    values["default"] = None if setting.required else _json_default(setting.default)
    return values


def _json_default(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    plain = value is None or isinstance(value, (bool, int, float, str))
    return value if plain else [_json_default(v) for v in value]


def _scenario_keys(host: Host, name: str) -> dict[str, list[Setting]]:
    """List settings by part: the run's own, the distillation's, and the scenario's.

    Their defaults are those of a run that renders its own recording.
    """
    from stillage.plugin.settings import settings_of
    from stillage.rundir import RunConfig, RunOptions

    scenario = host.create(ScenarioSpec, name)
    policies = tuple(policy.name for policy in host.scenario_specs(PolicySpec, name))
    plan = RunConfig(scenario=name).distillation.model_copy(
        update={part: getattr(scenario, part) for part in ("teacher", "student", "tasks")}
    )
    options = RunOptions(policies=policies, **getattr(scenario, "usual", {}))
    return {
        "run": _sourced(settings_of(RunOptions, options)),
        "distillation": _sourced(settings_of(type(plan), plan)),
        "settings": settings_of(scenario.Settings),
    }


def _sourced(settings: list[Setting]) -> list[Setting]:
    """Fill in units and sources: a number without them is a pure number, and assumed."""
    return [
        dataclasses.replace(s, unit=s.unit or "1", source=s.source or "assumed")
        if isinstance(s.default, (int, float)) and not isinstance(s.default, bool)
        else s
        for s in settings
    ]
