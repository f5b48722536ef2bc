"""Complete a configuration from what a user asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillage.compute.placement import find_device
from stillage.distillation.arm_table import PERCEIVING
from stillage.distillation.plan import DistillPlan
from stillage.errors import BadInput
from stillage.perception.device import profile
from stillage.plugin.host import get_host
from stillage.plugin.overrides import checked, parse_overrides
from stillage.plugin.spec import PolicySpec, ScenarioSpec, TeacherSpec
from stillage.plugin.suggest import one_of
from stillage.rundir import RunConfig, RunOptions
from stillage.rundir.config import LABELS, SEEDS
from stillage_sim.policy.registered import outside as outside_policy
from stillage_sim.scenario import Scenario

if TYPE_CHECKING:
    from stillage.recording import Recording

SEED_STRIDE = 1000
"""Training seeds of run seed s start at 1000 s, so that runs of different seeds share none."""

Overrides = Mapping[str, Any] | Iterable[str]


def scenario_of(name: str) -> Scenario:
    """Create the scenario of that name.

    Raises
    ------
    BadInput
        If no plugin has it; names the nearest.
    """
    made = get_host().create(ScenarioSpec, name)
    if not isinstance(made, Scenario):
        raise BadInput(f"scenario {name!r}", type(made).__name__, "a stillage_sim Scenario")
    return made


def sections(scenario: Scenario) -> dict[str, type[Any]]:
    """Return the models whose keys ``-o`` takes, by section."""
    return {"run": RunOptions, "distillation": DistillPlan, "settings": scenario.Settings}


def parsed(scenario: Scenario, overrides: Overrides) -> dict[str, dict[str, Any]]:
    """Sort overrides by section; ``key=value`` strings are typed, a mapping's values are taken."""
    models = sections(scenario)
    if not isinstance(overrides, Mapping):
        return parse_overrides(overrides, models)
    found: dict[str, dict[str, Any]] = {name: {} for name in models}
    for key, value in overrides.items():
        owners = [name for name, model in models.items() if key in model.model_fields]
        if not owners:
            known = {k for model in models.values() for k in model.model_fields}
            raise BadInput("overrides", f"unknown key {key!r}", one_of(key, known))
        found[owners[0]][key] = value
    return found


def configure(
    scenario_or_file: str | Path,
    overrides: Overrides = (),
    *,
    seed: int | None = None,
    recording: str | Path | None = None,
    policies: Sequence[str] = (),
    bundles: Mapping[str, str] | None = None,
    outside: Mapping[str, str] | None = None,
    kind: str = "run",
) -> RunConfig:
    """Complete a configuration: every default is filled in, every name is checked.

    Parameters
    ----------
    scenario_or_file : str or path
        A scenario's name, or a configuration that a run saved (``*.toml``).
    overrides : mapping, or iterable of ``key=value``
        Keys of the run, its distillation plan or the scenario's settings.
    seed, recording, policies, bundles, outside, kind
        The same as keys, given apart; they win.

    Raises
    ------
    BadInput
        If a name, key or value is unknown or does not fit; nothing has been written then.
    """
    base = _base(scenario_or_file)
    scenario = scenario_of(str(base["scenario"]))
    given = parsed(scenario, overrides)
    run = {**base, **given["run"]}
    run |= {"kind": kind} if kind != "run" else {}
    run |= {"seed": seed} if seed is not None else {}
    run |= {"policies": tuple(policies)} if policies else {}
    run |= {"bundles": dict(bundles)} if bundles else {}
    run |= {"outside": dict(outside)} if outside else {}
    if recording is not None:
        run |= {"recording": str(recording), "fingerprint": ""}
    settings = checked(scenario.Settings, {**base.get("settings", {}), **given["settings"]}, "-o")
    scenario.check(settings)
    run["settings"] = settings.model_dump(mode="json")
    told = {**base.get("distillation", {}), **given["distillation"]}
    # A saved first training seed belongs to the seed that it was saved with.
    if run.get("seed") != base.get("seed") and "first_seed" not in given["distillation"]:
        told.pop("first_seed", None)
    config = checked(RunConfig, {**run, "distillation": {}}, "configuration")
    profile(config.profile)
    plan = _plan(scenario, config, told)
    if config.recording:
        plan, config = _with_recording(config, scenario, plan, told)
    plan = _check_parts(plan)
    plan = plan.model_copy(update={"device": find_device(plan.device, "-o device")})
    chosen = config.policies or default_policies(scenario.name)
    _check_policies(scenario, chosen, config)
    return config.model_copy(update={"distillation": plan, "policies": chosen})


