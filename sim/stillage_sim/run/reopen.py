"""Reopen the world of a finished run: in a notebook, or as an environment."""

from __future__ import annotations

from pathlib import Path

from stillage.errors import BadInput
from stillage.plugin.overrides import checked
from stillage.rundir import RunDir
from stillage_sim.run import casting
from stillage_sim.run.configure import scenario_of
from stillage_sim.run.context import Context
from stillage_sim.scenario import World


def world_of(folder: Path | str) -> World:
    """Make the world that the run in ``folder`` simulated anew from its stages; only read them.

    Raises
    ------
    BadInput
        If there is no finished run, or its recording is gone.
    """
    from stillage.distillation import SeedResult, seed_folder
    from stillage.recording import Recording

    run = RunDir.open(folder)
    if not run.finished:
        raise BadInput(folder, "an unfinished run", f"a finished one (`{run.resume_command}`)")
    context = Context(run, scenario_of(run.config.scenario))
    config, scenario = context.config, context.scenario
    rendered = run.stage_folder("record") / "recording.h5"
    trained = run.stage_folder("distill")
    seeds = config.distillation.seed_numbers if context.models else ()
    results = tuple(SeedResult.load(seed_folder(trained, seed)) for seed in seeds)
    settings = checked(scenario.Settings, config.settings, "settings")
    with Recording.open(config.recording or rendered) as recording:
        cast = casting.build_cast(context, recording, results, settings)
        return scenario.world(settings, cast, context.outside)
