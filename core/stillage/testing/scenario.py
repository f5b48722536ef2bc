"""The promises of scenarios: documented settings, parts that exist, a sound environment."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from stillage.plugin.host import get_host
from stillage.plugin.resolve import last_line, resolve
from stillage.plugin.settings import Setting, settings_of
from stillage.plugin.spec import KpiSpec, PolicySpec, ScenarioSpec, kind_of
from stillage.testing.results import Failed, Result, Unkept, demand, results_of


@dataclass(frozen=True)
class Staging:
    """A scenario and its spec."""

    spec: ScenarioSpec
    scenario: Any


def has_name(case: Staging) -> None:
    """The scenario's name is the registered one."""
    name = getattr(case.scenario, "name", None)
    demand(name == case.spec.name, f"{name!r}, registered is {case.spec.name!r}", "a renaming")


def _settings(case: Staging) -> list[Setting]:
    model = getattr(case.scenario, "Settings", None)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise Unkept(f"Settings is {model!r}; likely cause: no pydantic model in the class")
    return settings_of(model)


def settings_are_documented(case: Staging) -> None:
    """Every setting says what it is, its unit and its source."""
    for wanted in ("summary", "unit", "source"):
        found = _settings(case)
        lacking = [s.key for s in found if not getattr(s, wanted) and not _exempt(s, wanted)]
        demand(
            not lacking,
            f"no {wanted} of {', '.join(lacking)}",
            'Field(description=..., json_schema_extra={"unit": ..., "source": ...}) left out',
        )


def _exempt(setting: Setting, wanted: str) -> bool:
    return wanted == "unit" and setting.type not in ("int", "float")


def settings_have_defaults(case: Staging) -> None:
    """The settings' defaults make a valid scenario."""
    required = [setting.key for setting in _settings(case) if setting.required]
    demand(not required, f"no default of {', '.join(required)}", "a setting that must be given")
    case.scenario.Settings()


def modalities_exist(case: Staging) -> None:
    """Teacher and student modalities are declared in the spec."""
    used = {*case.scenario.teacher, *case.scenario.student}
    lacking = sorted(used - set(case.spec.modalities))
    demand(not lacking, f"{', '.join(lacking)} undeclared", "ScenarioSpec.modalities left behind")


def parts_resolve(case: Staging) -> None:
    """There are policies and KPIs of this scenario, and all can be imported."""
    host = get_host()
    kinds: tuple[type[PolicySpec | KpiSpec], ...] = (PolicySpec, KpiSpec)
    for kind in kinds:
        found = [spec for spec in host.specs(kind) if spec.scenario == case.spec.name]
        name = kind_of(kind)
        demand(bool(found), f"no {name}", f"register() without a {name} spec of this scenario")
        for spec in found:
            host.resolve(spec)


def env_passes_check_env(case: Staging) -> None:
    """The Gymnasium environment passes Gymnasium's own check_env."""
    if not case.spec.gym_id:
        return
    import gymnasium
    from gymnasium.utils.env_checker import check_env

    failed = get_host().setup_worker({"workers": "process"})
    reasons = "; ".join(f"{status.name}: {status.reason}" for status in failed)
    demand(
        case.spec.gym_id in gymnasium.registry,
        f"{case.spec.gym_id} is not registered ({reasons or 'all of worker_setup succeeded'})",
        "a spec without env, or a worker_setup() that registers another id",
    )
    env = gymnasium.make(case.spec.gym_id)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            check_env(env.unwrapped, skip_render_check=False)
    finally:
        env.close()
    complaints = [str(w.message) for w in caught if issubclass(w.category, UserWarning)]
    demand(not complaints, "; ".join(complaints), "what Gymnasium's warning says")


SCENARIO_CHECKS = (
    has_name,
    settings_are_documented,
    settings_have_defaults,
    modalities_exist,
    parts_resolve,
    env_passes_check_env,
)


def scenario_results(spec: ScenarioSpec) -> Iterator[Result]:
    """Give the result of every promise of a scenario."""
    try:
        scenario = resolve(spec.factory)()
    except Exception as error:
        yield Failed("the factory gives a scenario", f"raised {last_line(error)}")
        return
    yield from results_of(SCENARIO_CHECKS, Staging(spec, scenario))