def _base(scenario_or_file: str | Path) -> dict[str, Any]:
    path = Path(scenario_or_file)
    if path.suffix == ".toml" or path.is_file():
        return RunConfig.load(path).model_dump(mode="json")
    name = str(scenario_or_file)
    return {"scenario": name, **scenario_of(name).usual}


def _plan(scenario: Scenario, config: RunConfig, told: Mapping[str, Any]) -> DistillPlan:
    usual: dict[str, Any] = {
        "labels": LABELS,
        "seeds": SEEDS,
        "first_seed": config.seed * SEED_STRIDE % 2**31,
    }
    if not config.recording:
        usual |= {
            "teacher": scenario.teacher,
            "student": scenario.student,
            "tasks": scenario.tasks,
        }
    plan = checked(DistillPlan, {**usual, **told}, "distillation")
    if not config.recording:
        _check_names(scenario, plan)
    return plan


def _check_names(scenario: Scenario, plan: DistillPlan) -> None:
    """Check that a rendered recording's plan names the scenario's modalities and tasks only."""
    for option, chosen, known in (
        ("teacher", plan.teacher, (*scenario.teacher, *scenario.student)),
        ("student", plan.student, (*scenario.teacher, *scenario.student)),
        ("tasks", plan.tasks, scenario.tasks),
    ):
        for name in chosen:
            if name not in known:
                raise BadInput(f"-o {option}", repr(name), one_of(name, known))


def _check_parts(plan: DistillPlan) -> DistillPlan:
    """Return the plan with sizes and parts checked, before anything is written."""
    host = get_host()
    for size, modalities in ((plan.size, plan.student), (plan.teacher_size, plan.teacher)):
        for name in modalities if size else ():
            host.encoder(name, size)
    plan = plan.checked(host)
    kept = [spec.name for spec in host.specs(TeacherSpec) if spec.network]
    if plan.teacher_model.name not in kept:
        expected = f"a teacher that is kept on disk: {', '.join(kept)}"
        raise BadInput("-o teacher_model", repr(plan.teacher_model.name), expected)
    return plan


def _with_recording(
    config: RunConfig, scenario: Scenario, plan: DistillPlan, told: Mapping[str, Any]
) -> tuple[DistillPlan, RunConfig]:
    """Fill the plan with what the recording says, and the configuration with its fingerprint."""
    from stillage.recording import Recording

    with Recording.open(config.recording) as recording:
        settings = checked(scenario.Settings, config.settings, "settings")
        scenario.roles(recording, settings)
        if not told.get("tasks"):
            plan = plan.model_copy(update={"tasks": _tasks(recording, scenario)})
        for option in ("teacher", "student"):
            if not told.get(option) and not recording.defaults.get(option):
                usual = getattr(scenario, option)
                if all(name in recording.modalities for name in usual):
                    plan = plan.model_copy(update={option: usual})
        plan = plan.filled(recording)
        if config.fingerprint not in ("", recording.fingerprint):
            raise BadInput(
                config.recording,
                f"content {recording.fingerprint[:12]}",
                f"the recording that the configuration names ({config.fingerprint[:12]})",
            )
        path = str(Path(config.recording).resolve())
        found = {"recording": path, "fingerprint": recording.fingerprint}
    return plan, config.model_copy(update=found)


def _tasks(recording: Recording, scenario: Scenario) -> tuple[str, ...]:
    """List the recording's default task first, then those of the scenario that it has too."""
    first = recording.defaults.get("task")
    names = [first] if first else []
    names += [name for name in scenario.tasks if name in recording.targets]
    return tuple(dict.fromkeys(names))


def default_policies(scenario: str) -> tuple[str, ...]:
    """Name all policies that plugins have for a scenario."""
    return tuple(spec.name for spec in get_host().scenario_specs(PolicySpec, scenario))


def _check_policies(scenario: Scenario, names: Sequence[str], config: RunConfig) -> None:
    known = [*default_policies(scenario.name), *config.bundles, *config.outside]
    for name in names:
        if name not in known:
            other = "a bundle's folder, a saved policy's, module:attribute, or "
            if config.kind == "run":
                other = "a registered policy (`stillage evaluate` takes others): "
            raise BadInput("policy", repr(name), other + one_of(name, known))
    if len(set(names)) < len(names) or len(set(known)) < len(known):
        twice = sorted({name for name in known if known.count(name) > 1})
        raise BadInput("policies", ", ".join(twice or names), "each one once")
    sights = (*PERCEIVING, *config.bundles, *scenario.sights)
    for name, place in config.outside.items():
        sees = outside_policy(place).sees
        if sees not in sights:
            raise BadInput(f"policy {name!r}", f"sees {sees!r}", one_of(sees, sights))
